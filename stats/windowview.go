package stats

import (
	"math"
	"slices"
)

// small holds the raw values of the groups with fewer than exactBelow.
type small struct{ wall, dev []int64 }

// gather merges the scenarios into lanes and collects, in one pass, the raw
// values of every group that is small.
func (w *window) gather() (lanes [NumLanes]winDist, raw [NumLanes]small, scen [][NumLanes]small) {
	w.count()
	scen = make([][NumLanes]small, len(w.scen))
	for i := range w.scen {
		for l := range lanes {
			lanes[l].merge(&w.scen[i][l])
		}
	}
	for i := range w.n {
		e := w.at(i)
		if lanes[e.lane()].n < exactBelow {
			raw[e.lane()].take(e, w.devAt(i))
		}
		if w.scen[e.scen()][e.lane()].n < exactBelow {
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
	w.sum.addU128(o.sum)
	w.sq.addU128(o.sq)
	w.tokens, w.exec, w.sem, w.devs = w.tokens+o.tokens, w.exec+o.exec, w.sem+o.sem, w.devs+o.devs
	w.devSum, w.devWall = w.devSum+o.devSum, w.devWall+o.devWall
	w.h.merge(&o.h)
	w.tag.merge(&o.tag)
	if o.devs > 0 {
		if w.devH == nil {
			w.devH = new(hist)
		}
		w.devH.merge(o.devH)
	}
}

func (m *small) take(e *winSample, dev int64) {
	m.wall = append(m.wall, e.wall)
	if dev >= 0 {
		m.dev = append(m.dev, dev)
	}
}

// summary describes a window group; raw are its values when it is small.
func (w *winDist) summary(raw small) Summary {
	s := emptySummary()
	s.N = w.n
	if w.n == 0 {
		return s
	}
	total := w.sum.float()
	if w.n < exactBelow {
		slices.Sort(raw.wall)
		slices.Sort(raw.dev)
		describeSorted(&s, raw.wall)
		s.DeviceP50, s.DeviceP99 = Percentile(raw.dev, 0.5), Percentile(raw.dev, 0.99)
	} else {
		describeHist(&s, &w.h, w.sum, w.sq)
		if w.devs > 0 {
			s.DeviceP50 = histQuantile(w.devH, 0.5, 0, math.MaxInt64)
			s.DeviceP99 = histQuantile(w.devH, 0.99, 0, math.MaxInt64)
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

// describeSorted fills in what follows from ascending values.
func describeSorted(s *Summary, sorted []int64) {
	n := len(sorted)
	s.N = n
	if n == 0 {
		return
	}
	var sum, sq u128
	for _, v := range sorted {
		sum.add(uint64(v))
		sq.addSquare(uint64(v))
	}
	s.Mean, s.Std = sum.float()/float64(n), stdOf(n, sum, sq)
	s.Min, s.Max = float64(sorted[0]), float64(sorted[n-1])
	s.MeanExclMax, s.MeanExclTop5 = meanOfFirst(sorted, n-1), meanOfFirst(sorted, n-5)
	qs := summaryQuantiles()
	for i := range qs {
		qs[i] = ExactQuantile(sorted, qs[i].Q)
	}
	setQuantiles(s, &qs)
	warn(s)
}

// describeHist does the same from a histogram and exact sums.
func describeHist(s *Summary, h *hist, sum, sq u128) {
	s.N = int(h.n())
	if h.n() == 0 {
		return
	}
	s.Mean, s.Std = sum.float()/float64(h.n()), stdOf(s.N, sum, sq)
	var ends [2]float64
	h.ranks([]uint64{1, h.n()}, ends[:])
	s.Min, s.Max = ends[0], ends[1]
	qs := summaryQuantiles()
	for i := range qs {
		qs[i] = histInterval(h, qs[i].Q, 0, math.MaxInt64)
	}
	setQuantiles(s, &qs)
	warn(s)
}

// meanOfFirst is the mean of the first k of ascending values, NaN if k < 1.
func meanOfFirst(sorted []int64, k int) float64 {
	if k < 1 {
		return math.NaN()
	}
	var sum u128
	for _, v := range sorted[:k] {
		sum.add(uint64(v))
	}
	return sum.float() / float64(k)
}
