package heat

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// Class is what a sample's latency is due to, as far as a colour can tell.
type Class uint8

// The classes, the more telling ones last.
const (
	Clean       Class = iota
	First             // first run of a shape
	Fallback          // something else than was asked for ran, or the GPU was slowed down
	Host              // it waited for a core, or tailscope disturbed it
	Capture           // a graph was captured
	Compile           // an executable was made
	Unexplained       // in the tail, and nobody knows why
	NumClasses
)

// Tagged reports whether samples of the class have an event attached: they are
// what hiding tagged samples leaves out.
func (c Class) Tagged() bool { return c == First || c == Fallback || c == Capture || c == Compile }

// String is what a legend calls the class.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "?"
}

var classNames = [NumClasses]string{"clean", "new shape", "fallback or clock", "host", "capture", "compile", "unexplained"}

// ClassOf is the class of a sample whose flags and cause are set.
func ClassOf(s *stats.Sample) Class {
	switch {
	case s.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0:
		return Compile
	case s.Flags&stats.FlagCapture != 0:
		return Capture
	case s.Flags&stats.FlagShapeNew != 0:
		return First
	case s.Flags&stats.FlagFallback != 0:
		return Fallback
	}
	switch s.Cause {
	case stats.CauseHost, stats.CauseTool:
		return Host
	case stats.CauseGPU:
		return Fallback
	case stats.CauseUnexplained:
		return Unexplained
	}
	return Clean
}

// Rows are logarithmic: row r holds latencies from rowLo·rowRatio^r on, which
// takes 1 µs to 10 hours into a byte.
const (
	rowLo    = 1e3 // ns
	rowRatio = 1.1
	NumRows  = 256
)

var logRatio = math.Log(rowRatio)

// RowOf is the row of a latency in ns.
func RowOf(ns float64) int {
	if !(ns > rowLo) {
		return 0
	}
	// the bits of a float64 are its logarithm to base 2, at most 0.09 too small: less than a row
	r := int(float64(int64(math.Float64bits(ns)-math.Float64bits(rowLo))) * rowsPerBit)
	r = max(0, min(r-1, NumRows-1))
	for r < NumRows-1 && ns >= edges[r+1] {
		r++
	}
	return r
}

var (
	rowsPerBit = math.Ln2 / logRatio / (1 << 52)
	edges      = func() (e [NumRows + 1]float64) {
		for i := range e {
			e[i] = rowLo * math.Exp(float64(i)*logRatio)
		}
		return e
	}()
)

// RowNs is the lower edge of a row in ns; RowNs(r+1) is its upper one.
func RowNs(row int) float64 { return edges[max(0, min(row, NumRows))] }

// Cell counts the samples of one row and class.
type Cell struct {
	Row   uint8
	Class Class
	N     uint32
}

func (c Cell) key() int { return int(c.Row)<<8 | int(c.Class) }

// Tick counts the events of one kind.
type Tick struct {
	Kind stats.Kind
	N    uint32
}

// Column is what happened in one stretch of time. Once it is in a View it never
// changes.
type Column struct {
	Lanes [stats.NumLanes][]Cell // by row and class
	MaxNs [stats.NumLanes]int64  // of the slowest sample, 0 where there is none
	Ticks []Tick
	GPU   Readings
}

// Readings of the device in a column.
type Readings struct{ ClockMHz, PowerWatts Reading }

// Reading is a mean over a column; N is 0 where there was none.
type Reading struct {
	Mean float64
	N    int
}

func (c *Column) add(l stats.Lane, cell Cell, ns int64) {
	cells := c.Lanes[l]
	i := len(cells)
	for i > 0 && cells[i-1].key() >= cell.key() {
		i--
	}
	if i < len(cells) && cells[i].key() == cell.key() {
		cells[i].N += cell.N
	} else {
		c.Lanes[l] = slices.Insert(cells, i, cell)
	}
	c.MaxNs[l] = max(c.MaxNs[l], ns)
}

func (c *Column) tick(k stats.Kind, n uint32) {
	for i := range c.Ticks {
		if c.Ticks[i].Kind == k {
			c.Ticks[i].N += n
			return
		}
	}
	c.Ticks = append(c.Ticks, Tick{k, n})
}

func (r *Reading) add(o Reading) {
	if o.N > 0 && !math.IsNaN(o.Mean) {
		r.N += o.N
		r.Mean += (o.Mean - r.Mean) * float64(o.N) / float64(r.N)
	}
}

// Merge adds all of o.
func (c *Column) Merge(o *Column) {
	if o == nil {
		return
	}
	for l := range o.Lanes {
		c.Lanes[l] = union(c.Lanes[l], o.Lanes[l])
		c.MaxNs[l] = max(c.MaxNs[l], o.MaxNs[l])
	}
	for _, t := range o.Ticks {
		c.tick(t.Kind, t.N)
	}
	c.GPU.ClockMHz.add(o.GPU.ClockMHz)
	c.GPU.PowerWatts.add(o.GPU.PowerWatts)
}

// union is both lists in one, in new memory.
func union(a, b []Cell) []Cell {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := make([]Cell, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch x, y := a[0], b[0]; {
		case x.key() < y.key():
			out, a = append(out, x), a[1:]
		case x.key() > y.key():
			out, b = append(out, y), b[1:]
		default:
			x.N += y.N
			out, a, b = append(out, x), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// clone is a copy that shares nothing.
func (c *Column) clone() *Column {
	out := *c
	for l := range out.Lanes {
		out.Lanes[l] = slices.Clone(c.Lanes[l])
	}
	out.Ticks = slices.Clone(c.Ticks)
	return &out
}
