package ranktest

import (
	"cmp"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats/quantile"
)

// Result is the result of a two-sided rank test.
type Result struct {
	Statistic float64 // W, the sum of ranks of positive differences
	P         float64 // NaN when the test does not apply
	Exact     bool    // from the exact distribution, else its normal approximation with ties and continuity corrected
}

// WilcoxonExact is the number of differences up to which the distribution of W
// is enumerated, if there are neither ties nor zeros.
const WilcoxonExact = 50

// Wilcoxon is the signed-rank test of paired differences against 0
// (scipy.stats.wilcoxon with zero_method "wilcox": zeros are dropped, ties get
// mid-ranks), two-sided. Statistic is the sum of the ranks of positive
// differences.
func Wilcoxon(d []float64) Result {
	nz := slices.DeleteFunc(slices.Clone(d), func(v float64) bool { return v == 0 })
	n := len(nz)
	r := Result{P: math.NaN(), Statistic: math.NaN()}
	if n == 0 {
		return r
	}
	size := make([]float64, n)
	for i, v := range nz {
		size[i] = math.Abs(v)
	}
	ranks, ties := midRanks(size)
	w := 0.0
	for i, v := range nz {
		if v > 0 {
			w += ranks[i]
		}
	}
	r.Statistic = w
	if n <= WilcoxonExact && ties == 0 && n == len(d) {
		r.P, r.Exact = wilcoxonP(int(w), n), true
		return r
	}
	r.P = wilcoxonNormal(w, float64(n), ties)
	return r
}

// wilcoxonP enumerates the null distribution: how many subsets of 1 … n have
// each sum.
func wilcoxonP(w, n int) float64 {
	top := n * (n + 1) / 2
	ways := make([]float64, top+1)
	ways[0] = 1
	for k := 1; k <= n; k++ {
		for s := top; s >= k; s-- {
			ways[s] += ways[s-k]
		}
	}
	w = min(w, top-w)
	sum := 0.0
	for _, c := range ways[:w+1] {
		sum += c
	}
	return math.Min(1, 2*sum/math.Exp2(float64(n)))
}

// Holm corrects p values of several tests so that the chance of any false
// finding stays below the level (Holm 1979): sorted ascending, the i-th is
// multiplied by the number not yet rejected and made monotone. NaN stays NaN
// and does not count.
func Holm(p []float64) []float64 {
	var idx []int
	for i, v := range p {
		if !math.IsNaN(v) {
			idx = append(idx, i)
		}
	}
	slices.SortStableFunc(idx, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := slices.Clone(p)
	high := 0.0
	for k, i := range idx {
		high = math.Max(high, math.Min(1, p[i]*float64(len(idx)-k)))
		out[i] = high
	}
	return out
}

// SignedRank is Wilcoxon's normal approximation from the histograms of the
// differences above 0 and, sign changed, of those below.
func SignedRank(pos, neg *quantile.Hist) Result {
	var w, ties, before float64
	quantile.EachOfBoth(pos, neg, func(lo int64, up, down float64) {
		if lo == 0 { // zeros are dropped
			return
		}
		t := up + down
		w += up * (before + (t+1)/2)
		ties += t*t*t - t
		before += t
	})
	return Result{Statistic: w, P: wilcoxonNormal(w, before, ties)}
}

// wilcoxonNormal is the two-sided p of the normal approximation with ties and
// continuity corrected; NaN when all differences are 0.
func wilcoxonNormal(w, n, ties float64) float64 {
	sd := math.Sqrt(n*(n+1)*(2*n+1)/24 - ties/48)
	if !(sd > 0) {
		return math.NaN()
	}
	z := math.Max(math.Abs(w-n*(n+1)/4)-0.5, 0) / sd
	return math.Min(1, math.Erfc(z/math.Sqrt2))
}
