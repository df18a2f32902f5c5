package quantile

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

// Describe fills the fields that follow from the latencies alone.
func (d *MomentDist) Describe(s *stats.Summary) {
	if !fillMoments(s, d.N, d.Sum, d.Sq, d.Spread) {
		return
	}
	s.Min, s.Max = float64(d.Min), float64(d.Max)
	s.MeanExclMax, s.MeanExclTop5 = MeanWithout(d.Sum, d.N, d.top[:1]), MeanWithout(d.Sum, d.N, d.top[:])
	qs := summaryQuantiles()
	d.Quantiles(qs[:])
	setQuantiles(s, &qs)
	warn(s)
}

// fillMoments fills in how many values there are, their mean and deviation; false
// without any.
func fillMoments(s *stats.Summary, n int, sum, sq U128, spread Spread) bool {
	s.N, s.Effective = n, spread.effective(n)
	if n > 0 {
		s.Mean, s.Std = sum.Float()/float64(n), stdOf(n, sum, sq)
	}
	return n > 0
}

func summaryQuantiles() [5]stats.Quantile {
	return [5]stats.Quantile{{Q: .5}, {Q: .9}, {Q: .95}, {Q: .99}, {Q: .999}}
}

func setQuantiles(s *stats.Summary, qs *[5]stats.Quantile) {
	s.P50, s.P90, s.P95, s.P99, s.P999 = qs[0], qs[1], qs[2], qs[3], qs[4]
}

// Empty has NaN wherever there is nothing to say.
func Empty() stats.Summary {
	nan := math.NaN()
	s := stats.Summary{Mean: nan, Std: nan, Min: nan, Max: nan, MeanExclMax: nan, MeanExclTop5: nan,
		MeanExclFirst: nan, DeviceP50: nan, DeviceP99: nan, TokensPerS: nan, TTFTP50: nan, TTFTP99: nan, ITLP50: nan,
		ITLP99: nan, ResponseP50: nan, ResponseP99: nan, SLOMissed: nan, SLOLo: nan, SLOHi: nan, PaddingTax: nan, HostShare: nan, Limit: stats.NoLimit()}
	qs := summaryQuantiles()
	for i := range qs {
		qs[i].Value, qs[i].Lo, qs[i].Hi, qs[i].Need, qs[i].Exact = nan, nan, nan, Need(qs[i].Q), true
	}
	setQuantiles(&s, &qs)
	return s
}

func warn(s *stats.Summary) {
	if s.P99.Need > 0 {
		s.Warnings = append(s.Warnings, warnP99)
	}
}

const warnP99 = "too few samples for p99: 459 are needed"

// Without is the multiset difference of ascending values.
func Without(all, some []int64) []int64 {
	out := make([]int64, 0, len(all))
	j := 0
	for _, v := range all {
		if j < len(some) && some[j] == v {
			j++
			continue
		}
		out = append(out, v)
	}
	return out
}

func NaNs(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// Curve returns the quantiles at ascending qs.
func (d *Dist) Curve(qs []float64) []float64 {
	out := make([]float64, len(qs))
	if d.N == 0 {
		return NaNs(len(qs))
	}
	if raw := d.Values(); raw != nil {
		for i, q := range qs {
			out[i] = Percentile(raw, q)
		}
		return out
	}
	ranks := make([]uint64, len(qs))
	for i, q := range qs {
		ranks[i] = min(uint64(q*float64(d.N-1)+1.5), d.H.N())
	}
	d.H.Ranks(ranks, out)
	return out
}

// OfShape describes a shape's latencies.
func (d *Dist) OfShape() stats.ShapeQuantiles {
	q := [2]stats.Quantile{{Q: .5}, {Q: .99}}
	d.Quantiles(q[:])
	return stats.ShapeQuantiles{N: d.N, P50: q[0], P99: q[1]}
}

// DescribeSorted fills in what follows from ascending values.
func DescribeSorted(s *stats.Summary, sorted []int64, spread Spread) {
	n := len(sorted)
	var sum, sq U128
	for _, v := range sorted {
		sum.Add(uint64(v))
		sq.AddSquare(uint64(v))
	}
	if !fillMoments(s, n, sum, sq, spread) {
		return
	}
	s.Min, s.Max = float64(sorted[0]), float64(sorted[n-1])
	s.MeanExclMax, s.MeanExclTop5 = MeanWithout(sum, n, sorted[n-1:]), MeanWithout(sum, n, sorted[max(n-5, 0):])
	qs := summaryQuantiles()
	for i := range qs {
		qs[i] = ExactWith(sorted, qs[i].Q, spread.At(qs[i].Q))
	}
	setQuantiles(s, &qs)
	warn(s)
}

// DescribeHist does the same from a histogram and exact sums.
func DescribeHist(s *stats.Summary, h *Hist, sum, sq U128, spread Spread) {
	if !fillMoments(s, int(h.N()), sum, sq, spread) {
		return
	}
	var ends [2]float64
	h.Ranks([]uint64{1, h.N()}, ends[:])
	s.Min, s.Max = ends[0], ends[1]
	qs := summaryQuantiles()
	for i := range qs {
		qs[i] = IntervalOfHist(h, qs[i].Q, spread.At(qs[i].Q), 0, math.MaxInt64)
	}
	setQuantiles(s, &qs)
	warn(s)
}
