package tui

import (
	"math"

	"tailscope/stats"
)

// timeGrid maps the bins of the timeline to columns. A column stands for a
// whole number of bins that begins at a multiple of that number on the clock
// (or a bin for several columns), so that a new bin only changes the last
// column: a plot that is rescaled with every sample shimmers, and costs.
type timeGrid struct {
	n     int // bins
	per   int // bins a column
	rep   int // columns a bin, 1 unless bins are few
	shift int // bins missing before the first in the first column
}

func newTimeGrid(bins []stats.TimeBin, binNs int64, cols int) timeGrid {
	g := timeGrid{n: len(bins), per: 1, rep: 1}
	if g.n == 0 || cols < 1 {
		return g
	}
	if g.n <= cols {
		g.rep = cols / g.n
		return g
	}
	first := int64(0)
	if binNs > 0 {
		first = bins[0].TNs / binNs
	}
	for g.per = (g.n + cols - 1) / cols; ; g.per++ {
		g.shift = int(((first % int64(g.per)) + int64(g.per)) % int64(g.per))
		if g.used() <= cols {
			return g
		}
	}
}

// used is how many columns the bins fill.
func (g timeGrid) used() int { return (g.n + g.shift + g.per - 1) / g.per * g.rep }

// col is the first column of bin i.
func (g timeGrid) col(i int) int { return (i + g.shift) / g.per * g.rep }

// bins is the stretch [lo, hi) of bins of column c.
func (g timeGrid) bins(c int) (lo, hi int) {
	lo = c/g.rep*g.per - g.shift
	return max(lo, 0), min(lo+g.per, g.n)
}

// pool is the largest finite value of each column, NaN where there is none: a
// spike never disappears, however many bins share a column.
func (g timeGrid) pool(v []float64, cols int) []float64 {
	out := make([]float64, cols)
	for c := range out {
		out[c] = math.NaN()
		if lo, hi := g.bins(c); c < g.used() && lo < hi {
			out[c] = maxOf(v[lo:hi]...)
		}
	}
	return out
}
