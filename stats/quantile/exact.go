package quantile

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// Percentile returns the q-quantile (0 to 1) of ascending values, linear
// between closest ranks: numpy.quantile's default, Hyndman and Fan's type 7.
// NaN without values.
func Percentile[T int64 | float64 | float32](sorted []T, q float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	pos := q * float64(n-1)
	i := int(math.Floor(pos))
	if i >= n-1 {
		return float64(sorted[n-1])
	}
	if i < 0 {
		return float64(sorted[0])
	}
	return Lerp(float64(sorted[i]), float64(sorted[i+1]), pos-float64(i))
}

// Lerp is NumPy's interpolation, symmetric in its ends so that it is monotone.
func Lerp(a, b, t float64) float64 {
	if t >= 0.5 {
		return b - (b-a)*(1-t)
	}
	return a + (b-a)*t
}

// Exact is the quantile with its interval from ascending values.
func Exact(sorted []int64, q float64) stats.Quantile { return ExactWith(sorted, q, 1) }

// ExactWith is Exact where neighbours are alike, so that the quantile varies
// inflation times as much as it would if they were independent.
func ExactWith(sorted []int64, q, inflation float64) stats.Quantile {
	n := len(sorted)
	out := stats.Quantile{Q: q, Value: Percentile(sorted, q), Lo: math.NaN(), Hi: math.NaN(),
		N: n, Need: max(0, Need(q)-n), Exact: true}
	if lo, hi, ok := ranksWith(n, q, inflation, OrderRanks); ok {
		out.Lo, out.Hi = float64(sorted[lo-1]), float64(sorted[hi-1])
	}
	out.Alike = math.IsNaN(out.Lo) && inflation > 1 && Tells(n, q, 1)
	return out
}

// Median of values in any order; NaN without any. It sorts a copy.
func Median[T int64 | float64](values []T) float64 {
	s := slices.Clone(values)
	slices.Sort(s)
	return Percentile(s, 0.5)
}
