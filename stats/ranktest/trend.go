package ranktest

import (
	"cmp"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats/quantile"
)

// TheilSen returns the line through the medians of slopes and of intercepts
// (Theil 1950, Sen 1968). One distinct x gives a flat line, none NaN. A
// negative slope is taken for flat: padding never makes a model faster.
func TheilSen(x, y []float64) (base, slope float64) {
	if len(x) == 0 {
		return math.NaN(), math.NaN()
	}
	if all := slopes(x, y); len(all) > 0 {
		slope = math.Max(quantile.Median(all), 0)
	}
	rest := make([]float64, len(x))
	for i := range x {
		rest[i] = y[i] - slope*x[i]
	}
	return quantile.Median(rest), slope
}

// slopes are those between any two points of different x.
func slopes(x, y []float64) (out []float64) {
	for i := range x {
		for j := range i {
			if x[i] != x[j] {
				out = append(out, (y[i]-y[j])/(x[i]-x[j]))
			}
		}
	}
	return out
}

// Pettitt finds the most likely change point of a series and an approximate
// two-sided p value, 2·exp(−6K²/(n³+n²)) (Pettitt, Applied Statistics 28,
// 1979). at is the number of values before the change.
func Pettitt(v []float64) (at int, p float64) {
	n := len(v)
	if n < 2 {
		return 0, 1
	}
	u, k := 0.0, -1.0
	ranks, _ := midRanks(v)
	for i, r := range ranks[:n-1] {
		u += 2*r - float64(n+1)
		if math.Abs(u) > k {
			k, at = math.Abs(u), i+1
		}
	}
	return at, math.Min(1, 2*math.Exp(-6*k*k/(math.Pow(float64(n), 3)+float64(n)*float64(n))))
}

// midRanks are the 1-based ranks of values, equal ones sharing the middle of theirs,
// and Σ(t³−t) over groups of t ties.
func midRanks(v []float64) (ranks []float64, ties float64) {
	n := len(v)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	ranks = make([]float64, n)
	for i := 0; i < n; {
		j := i
		for j < n && v[order[j]] == v[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			ranks[k] = float64(i+1+j) / 2
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	return ranks, ties
}

const DriftBlocks = 20

// Drift tests the medians of 20 consecutive blocks for a monotone trend with
// the Mann-Kendall test (Mann 1945; normal approximation, continuity
// corrected) and returns the Theil-Sen change over the whole series as a share
// of its median. Blocks, because latencies near each other are correlated.
func Drift(v []float64) (change, p float64) {
	if len(v) < 2*DriftBlocks {
		return 0, 1
	}
	var x, m [DriftBlocks]float64
	for i := range m {
		m[i] = quantile.Median(v[i*len(v)/DriftBlocks : (i+1)*len(v)/DriftBlocks])
		x[i] = float64(i)
	}
	all := slopes(x[:], m[:])
	s := 0.0 // pairs of blocks that rise less those that fall
	for _, v := range all {
		s += float64(cmp.Compare(v, 0))
	}
	const n = float64(DriftBlocks)
	z := math.Max(math.Abs(s)-1, 0) / math.Sqrt(n*(n-1)*(2*n+5)/18)
	return quantile.Median(all) * (n - 1) / quantile.Median(m[:]), math.Erfc(z / math.Sqrt2)
}
