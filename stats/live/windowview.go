package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// gather merges the scenarios into lanes and collects, in one pass, the raw
// values of every group that is small.
func (w *window) gather() {
	w.count()
	for l := range w.lanes {
		w.lanes[l].reset()
	}
	for i := range w.scen {
		for l := range w.lanes {
			w.scen[i][l].raw.reset()
			w.lanes[l].merge(&w.scen[i][l])
		}
	}
	for _, s := range w.shapes {
		for l := range s {
			s[l].raw = s[l].raw[:0]
		}
	}
	for i := range w.n {
		e, dev := w.at(i), w.devAt(i)
		w.lanes[e.lane()].keep(e.wall, dev)
		w.scen[e.scen()][e.lane()].keep(e.wall, dev)
		if s := w.shapeOf(e); s.n < quantile.ExactBelow {
			s.raw = append(s.raw, e.wall)
		}
	}
}

// keep collects a value of a small group.
func (w *winDist) keep(wall, dev int64) {
	if w.n >= quantile.ExactBelow {
		return
	}
	w.raw.wall = append(w.raw.wall, wall)
	if dev >= 0 {
		w.raw.dev = append(w.raw.dev, dev)
	}
}

// small holds the raw values of a group with fewer than ExactBelow.
type small struct{ wall, dev []int64 }

func (m *small) reset() { m.wall, m.dev = m.wall[:0], m.dev[:0] }

// reset empties the group and keeps its memory.
func (w *winDist) reset() {
	w.h.Reset()
	w.tag.Reset()
	if w.devH != nil {
		w.devH.Reset()
	}
	w.raw.reset()
	*w = winDist{h: w.h, tag: w.tag, devH: w.devH, raw: w.raw}
}

func (w *winDist) merge(o *winDist) {
	if o.n == 0 {
		return
	}
	w.n += o.n
	w.sum.AddU128(o.sum)
	w.sq.AddU128(o.sq)
	w.tokens, w.exec, w.sem, w.devs = w.tokens+o.tokens, w.exec+o.exec, w.sem+o.sem, w.devs+o.devs
	w.devSum, w.devWall = w.devSum+o.devSum, w.devWall+o.devWall
	w.h.Merge(&o.h)
	w.tag.Merge(&o.tag)
	if o.devs > 0 {
		if w.devH == nil {
			w.devH = new(quantile.Hist)
		}
		w.devH.Merge(o.devH)
	}
}

// summary describes a window group as of the last gather; spread is its lane's.
func (w *winDist) summary(spread quantile.Spread) stats.Summary {
	s := quantile.Empty()
	s.N = w.n
	if w.n == 0 {
		return s
	}
	total := w.sum.Float()
	if w.n < quantile.ExactBelow {
		quantile.SortInts(w.raw.wall)
		quantile.SortInts(w.raw.dev)
		quantile.DescribeSorted(&s, w.raw.wall, spread)
		s.DeviceP50, s.DeviceP99 = quantile.Percentile(w.raw.dev, 0.5), quantile.Percentile(w.raw.dev, 0.99)
	} else {
		quantile.DescribeHist(&s, &w.h, w.sum, w.sq, spread)
		if w.devs > 0 {
			s.DeviceP50 = quantile.OfHist(w.devH, 0.5, 0, math.MaxInt64)
			s.DeviceP99 = quantile.OfHist(w.devH, 0.99, 0, math.MaxInt64)
		}
	}
	if w.tokens > 0 && total > 0 {
		s.TokensPerS = float64(w.tokens) / total * 1e9
	}
	if w.devWall > 0 {
		s.HostShare = 1 - float64(w.devSum)/float64(w.devWall)
	}
	if w.sem > 0 {
		s.PaddingTax = float64(w.exec) / float64(w.sem)
	}
	return s
}
