package quantile

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence of every interval in this package, two-sided.
const Confidence = 0.95

// Need returns the smallest number of samples that supports the q-quantile: with
// that many, at least one lies above the quantile with 99 % probability
// (q^n ≤ 0.01). 7 for p50, 459 for p99, 4,603 for p99.9.
func Need(q float64) int {
	if q <= 0 || q >= 1 {
		return 1
	}
	return int(math.Ceil(math.Log(0.01) / math.Log(q)))
}

// binomCDF is P(X ≤ k) for X binomial(n, p), from the regularised incomplete
// beta function (DLMF 8.17.5).
func binomCDF(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 1-p)
}

// OrderRanks returns the 1-based ranks lo and hi of the order statistics that
// bound the q-quantile of any continuous distribution with at least 95 %
// confidence, 2.5 % a side (Conover, Practical Nonparametric Statistics, 3.2;
// David and Nagaraja, Order Statistics, 7.1): lo is the largest rank with
// P(B ≤ lo−1) ≤ 0.025 and hi the smallest with P(B ≤ hi−1) ≥ 0.975,
// B binomial(n, q). ok is false when n is too small for one of them.
func OrderRanks(n int, q float64) (lo, hi int, ok bool) {
	const a = (1 - Confidence) / 2
	if n < 1 || q <= 0 || q >= 1 || math.Pow(q, float64(n)) > a || math.Pow(1-q, float64(n)) > a {
		return 0, 0, false
	}
	if float64(n)*(1-q) <= 30 {
		return ranksByTail(n, q)
	}
	mean, sd := float64(n)*q, math.Sqrt(float64(n)*q*(1-q))
	lo = clampInt(int(mean-1.96*sd+0.5), 0, n)
	for lo < n && binomCDF(lo, n, q) <= a { // rank lo+1 would still do
		lo++
	}
	for lo > 0 && binomCDF(lo-1, n, q) > a {
		lo--
	}
	hi = clampInt(int(mean+1.96*sd+0.5)+1, 1, n+1)
	for hi <= n && binomCDF(hi-1, n, q) < 1-a {
		hi++
	}
	for hi > 1 && binomCDF(hi-2, n, q) >= 1-a {
		hi--
	}
	return lo, hi, lo >= 1 && hi <= n
}

// ranksByTail is OrderRanks where few samples lie beyond the quantile: it adds
// up the distribution of their number, binomial(n, 1−q), from 0.
func ranksByTail(n int, q float64) (lo, hi int, ok bool) {
	const a = (1 - Confidence) / 2
	pmf := math.Exp(float64(n) * math.Log(q))
	cdf := pmf
	hi = n + 1
	for j := 0; j <= n; j++ {
		if cdf <= a {
			hi = n - j
		}
		if cdf >= 1-a {
			return n - j, hi, hi <= n && n-j >= 1
		}
		pmf *= float64(n-j) / float64(j+1) * (1 - q) / q
		cdf += pmf
	}
	return 0, hi, false
}

// OrderRanksFast is OrderRanks for many samples: a Cornish-Fisher expansion of
// the binomial (Abramowitz and Stegun 26.2.47 with skewness only), one rank
// wider on each side, which keeps the 95 % (TestOrderRanksFast).
func OrderRanksFast(n int, q float64) (lo, hi int, ok bool) {
	sd := math.Sqrt(float64(n) * q * (1 - q))
	if sd < 5 {
		return OrderRanks(n, q)
	}
	const z = 1.959963984540054
	mid := float64(n)*q + (z*z-1)/6*(1-2*q) + 0.5
	lo, hi = int(math.Floor(mid-z*sd))-1, int(math.Ceil(mid+z*sd))+1
	return lo, hi, lo >= 1 && hi <= n
}

// ClopperPearson returns the exact 95 % interval of a proportion k of n
// (Clopper and Pearson 1934). NaN when n is 0.
func ClopperPearson(k, n int) (lo, hi float64) { return proportion(float64(k), float64(n)) }

func proportion(k, n float64) (lo, hi float64) {
	const a = (1 - Confidence) / 2
	if n <= 0 {
		return math.NaN(), math.NaN()
	}
	lo, hi = 0, 1
	if k > 0 {
		lo = mathext.InvRegIncBeta(k, n-k+1, a)
	}
	if k < n {
		hi = mathext.InvRegIncBeta(k+1, n-k, 1-a)
	}
	return lo, hi
}

// Beyond is the 95 % interval of the share of values that lie beyond a limit, k of
// n whose neighbours may be alike: ClopperPearson of as many independent values as
// would tell as much (Korn and Graubard, Survey Methodology 24, 1998).
func (s Spread) Beyond(k, n int) (lo, hi float64) {
	g := 1.0
	if n > 0 {
		g = s.At(1 - float64(k)/float64(n))
	}
	return proportion(float64(k)/g, float64(n)/g)
}

func clampInt(v, lo, hi int) int { return max(lo, min(v, hi)) }

// T is the p-quantile of Student's t with df degrees of freedom; the normal
// distribution's from 300 on, which is within 0.5 % of it.
func T(p, df float64) float64 {
	if df >= 300 {
		return math.Sqrt2 * math.Erfinv(2*p-1)
	}
	return distuv.StudentsT{Sigma: 1, Nu: math.Max(df, 1)}.Quantile(p)
}

// NormalCDF is the standard normal distribution's, at most what T can invert.
func NormalCDF(x float64) float64 { return math.Min(1-1e-12, math.Erfc(-x/math.Sqrt2)/2) }

// Middle is the quantile up to which the spread of the median stands for others.
const Middle = 0.75

// Spread is how much more quantiles vary than they would if the values were
// independent: up to Middle, up to p95, above. 0 is 1.
type Spread [3]float64

// At is that of the q-quantile, 1 or more.
func (s Spread) At(q float64) float64 {
	switch {
	case q <= Middle:
		return max(s[0], 1)
	case q < .97:
		return max(s[1], 1)
	}
	return max(s[2], 1)
}

// effective is how many of n values that are independent would tell as much of
// the median, at least 1; 0 where that is not known.
func (s Spread) effective(n int) float64 {
	if s[0] == 0 {
		return 0
	}
	return max(1, float64(n)/s[0])
}

// ranksWith are the ranks of as many independent values as would tell as much,
// spread over those there are.
func ranksWith(n int, q, inflation float64, ranks func(n int, q float64) (lo, hi int, ok bool)) (lo, hi int, ok bool) {
	if inflation <= 1 {
		return ranks(n, q)
	}
	effective := int(float64(n) / inflation)
	if lo, hi, ok = ranks(effective, q); !ok || TooAlike(effective, inflation) {
		return 0, 0, false
	}
	each := float64(n) / float64(effective)
	return max(1, int(float64(lo)*each)), n - int(float64(effective-hi)*each), true
}

// leastAlike is how many independent values an interval rests on at least where
// neighbours are alike (inflation above alike): of fewer, the inflation itself is
// not known well enough for 95 %.
const (
	leastAlike = 30
	alike      = 1.5
)

// Tells reports whether there is an interval of the q-quantile of n values whose
// quantile varies so much more: of a p99, those that stand for 368 independent ones.
func Tells(n int, q, inflation float64) bool {
	_, _, ok := ranksWith(n, q, inflation, OrderRanks)
	return ok
}

// TooAlike reports whether neighbours are alike, so that their inflation is above
// one, and so few values independent that it is not known well enough.
func TooAlike(effective int, inflation float64) bool {
	return inflation > alike && effective < leastAlike
}

// TwoSided is the chance that |t| exceeds z with df degrees of freedom.
func TwoSided(z, df float64) float64 {
	if df >= 300 {
		return math.Erfc(z / math.Sqrt2)
	}
	return 2 * distuv.StudentsT{Sigma: 1, Nu: math.Max(df, 1)}.Survival(z)
}
