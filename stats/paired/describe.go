package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// DeltaQuantiles are the quantiles at which the lanes are compared.
var DeltaQuantiles = []float64{.01, .05, .1, .2, .25, .3, .4, .5, .6, .7, .75, .8, .9, .95, .98, .99, .995, .999}

// Crossover is the quantile up to which the optimized lane wins: the split of
// the quantile curves that best separates "optimized faster" below from
// "eager faster" above, so that one noisy quantile does not move it. 1 when the
// optimized lane wins up to the largest, 0 when it wins at none, NaN when
// there is nothing to tell apart.
func Crossover(eager, optimized, qs []float64) float64 {
	return crossoverAt(eager[:len(qs)], optimized, func(i int) float64 { return qs[i] })
}

// crossoverAt is crossover where q gives the quantile of each value.
func crossoverAt[T int64 | float64](eager, optimized []T, q func(int) float64) float64 {
	score, best, at, won, lost := 0, 0, -1, false, false
	for i := range eager {
		switch e, o := float64(eager[i]), float64(optimized[i]); {
		case o < e:
			score++
			won = true
		case o > e:
			score--
			lost = true
		}
		if score > best {
			best, at = score, i
		}
	}
	switch {
	case !won && !lost:
		return math.NaN()
	case at < 0:
		return 0
	case at == len(eager)-1 || !lost:
		return 1
	}
	d0, d1 := float64(optimized[at])-float64(eager[at]), float64(optimized[at+1])-float64(eager[at+1])
	if d1 <= d0 || d0 > 0 || d1 < 0 {
		return q(at)
	}
	return q(at) + (q(at+1)-q(at))*(-d0)/(d1-d0)
}

// Describe computes exactly what pairs in their order tell. Bands and the rank
// test's p are left NaN.
func Describe(pairs []Pair) (stats.PairView, Estimates) {
	eager, opt := sortedLanes(pairs)
	return DescribeSorted(pairs, eager, opt)
}

// sortedLanes are the latencies of both lanes, ascending.
func sortedLanes(pairs []Pair) (eager, optimized []int64) {
	eager, optimized = make([]int64, len(pairs)), make([]int64, len(pairs))
	for i, p := range pairs {
		eager[i], optimized[i] = p.Eager, p.Optimized
	}
	quantile.SortInts(eager)
	quantile.SortInts(optimized)
	return eager, optimized
}

// DescribeSorted is Describe where the latencies of both lanes are at hand in
// ascending order.
func DescribeSorted(pairs []Pair, eager, opt []int64) (stats.PairView, Estimates) {
	nan := math.NaN()
	n := len(pairs)
	v := stats.PairView{N: n, MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, Crossover: nan,
		CrossLo: nan, CrossHi: nan, NoiseNs: nan, P: nan, PHolm: nan}
	if n == 0 {
		return v, NoEstimates()
	}
	diffs := make([]int64, n)
	won, logs, sum := 0, 0, 0.0
	for i, p := range pairs {
		diffs[i] = p.Optimized - p.Eager
		if diffs[i] < 0 {
			won++
		}
		if p.Eager > 0 && p.Optimized > 0 {
			sum += math.Log(float64(p.Optimized) / float64(p.Eager))
			logs++
		}
	}
	quantile.SortInts(diffs)
	est := FromPairs(pairs, eager, opt, diffs)
	v.MedianDiff, v.ShareWon = est[stats.Median].Diff, float64(won)/float64(n)
	v.DiffLo, v.DiffHi = est[stats.Median].Interval(alpha)
	if logs > 0 {
		v.RatioGeomean = math.Exp(sum / float64(logs))
	}
	v.DeltaQ, v.DeltaLo, v.DeltaHi = DeltaQuantiles, quantile.NaNs(len(DeltaQuantiles)), quantile.NaNs(len(DeltaQuantiles))
	for _, dq := range DeltaQuantiles {
		v.Delta = append(v.Delta, quantile.Percentile(opt, dq)-quantile.Percentile(eager, dq))
	}
	// The order statistics lie where NumPy places them.
	at := crossoverAt(eager, opt, func(i int) float64 { return float64(i) / float64(max(n-1, 1)) })
	Supported(&v, at, sides(pairs, eager, opt, float64(n)/math.Min(est[stats.Median].Effective, est[stats.P99].Effective)))
	return v, est
}

// Pair is one request's latency in both lanes, ns.
type Pair struct{ Eager, Optimized int64 }
