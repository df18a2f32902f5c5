package quantile

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

// Clustered is a quantile of values that come in groups, decode steps of a
// request, whose values are alike: sizes says how many each group has, values lie
// group by group, sorted are the same ascending. The interval takes the group for
// the unit (the variance of a ratio: Cochran, Sampling Techniques, 6.4; Woodruff,
// Journal of the American Statistical Association 47, 1952), and N is the number
// of independent values that would tell as much: at least the groups count, at
// most the values. inflation is by how much requests that are alike make it vary
// more: see ExactWith.
func Clustered(values []int64, sizes []int, sorted []int64, q, inflation float64) stats.Quantile {
	out := stats.Quantile{Q: q, Value: Percentile(sorted, q), Lo: math.NaN(), Hi: math.NaN(), Need: Need(q), Exact: true}
	n, k := float64(len(values)), 0.0
	if len(values) == 0 {
		return out
	}
	p := 1 - q
	sum, at := 0.0, 0
	for _, size := range sizes {
		beyond := 0.0
		for _, v := range values[at : at+size] {
			if float64(v) > out.Value {
				beyond++
			}
		}
		at += size
		if size > 0 {
			k++
		}
		sum += (beyond - p*float64(size)) * (beyond - p*float64(size))
	}
	if k < 2 {
		out.N = int(k)
		out.Need = max(0, Need(q)-out.N)
		return out
	}
	v := sum / (n * n) * k / (k - 1) * max(inflation, 1)
	out.N = int(math.Max(k, math.Min(n, p*q/math.Max(v, p*q/n))))
	out.Need = max(0, Need(q)-out.N)
	half := T((1+Confidence)/2, k-1)*math.Sqrt(math.Max(v, p*q/n)) + 1/n
	if q-half > 0 && q+half < 1-.5/n {
		out.Lo, out.Hi = Percentile(sorted, q-half), Percentile(sorted, q+half)
	}
	return out
}
