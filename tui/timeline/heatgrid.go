package timeline

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

// heatGrid is the map in the columns of the screen. Columns that can no longer
// grow are kept from frame to frame.
type heatGrid struct {
	cols map[int64]*heatCol // by number on the axis
	of   heatKey
}

// heatKey is what kept columns depend on.
type heatKey struct {
	step  heatStep
	hide  bool
	mode  stats.Mode
	start int64
}

// heatCol is one column of the screen: counts by row and class, and what
// happened.
type heatCol struct {
	heat.Column
	open    bool
	spots   [stats.NumLanes][]spot
	spotsOf [stats.NumLanes]*bandAxis // what spots were made for
}

// column gathers column c of the axis.
func (g *heatGrid) column(v *heat.View, a timeAxis, c int, hide bool) *heatCol {
	no := a.left + int64(c)
	if x := g.cols[no]; x != nil && !x.open {
		return x
	}
	x := &heatCol{}
	l := &v.Levels[a.level]
	lo, hi := a.bins(c)
	for b := lo; b < hi; b++ {
		from, open := l.At(b)
		if x.open = x.open || open; from != nil {
			x.Merge(from)
		}
	}
	if hide {
		x.untag()
	}
	g.cols[no] = x
	return x
}

// untag drops the samples that have an event attached.
func (x *heatCol) untag() {
	for l, cells := range x.Lanes {
		x.Lanes[l] = slices.DeleteFunc(slices.Clone(cells), func(c heat.Cell) bool { return c.Class.Tagged() })
	}
}

// fill gathers every column of the axis.
func (g *heatGrid) fill(v *heat.View, a timeAxis, key heatKey) []*heatCol {
	if g.cols == nil || g.of != key || len(g.cols) > 4*a.cols+64 {
		g.cols, g.of = map[int64]*heatCol{}, key
	}
	out := make([]*heatCol, a.cols)
	for c := range out {
		out[c] = g.column(v, a, c, key.hide)
	}
	return out
}

// heatRange is the first and last row that any sample is in; ok is false
// without samples.
func heatRange(cols []*heatCol) (lo, hi int, ok bool) {
	lo, hi = heat.NumRows, -1
	for _, c := range cols {
		for _, cells := range c.Lanes {
			if n := len(cells); n > 0 {
				lo, hi = min(lo, int(cells[0].Row)), max(hi, int(cells[n-1].Row))
			}
		}
	}
	return lo, hi, hi >= 0
}

// band is a lane's picture: pixels by half row from the top, and columns.
type band struct {
	px       [][]draw.Pixel
	p50, p99 []float64 // by column, NaN where not supported
}

// spot is what a pixel shows: the telling class, and how many samples.
type spot struct {
	class heat.Class
	n     uint32
}

// pixels are the spots of a column in h half rows of an axis. Those of a column
// that can no longer grow are kept with it.
func (x *heatCol) pixels(l stats.Lane, a *bandAxis, h int) []spot {
	if x.spotsOf[l] == a && len(x.spots[l]) == h {
		return x.spots[l]
	}
	var sums [2 * maxBandRows][heat.NumClasses]uint32
	for _, cell := range x.Lanes[l] {
		sums[a.rowAt[cell.Row]][cell.Class] += cell.N
	}
	out := x.spots[l]
	if len(out) != h {
		out = make([]spot, h)
	}
	for y := range out {
		c, n := telling(&sums[y])
		out[y] = spot{c, n}
	}
	x.spots[l], x.spotsOf[l] = out, a
	return out
}

// maxBandRows bounds the height of a band in cells.
const maxBandRows = 100

// bandAxis is an axis with the pixel of each row of the map worked out.
type bandAxis struct {
	draw.Axis
	rows  int
	rowAt [heat.NumRows]int
}

func newBandAxis(a draw.Axis, rows int) *bandAxis {
	return &bandAxis{Axis: a, rows: rows, rowAt: pixelRows(a, 2*rows)}
}

func bandOf(cols []*heatCol, l stats.Lane, a *bandAxis) *band {
	h := 2 * a.rows
	b := &band{px: make([][]draw.Pixel, h), p50: make([]float64, len(cols)), p99: make([]float64, len(cols))}
	cells := make([]draw.Pixel, h*len(cols))
	for y := range b.px {
		b.px[y] = cells[y*len(cols) : (y+1)*len(cols)]
	}
	top := uint32(0)
	for _, c := range cols {
		for _, s := range c.pixels(l, a, h) {
			top = max(top, s.n)
		}
	}
	levels := newHeatLevels(top)
	for x, c := range cols {
		for y, s := range c.spots[l] {
			if s.n == 0 {
				continue
			}
			lv := levels.of(s.n)
			if s.class != heat.Clean {
				lv = max(lv, 4) // one among a million is seen
			}
			b.px[y][x] = draw.Pixel{Hue: uint8(draw.HueOf(s.class, l)), Level: lv}
		}
	}
	rolling(cols, l, .5, b.p50)
	rolling(cols, l, .99, b.p99)
	return b
}

// heatLevels turns counts into levels: equal ratios into equal steps.
type heatLevels struct{ from [draw.HeatLevels]uint32 }

func newHeatLevels(top uint32) (l heatLevels) {
	for i := range l.from {
		l.from[i] = uint32(math.Ceil(math.Expm1(math.Log1p(float64(top)) * float64(i) / draw.HeatLevels)))
	}
	return l
}

func (l *heatLevels) of(n uint32) uint8 {
	i := draw.HeatLevels
	for i > 1 && n < l.from[i-1] {
		i--
	}
	return uint8(i)
}

// telling is the class that a pixel shows, and the count that makes it bright:
// what is not clean shows unless it is few among many.
func telling(n *[heat.NumClasses]uint32) (heat.Class, uint32) {
	best, total := heat.Clean, uint32(0)
	for c, k := range n {
		total += k
		if c > 0 && k > 0 && (best == heat.Clean || k >= n[best]) {
			best = heat.Class(c)
		}
	}
	if best != heat.Clean && n[best] < n[heat.Clean]/16 {
		best = heat.Clean
	}
	return best, total
}

// pixelRows maps rows of the map to pixels from the top.
func pixelRows(a draw.Axis, h int) (out [heat.NumRows]int) {
	for r := range out {
		mid := math.Sqrt(heat.RowNs(r) * heat.RowNs(r+1))
		out[r] = max(0, min(h-1, int((1-a.At(mid))*float64(h))))
	}
	return out
}

// rolling writes the quantile q of as many of the latest columns as it needs,
// never across a toggle; NaN where there are too few, or the column is empty.
func rolling(cols []*heatCol, l stats.Lane, q float64, out []float64) {
	var hist [heat.NumRows]int
	n, from := 0, 0
	need := quantile.Need(q)
	for x, c := range cols {
		if c.toggled() {
			clear(hist[:])
			n, from = 0, x
		}
		out[x] = panels.Nan
		mine := count(&hist, c, l, 1)
		n += mine
		for from < x {
			k := samplesOf(cols[from], l)
			if n-k < need {
				break
			}
			count(&hist, cols[from], l, -1)
			n, from = n-k, from+1
		}
		if n >= need && mine > 0 {
			out[x] = rowQuantile(&hist, n, q)
		}
	}
}

func (x *heatCol) toggled() bool {
	return slices.ContainsFunc(x.Ticks, func(t heat.Tick) bool { return t.Kind == stats.KindToggle || t.Kind == stats.KindSegment })
}

func samplesOf(c *heatCol, l stats.Lane) (n int) {
	for _, cell := range c.Lanes[l] {
		n += int(cell.N)
	}
	return n
}

func count(hist *[heat.NumRows]int, c *heatCol, l stats.Lane, sign int) (n int) {
	for _, cell := range c.Lanes[l] {
		hist[cell.Row] += sign * int(cell.N)
		n += int(cell.N)
	}
	return n
}

func rowQuantile(hist *[heat.NumRows]int, n int, q float64) float64 {
	at := 0
	for r, k := range hist {
		if at += k; float64(at) >= q*float64(n) {
			return math.Sqrt(heat.RowNs(r) * heat.RowNs(r+1))
		}
	}
	return panels.Nan
}
