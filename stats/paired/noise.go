package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// noisePairs bounds the pairs that NoiseFloor resamples: the latest so many.
const noisePairs = 1 << 14

// NoiseFloor measures an A/A run: the furthest from zero that the 95 %
// intervals of the median, mean and p99 difference reach. The median's comes
// from order statistics, the mean's from the block bootstrap (100 pairs or
// more), the p99's from the bootstrap where it is offered (2,000 pairs or
// more), else from the order-statistic intervals of both lanes, which exist
// from 368 pairs on and are wider. It takes tens of milliseconds: run it beside
// the goroutine that owns the Collector and hand the result to SetNoise.
func NoiseFloor(pairs []Pair, seed uint64) stats.Noise {
	e, o := sortedLanes(pairs)
	v, _ := DescribeSorted(pairs, e, o)
	last := pairs[max(0, len(pairs)-noisePairs):]
	r := Bootstrap(last, BootstrapOptions{Seed: seed, Quantiles: []float64{.99}})
	n := stats.Noise{MedianNs: Furthest(v.DiffLo, v.DiffHi), MeanNs: Furthest(r.MeanLo, r.MeanHi), P99Ns: Furthest(r.Lo[0], r.Hi[0])}
	if n.P99Ns == 0 {
		n.P99Ns = Apart(quantile.Exact(e, .99), quantile.Exact(o, .99))
	}
	return n
}

// Apart is the largest difference that the intervals of two quantiles allow; 0
// without intervals.
func Apart(a, b stats.Quantile) float64 { return Furthest(b.Lo-a.Hi, b.Hi-a.Lo) }

func Furthest(lo, hi float64) float64 {
	if w := math.Max(math.Abs(lo), math.Abs(hi)); !math.IsNaN(w) {
		return w
	}
	return 0
}
