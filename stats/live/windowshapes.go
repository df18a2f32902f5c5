package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// shapeWin is one lane's latencies in one shape, as far as the window holds them.
type shapeWin struct {
	n   int
	h   quantile.Hist
	raw []int64 // of the view in hand, while fewer than ExactBelow
}

// shapeOf is where a sample's shape is counted; the row "more" has number −1.
func (w *window) shapeOf(e *winSample) *shapeWin {
	for int(e.shape)+1 >= len(w.shapes) {
		w.shapes = append(w.shapes, new([stats.NumLanes]shapeWin))
	}
	return &w.shapes[e.shape+1][e.lane()]
}

// shapeView describes a shape in the window, as of the last gather.
func (w *window) shapeView(id int32, spread [stats.NumLanes]quantile.Spread) (out [stats.NumLanes]stats.ShapeQuantiles) {
	for l := range out {
		out[l].P50, out[l].P99 = quantile.Exact(nil, .5), quantile.Exact(nil, .99)
		if int(id)+1 >= len(w.shapes) || w.shapes[id+1][l].n == 0 {
			continue
		}
		s := &w.shapes[id+1][l]
		out[l].N = s.n
		if s.n < quantile.ExactBelow {
			quantile.SortInts(s.raw)
			out[l].P50, out[l].P99 = quantile.ExactWith(s.raw, .5, spread[l].At(.5)), quantile.ExactWith(s.raw, .99, spread[l].At(.99))
			continue
		}
		out[l].P50, out[l].P99 = quantile.IntervalOfHist(&s.h, .5, spread[l].At(.5), 0, math.MaxInt64), quantile.IntervalOfHist(&s.h, .99, spread[l].At(.99), 0, math.MaxInt64)
	}
	return out
}
