package ranktest

import (
	"cmp"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats/quantile"
)

// Result is the result of a two-sided rank test.
type Result struct {
	Statistic float64 // U of the first sample; W, the sum of ranks of positive differences
	P         float64 // NaN when the test does not apply
	N1, N2    int
	Exact     bool // from the exact distribution, else its normal approximation with ties and continuity corrected
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
	r := Result{P: math.NaN(), Statistic: math.NaN(), N1: n, N2: n}
	if n == 0 {
		return r
	}
	slices.SortFunc(nz, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	w, ties, tied := signedRanks(nz)
	r.Statistic = w
	if n <= WilcoxonExact && !tied && n == len(d) {
		r.P, r.Exact = wilcoxonP(int(w), n), true
		return r
	}
	r.P = wilcoxonNormal(w, float64(n), ties)
	return r
}

// signedRanks sums the mid-ranks of positive values of s, which is sorted by
// magnitude, and Σ(t³−t) over groups of t ties.
func signedRanks(s []float64) (w, ties float64, tied bool) {
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && math.Abs(s[j]) == math.Abs(s[i]) {
			j++
		}
		rank := float64(i+1+j) / 2
		for _, v := range s[i:j] {
			if v > 0 {
				w += rank
			}
		}
		if t := float64(j - i); t > 1 {
			ties += t*t*t - t
			tied = true
		}
		i = j
	}
	return w, ties, tied
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
	return Result{Statistic: w, P: wilcoxonNormal(w, before, ties), N1: int(before), N2: int(before)}
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

// MannWhitney tests whether values of x tend to be larger or smaller than
// those of y (scipy.stats.mannwhitneyu, two-sided) by the normal approximation,
// from histograms, whose buckets tie values within 0.1 %. It says nothing of the
// tail, and its p assumes independent samples, which latencies near a recompile
// are not.
func MannWhitney(x, y *quantile.Hist) Result {
	n1, n2 := float64(x.N()), float64(y.N())
	r := Result{P: math.NaN(), Statistic: math.NaN(), N1: int(n1), N2: int(n2)}
	if n1 == 0 || n2 == 0 {
		return r
	}
	var ranks, ties, before float64
	quantile.EachOfBoth(x, y, func(_ int64, inX, inY float64) {
		t := inX + inY
		ranks += inX * (before + (t+1)/2)
		ties += t*t*t - t
		before += t
	})
	n := n1 + n2
	r.Statistic = ranks - n1*(n1+1)/2
	sd := math.Sqrt(n1 * n2 / 12 * (n + 1 - ties/(n*(n-1))))
	if sd > 0 {
		z := math.Max(math.Abs(r.Statistic-n1*n2/2)-0.5, 0) / sd
		r.P = math.Min(1, math.Erfc(z/math.Sqrt2))
	}
	return r
}
