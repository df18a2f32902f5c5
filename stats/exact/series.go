package exact

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Series is the latencies of one label, ns: every value in the order of arrival
// or, once Bound, a histogram beside exact sums, extremes and first values. It
// describes sessions' lanes and foreign labels alike.
type Series struct {
	Firsts []int64 // first values of the runs in it, as many of each as KeepFirsts
	Runs   int     // merged into it, with at least one value
	Cold   int     // of them, first value more than 3 × the median of the rest

	KeepFirsts int // 0: 1

	values   []int64
	hist     *quantile.Hist // nil: values has all
	n        int
	sum, sq  quantile.U128
	min, max int64
	top      quantile.Top
}

// Add takes in the next value of one run.
func (s *Series) Add(ns int64) {
	ns = max(ns, 0)
	if s.n == 0 || ns < s.min {
		s.min = ns
	}
	s.max = max(s.max, ns)
	s.n++
	s.sum.Add(uint64(ns))
	s.sq.AddSquare(uint64(ns))
	s.top.Add(ns)
	if len(s.Firsts) < max(s.KeepFirsts, 1) {
		s.Firsts = append(s.Firsts, ns)
	}
	if s.hist != nil {
		s.hist.Record(ns)
		return
	}
	if len(s.values) == cap(s.values) {
		s.values = slices.Grow(s.values, max(len(s.values), 64)) // fewer copies than append makes
	}
	s.values = append(s.values, ns)
}

// N is the number of values.
func (s *Series) N() int { return s.n }

// Exact reports whether every value is kept; otherwise quantiles are within 0.1 %.
func (s *Series) Exact() bool { return s.hist == nil }

// Bound gives up the values for a histogram, whose size does not grow.
func (s *Series) Bound() {
	if s.hist != nil {
		return
	}
	s.hist = new(quantile.Hist)
	for _, v := range s.values {
		s.hist.Record(v)
	}
	s.values = nil
}

// RestMedian is the median of all but the first value of a run.
func (s *Series) RestMedian() float64 {
	switch {
	case s.n <= 1:
		return math.NaN()
	case s.hist != nil:
		var rest quantile.Hist
		rest.CopyFrom(s.hist)
		rest.Remove(s.Firsts[0])
		return quantile.OfHist(&rest, 0.5, s.min, s.max)
	}
	return quantile.PercentileOf(s.values[1:], 0.5)
}

// ColdStart reports whether the first value of a run is more than 3 × the median
// of the rest (TR120 4.4).
func (s *Series) ColdStart() bool {
	return len(s.Firsts) > 0 && float64(s.Firsts[0]) > ledger.TailFactor*s.RestMedian()
}

// Merge adds a run, or a series of runs, behind what is there. room is how many
// values will come in all, 0 unknown.
func (s *Series) Merge(o *Series, room int) {
	if o.n == 0 {
		return
	}
	if s.values == nil && room > 0 {
		s.values = make([]int64, 0, room)
	}
	if s.n == 0 || o.min < s.min {
		s.min = o.min
	}
	s.max = max(s.max, o.max)
	s.n += o.n
	s.sum.AddU128(o.sum)
	s.sq.AddU128(o.sq)
	for _, v := range o.top {
		s.top.Add(v)
	}
	s.Firsts = append(s.Firsts, o.Firsts...)
	if o.Runs > 0 {
		s.Runs, s.Cold = s.Runs+o.Runs, s.Cold+o.Cold
	} else {
		s.Runs++
		if o.ColdStart() {
			s.Cold++
		}
	}
	switch {
	case o.hist != nil:
		s.Bound()
		s.hist.Merge(o.hist)
	case s.hist != nil:
		for _, v := range o.values {
			s.hist.Record(v)
		}
	default:
		s.values = append(s.values, o.values...)
	}
}

// InOrder returns the values in their order; nil once Bound. They are the
// series' own.
func (s *Series) InOrder() []int64 { return s.values }

// Sorted returns a copy in ascending order; nil once Bound.
func (s *Series) Sorted() []int64 {
	v := slices.Clone(s.values)
	quantile.SortInts(v)
	return v
}

// Summary describes the series; sorted are its values in ascending order, or nil
// where it is Bound. MeanExclFirst leaves Firsts out.
func (s *Series) Summary(sorted []int64) stats.Summary {
	out := quantile.Empty()
	if s.n == 0 {
		return out
	}
	if s.hist == nil {
		quantile.DescribeSorted(&out, sorted, paired.SpreadOf(s.values, sorted))
	} else {
		quantile.DescribeHist(&out, s.hist, s.sum, s.sq, quantile.Spread{})
		out.Min, out.Max = float64(s.min), float64(s.max)
		out.MeanExclMax, out.MeanExclTop5 = quantile.MeanWithout(s.sum, s.n, s.top[:1]), quantile.MeanWithout(s.sum, s.n, s.top[:])
	}
	out.MeanExclFirst = quantile.MeanWithout(s.sum, s.n, s.Firsts)
	return out
}
