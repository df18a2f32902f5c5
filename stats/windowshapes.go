package stats

import (
	"math"
	"slices"
)

// shapeWin is one lane's latencies in one shape, as far as the window holds them.
type shapeWin struct {
	n   int
	h   hist
	raw []int64 // of the view in hand, while fewer than exactBelow
}

// shapeOf is where a sample's shape is counted; the row "more" has number −1.
func (w *window) shapeOf(e *winSample) *shapeWin {
	for int(e.shape)+1 >= len(w.shapes) {
		w.shapes = append(w.shapes, new([NumLanes]shapeWin))
	}
	return &w.shapes[e.shape+1][e.lane()]
}

// gatherShapes collects the raw values of shapes with few samples.
func (w *window) gatherShapes() {
	for _, s := range w.shapes {
		s[Eager].raw, s[Optimized].raw = s[Eager].raw[:0], s[Optimized].raw[:0]
	}
	for i := range w.n {
		e := w.at(i)
		if s := w.shapeOf(e); s.n < exactBelow {
			s.raw = append(s.raw, e.wall)
		}
	}
}

// shapeView describes a shape in the window, as of the last gatherShapes.
func (w *window) shapeView(id int32) (out [NumLanes]ShapeQuantiles) {
	for l := range out {
		out[l].P50, out[l].P99 = ExactQuantile(nil, .5), ExactQuantile(nil, .99)
		if int(id)+1 >= len(w.shapes) || w.shapes[id+1][l].n == 0 {
			continue
		}
		s := &w.shapes[id+1][l]
		out[l].N = s.n
		if s.n < exactBelow {
			slices.Sort(s.raw)
			out[l].P50, out[l].P99 = ExactQuantile(s.raw, .5), ExactQuantile(s.raw, .99)
			continue
		}
		out[l].P50, out[l].P99 = histInterval(&s.h, .5, 0, math.MaxInt64), histInterval(&s.h, .99, 0, math.MaxInt64)
	}
	return out
}
