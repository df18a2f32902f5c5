package live

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// small holds the raw values of the groups with fewer than ExactBelow.
type small struct{ wall, dev []int64 }

// gather merges the scenarios into lanes and collects, in one pass, the raw
// values of every group that is small.
func (w *window) gather() (lanes [stats.NumLanes]winDist, raw [stats.NumLanes]small, scen [][stats.NumLanes]small) {
	w.count()
	scen = make([][stats.NumLanes]small, len(w.scen))
	for i := range w.scen {
		for l := range lanes {
			lanes[l].merge(&w.scen[i][l])
		}
	}
	for i := range w.n {
		e := w.at(i)
		if lanes[e.lane()].n < quantile.ExactBelow {
			raw[e.lane()].take(e, w.devAt(i))
		}
		if w.scen[e.scen()][e.lane()].n < quantile.ExactBelow {
			scen[e.scen()][e.lane()].take(e, w.devAt(i))
		}
	}
	return lanes, raw, scen
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

func (m *small) take(e *winSample, dev int64) {
	m.wall = append(m.wall, e.wall)
	if dev >= 0 {
		m.dev = append(m.dev, dev)
	}
}

// summary describes a window group; raw are its values when it is small, spread is its
// lane's.
func (w *winDist) summary(raw small, spread quantile.Spread) stats.Summary {
	s := quantile.Empty()
	s.N = w.n
	if w.n == 0 {
		return s
	}
	total := w.sum.Float()
	if w.n < quantile.ExactBelow {
		slices.Sort(raw.wall)
		slices.Sort(raw.dev)
		quantile.DescribeSorted(&s, raw.wall, spread)
		s.DeviceP50, s.DeviceP99 = quantile.Percentile(raw.dev, 0.5), quantile.Percentile(raw.dev, 0.99)
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
