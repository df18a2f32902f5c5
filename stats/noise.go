package stats

import (
	"math"
	"slices"
)

// Noise is the half width of what an A/A run (eager against eager) shows as a
// difference of median, mean and p99, ns. 0 is unknown.
type Noise struct {
	MedianNs float64 `json:"median_ns"`
	MeanNs   float64 `json:"mean_ns"`
	P99Ns    float64 `json:"p99_ns"`
}

// mean and p99 fall back on what is known: they are no quieter than the median.
func (n Noise) mean() float64 { return math.Max(n.MeanNs, n.MedianNs) }
func (n Noise) p99() float64  { return math.Max(n.P99Ns, n.MedianNs) }

// take replaces what o knows.
func (n *Noise) take(o Noise) {
	for _, x := range []struct {
		to   *float64
		from float64
	}{{&n.MedianNs, o.MedianNs}, {&n.MeanNs, o.MeanNs}, {&n.P99Ns, o.P99Ns}} {
		if x.from > 0 {
			*x.to = x.from
		}
	}
}

// noisePairs bounds the pairs that NoiseFloor resamples: the latest so many.
const noisePairs = 1 << 14

// NoiseFloor measures an A/A run: the furthest from zero that the 95 %
// intervals of the median, mean and p99 difference reach. The median's comes
// from order statistics, the mean's from the block bootstrap (100 pairs or
// more), the p99's from the bootstrap where it is offered (2,000 pairs or
// more), else from the order-statistic intervals of both lanes, which exist
// from 368 pairs on and are wider. It takes tens of milliseconds: run it beside
// the goroutine that owns the Collector and hand the result to SetNoise.
func NoiseFloor(pairs []Pair, seed uint64) Noise {
	v := describePairs(pairs)
	last := pairs[max(0, len(pairs)-noisePairs):]
	r := Bootstrap(last, BootstrapOptions{Seed: seed, Quantiles: []float64{.99}})
	n := Noise{MedianNs: furthest(v.DiffLo, v.DiffHi), MeanNs: furthest(r.MeanLo, r.MeanHi), P99Ns: furthest(r.Lo[0], r.Hi[0])}
	if n.P99Ns == 0 && len(pairs) > 0 {
		e, o := make([]int64, len(pairs)), make([]int64, len(pairs))
		for i, p := range pairs {
			e[i], o[i] = p.Eager, p.Optimized
		}
		slices.Sort(e)
		slices.Sort(o)
		n.P99Ns = apart(ExactQuantile(e, .99), ExactQuantile(o, .99))
	}
	return n
}

// apart is the largest difference that the intervals of two quantiles allow; 0
// without intervals.
func apart(a, b Quantile) float64 { return furthest(b.Lo-a.Hi, b.Hi-a.Lo) }

func furthest(lo, hi float64) float64 {
	if w := math.Max(math.Abs(lo), math.Abs(hi)); !math.IsNaN(w) {
		return w
	}
	return 0
}

// noiseNow is the floor that the current segment shows without a bootstrap: the
// mean's stays unknown until SetNoise says it.
func (m *modeState) noiseNow() Noise {
	_, lo, hi := m.pairs.segment.median()
	n := Noise{MedianNs: furthest(lo, hi)}
	var q [NumLanes][1]Quantile
	for l := range q {
		q[l][0].Q = .99
		m.lanes[l].segment.d.quantiles(q[l][:])
	}
	n.P99Ns = apart(q[Eager][0], q[Optimized][0])
	return n
}
