package draw

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

// TimeGrid maps the bins of the timeline to columns. A column stands for p/q
// bins (for part of one while bins are few) and begins at a multiple of that
// on the clock, so that a new bin only changes the last column: a plot that is
// rescaled with every sample shimmers, and costs. The steps of p/q are a
// quarter apart at most, so the bins fill four fifths of the columns or more.
type TimeGrid struct {
	n     int   // bins
	p, q  int64 // a column is p/q bins
	first int64 // number of the first bin, counted from 0 on the clock
	left  int64 // number of the first column, counted alike
}

func NewTimeGrid(bins []stats.TimeBin, binNs int64, cols int) TimeGrid {
	g := TimeGrid{n: len(bins), p: 1, q: 1}
	if g.n == 0 || cols < 1 {
		return g
	}
	if binNs > 0 {
		g.first = FloorDiv(bins[0].TNs, binNs)
	}
	for step := int64(0); ; step++ { // from a bin a column on to more
		if g.set(quarters(step), 4); g.Used() <= cols {
			break
		}
	}
	for step := int64(1); g.p <= g.q && step < 64; step++ { // or on to less
		was := g
		if g.set(4, quarters(step)); g.Used() > cols {
			return was
		}
	}
	return g
}

// quarters is 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 …
func quarters(step int64) int64 { return (4 + step%4) << (step / 4) }

func (g *TimeGrid) set(p, q int64) {
	g.p, g.q, g.left = p, q, 0
	g.left = g.column(g.first)
}

// column is the first column of the bin with a number.
func (g TimeGrid) column(bin int64) int64 {
	if g.p >= g.q {
		return FloorDiv(bin*g.q, g.p) - g.left
	}
	return -FloorDiv(-bin*g.q, g.p) - g.left
}

// Used is how many columns the bins fill.
func (g TimeGrid) Used() int {
	switch {
	case g.n == 0:
		return 0
	case g.p >= g.q:
		return g.Col(g.n-1) + 1
	}
	return g.Col(g.n)
}

// Col is the first column of bin i.
func (g TimeGrid) Col(i int) int { return int(g.column(g.first + int64(i))) }

// Bins is the stretch [lo, hi) of bins of column c.
func (g TimeGrid) Bins(c int) (lo, hi int) {
	at := int64(c) + g.left
	from, to := FloorDiv(at*g.p, g.q), FloorDiv(at*g.p, g.q)+1
	if g.p >= g.q {
		from, to = -FloorDiv(-at*g.p, g.q), -FloorDiv(-(at+1)*g.p, g.q)
	}
	return max(int(from-g.first), 0), min(int(to-g.first), g.n)
}

// Per is the number of bins a column shows the largest of.
func (g TimeGrid) Per() float64 { return max(float64(g.p)/float64(g.q), 1) }

// Pool is the largest finite value of each column, NaN where there is none: a
// spike never disappears, however many bins share a column.
func (g TimeGrid) Pool(v []float64, cols int) []float64 {
	out := make([]float64, cols)
	for c := range out {
		out[c] = math.NaN()
		if lo, hi := g.Bins(c); c < g.Used() && lo < hi {
			out[c] = MaxOf(v[lo:hi]...)
		}
	}
	return out
}

// FloorDiv is a/b rounded down.
func FloorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}
