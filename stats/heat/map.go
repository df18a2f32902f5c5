package heat

import (
	"github.com/tailscope/tailscope/stats"
)

// The map keeps several levels of columns: the finest 50 ms wide, each other
// four times as wide as the one below.
const (
	BinNs     = int64(50e6) // width of a column of level 0
	Fold      = 4           // columns of a level that make one of the next
	NumLevels = 7           // the last has columns of 205 s
	kept      = 2400        // closed columns a level keeps at least
	farAhead  = 10_000_000  // columns: an instant 6 days ahead is none
	openCols  = 64          // of level 0: what comes this late still goes where it belongs
)

// Map takes in one mode's samples and everybody's events. One goroutine owns
// it. The zero value is empty.
type Map struct {
	used   bool
	open   [openCols]*Column // of level 0, ring by number; nil: empty
	newest int64             // number of the newest open column
	levels [NumLevels]level
	ver    uint64
}

// level holds the closed columns [first, first+len(cols)) and the one that
// closed columns of the level below are being folded into.
type level struct {
	first   int64
	cols    []*Column // append only: views share it
	partial *Column
}

// Add takes in a sample that the collector has seen.
func (m *Map) Add(s *stats.Sample) {
	if !s.Counts() || int(s.Lane) >= stats.NumLanes {
		return
	}
	if c := m.at(s.StartNs + s.WallNs); c != nil {
		c.add(s.Lane, Cell{Row: uint8(RowOf(float64(s.WallNs))), Class: ClassOf(s), N: 1}, s.WallNs)
	}
}

// AddEvent takes in an event; spikes stand in the map themselves.
func (m *Map) AddEvent(e *stats.Event) {
	switch e.Kind {
	case stats.KindSpike, stats.KindLoaded, stats.KindRoute, stats.KindColdStart:
		return
	}
	if e.Extra["refused"] != nil { // of a provider: nothing happened then
		return
	}
	if c := m.at(e.TNs); c != nil {
		c.tick(e.Kind, 1)
	}
}

// AddGPU takes in readings of the device; NaN is none.
func (m *Map) AddGPU(tNs int64, clockMHz, powerWatts float64) {
	if c := m.at(tNs); c != nil {
		c.GPU.ClockMHz.add(Reading{clockMHz, 1})
		c.GPU.PowerWatts.add(Reading{powerWatts, 1})
	}
}

// at is the open column of an instant. What is older than all of them goes to
// the oldest: it counts, 3 s late.
func (m *Map) at(tNs int64) *Column {
	if tNs < 0 {
		return nil
	}
	no := tNs / BinNs
	if !m.used {
		m.used, m.newest = true, no
		for i, w := 0, int64(1); i < NumLevels; i, w = i+1, w*Fold {
			m.levels[i].first = max(no-openCols+1, 0) / w
		}
	}
	if no-m.newest > farAhead {
		return nil
	}
	for m.newest < no {
		m.newest++
		m.close(m.newest - openCols)
	}
	no = max(no, m.newest-openCols+1)
	m.ver++
	p := &m.open[no%openCols]
	if *p == nil {
		*p = &Column{}
	}
	return *p
}

// close moves column no of level 0 out of the open ones.
func (m *Map) close(no int64) {
	if no < 0 {
		return
	}
	p := &m.open[no%openCols]
	c := *p
	*p = nil
	m.push(0, no, c)
}

// push appends column no to a level and folds it into the next.
func (m *Map) push(i int, no int64, c *Column) {
	l := &m.levels[i]
	if l.cols = append(l.cols, c); len(l.cols) > 2*kept {
		cut := len(l.cols) - kept
		l.first, l.cols = l.first+int64(cut), append(make([]*Column, 0, 2*kept+1), l.cols[cut:]...)
	}
	if i+1 == NumLevels {
		return
	}
	up := &m.levels[i+1]
	if c != nil {
		if up.partial == nil {
			up.partial = &Column{}
		}
		up.partial.Merge(c)
	}
	if no%Fold == Fold-1 {
		done := up.partial
		up.partial = nil
		m.push(i+1, no/Fold, done)
	}
}

// View is the map as it is now. It shares closed columns with the map and
// copies the open ones: nothing in it changes.
type View struct {
	Ver    uint64 // differs when the map does
	Levels [NumLevels]Level
}

// Level is one width of columns: closed ones, then those that may still grow.
type Level struct {
	BinNs  int64
	First  int64     // number of the first column; column n covers [n, n+1) × BinNs
	Closed []*Column // nil where nothing happened
	Open   []*Column
}

// End is the number behind the last column.
func (l *Level) End() int64 { return l.First + int64(len(l.Closed)+len(l.Open)) }

// At is column number no, nil where nothing happened or is kept; open tells
// that it may still grow.
func (l *Level) At(no int64) (c *Column, open bool) {
	i := no - l.First
	switch n := int64(len(l.Closed)); {
	case i < 0:
		return nil, false
	case i < n:
		return l.Closed[i], false
	case i < n+int64(len(l.Open)):
		return l.Open[i-n], true
	}
	return nil, true
}

// View copies what may still change.
func (m *Map) View() View {
	v := View{Ver: m.ver}
	if !m.used {
		return v
	}
	var below []*Column // the columns of the level below that are in none of this level's closed ones
	from := int64(0)    // number of the first of them
	bin := BinNs
	for i := range m.levels {
		l := &m.levels[i]
		out := Level{BinNs: bin, First: l.first, Closed: l.cols[:len(l.cols):len(l.cols)]}
		next := l.first + int64(len(l.cols))
		if i == 0 {
			next = max(m.newest-openCols+1, 0)
			for no := next; no <= m.newest; no++ {
				var c *Column
				if p := m.open[no%openCols]; p != nil {
					c = p.clone()
				}
				out.Open = append(out.Open, c)
			}
			if len(l.cols) == 0 {
				out.First = next
			}
		} else {
			out.Open = foldOpen(l.partial, below, from, next)
		}
		v.Levels[i] = out
		below, from, bin = out.Open, next, bin*Fold
	}
	return v
}

// foldOpen makes a level's open columns, from number next on, of those of the
// level below and of what has been folded already.
func foldOpen(partial *Column, below []*Column, from, next int64) []*Column {
	var out []*Column
	put := func(no int64, c *Column) {
		if c == nil {
			return
		}
		for int64(len(out)) <= no-next {
			out = append(out, nil)
		}
		if p := out[no-next]; p == nil {
			out[no-next] = c.clone()
		} else {
			p.Merge(c)
		}
	}
	put(next, partial)
	for i, c := range below {
		put(max((from+int64(i))/Fold, next), c)
	}
	return out
}

// Histogram counts one lane's samples over all that is kept.
func (v *View) Histogram(lane stats.Lane) (h stats.Histogram) {
	l := &v.Levels[NumLevels-1]
	var all, tagged [NumRows]uint64
	lo, hi := NumRows, -1
	for no := l.First; no < l.End(); no++ {
		c, _ := l.At(no)
		if c == nil {
			continue
		}
		for _, x := range c.Lanes[lane&1] {
			r := int(x.Row)
			all[r] += uint64(x.N)
			if x.Class.Tagged() {
				tagged[r] += uint64(x.N)
			}
			lo, hi = min(lo, r), max(hi, r)
		}
	}
	if hi < 0 {
		return h
	}
	return stats.Histogram{LoNs: RowNs(lo), Ratio: rowRatio, Counts: all[lo : hi+1], Tagged: tagged[lo : hi+1]}
}
