package timeline

import (
	"slices"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/tui/draw"
)

// heatStep is a width of one column of the screen: num/den columns of a level
// of the map.
type heatStep struct {
	level    int
	num, den int64
}

// ns is the width of a column in time.
func (s heatStep) ns() int64 { return s.bin() * s.num / s.den }

func (s heatStep) bin() int64 {
	b := heat.BinNs
	for range s.level {
		b *= heat.Fold
	}
	return b
}

// heatSteps are the widths to choose from, a quarter apart or so: 12.5 ms to
// half an hour.
var heatSteps = func() []heatStep {
	out := []heatStep{{0, 1, 4}, {0, 1, 3}, {0, 1, 2}, {0, 1, 1}, {0, 2, 1}, {0, 3, 1}}
	for l := range heat.NumLevels {
		for _, m := range []int64{4, 5, 6, 7, 8, 10, 12, 14} {
			out = append(out, heatStep{l, m, 1})
		}
	}
	return out
}()

// fitStep is the first step at which span takes at most cols columns.
func fitStep(spanNs int64, cols int) int {
	i := slices.IndexFunc(heatSteps, func(s heatStep) bool { return spanNs <= s.ns()*int64(cols-1) })
	if i < 0 {
		return len(heatSteps) - 1
	}
	return i
}

// timeAxis maps time to columns: column c covers [left+c, left+c+1) × step.
type timeAxis struct {
	heatStep
	left int64
	cols int
}

func (a timeAxis) start(c int) int64 { return (a.left + int64(c)) * a.bin() * a.num / a.den }

// col is the column of an instant, which may lie off the screen.
func (a timeAxis) col(tNs int64) int { return int(draw.FloorDiv(tNs*a.den, a.bin()*a.num) - a.left) }

// bins are the columns [lo, hi) of the level that column c shows.
func (a timeAxis) bins(c int) (lo, hi int64) {
	at := a.left + int64(c)
	lo = draw.FloorDiv(at*a.num, a.den)
	return lo, max(draw.FloorDiv((at+1)*a.num, a.den), lo+1)
}

// heatSpan is the first and last instant that a view's map may have.
func heatSpan(v *view.View) (from, to int64) {
	for i := range v.Heat.Levels {
		l := &v.Heat.Levels[i]
		if l.End() == l.First {
			continue
		}
		if i == 0 {
			to = l.End() * l.BinNs
		}
		if t := l.First * l.BinNs; i == 0 || t < from {
			from = t // a coarser level reaches back farther
		}
	}
	return max(from, v.StartNs), to
}
