package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats/quantile"
)

// seriesBatches is how many batches of equal size a Series keeps at most: when
// they are full, neighbours are joined.
const seriesBatches = 64

// Series is the running mean of a sequence whose neighbours may be alike: wins
// and losses, differences, exceedances. It takes 600 bytes, however long.
type Series struct {
	Signs            bool // the values are −1, 0 or 1, whether a quantity lies below or above a middle
	n                int
	sum, sq          float64
	cross            float64 // Σ of neighbours' products
	first, last      float64
	size, fill, full int // values a batch, in the last batch, batches that are full
	part             float64
	batch            [seriesBatches]float64 // sums
}

// Add takes in the next value.
func (s *Series) Add(x float64) {
	if s.n == 0 {
		s.first, s.size = x, 1
	} else {
		s.cross += x * s.last
	}
	s.n++
	s.sum += x
	s.sq += x * x
	s.last = x
	s.part += x
	if s.fill++; s.fill == s.size {
		s.close()
	}
}

func (s *Series) close() {
	s.batch[s.full] = s.part
	s.full, s.fill, s.part = s.full+1, 0, 0
	if s.full < seriesBatches {
		return
	}
	for i := range seriesBatches / 2 {
		s.batch[i] = s.batch[2*i] + s.batch[2*i+1]
	}
	s.full, s.size = seriesBatches/2, 2*s.size
}

// N is the number of values.
func (s *Series) N() int { return s.n }

// Mean of the values; NaN without any.
func (s *Series) Mean() float64 {
	if s.n == 0 {
		return math.NaN()
	}
	return s.sum / float64(s.n)
}

func (s *Series) variance() float64 {
	if s.n < 2 {
		return math.NaN()
	}
	n := float64(s.n)
	return math.Max(0, (s.sq-s.sum*s.sum/n)/(n-1))
}

// Inflation is how much more the mean varies than it would if the values were
// independent, 1 or more: the larger of what the correlation of neighbours says
// of a first-order process, (1+ρ)/(1−ρ), and of what the means of batches show
// (batch means: Conway, Management Science 9, 1963; Flegal and Jones, Annals of
// Statistics 38, 2010), which also sees what goes on for longer.
func (s *Series) Inflation() float64 {
	v := s.variance()
	if s.n < 8 || !(v > 0) {
		return 1
	}
	return math.Max(1, math.Max(s.byNeighbours(), s.byBatches(v)))
}

func (s *Series) byNeighbours() float64 {
	rho := math.Max(0, math.Min(s.lag1(), 1-2/float64(s.n)))
	if s.Signs {
		return signInflation(rho)
	}
	return (1 + rho) / (1 - rho)
}

// signInflation is that of the signs of a Gaussian first-order process, whose
// correlations are 2/π·asin(rᵏ) and so fade more slowly than powers of the
// first, which is rho (Kedem, Binary Time Series, 1980).
func signInflation(rho float64) float64 {
	r := math.Sin(math.Pi / 2 * rho)
	sum := 1.0
	for p, k := r, 0; p > 1e-3 && k < 1000; k++ {
		sum += 4 / math.Pi * math.Asin(p)
		p *= r
	}
	return sum
}

// batchSlack is by how much the batches must show more than independence
// before they count: below lies what so few of them show by chance.
const batchSlack = 1.2

func (s *Series) byBatches(v float64) float64 {
	if s.size < 2 {
		return 1
	}
	var sum, sq float64
	for _, b := range s.batch[:s.full] {
		m := b / float64(s.size)
		sum += m
		sq += m * m
	}
	k := float64(s.full)
	between := (sq - sum*sum/k) / (k - 1)
	if x := between * float64(s.size) / v; x > batchSlack {
		return x
	}
	return 1
}

// lasting is Inflation where what goes on for long matters more than a narrow
// interval: from 16 to 31 batches, twice as long as those of Inflation, whose own
// correlation, beyond a standard error of it, is taken for that of a first-order
// process. It is as much larger as Student's t of so few batches is than that of
// the effective number of values.
func (s *Series) lasting() float64 {
	v := s.variance()
	if s.n < 32 || !(v > 0) {
		return s.Inflation()
	}
	k, g := s.full/2, math.Max(1, s.byNeighbours())
	var means Series
	for i := range k {
		means.Add((s.batch[2*i] + s.batch[2*i+1]) / float64(2*s.size))
	}
	rho := means.lag1() - 1/math.Sqrt(float64(k))
	rho = math.Max(0, math.Min(rho, .9))
	if x := means.variance() * float64(2*s.size) / v * (1 + rho) / (1 - rho); x > batchSlack {
		g = math.Max(g, x)
	}
	effective := float64(s.n)/g - 1
	if g == 1 || effective < 1 {
		return g
	}
	wider := quantile.T((1+quantile.Confidence)/2, math.Min(effective, float64(k-1))) / quantile.T((1+quantile.Confidence)/2, effective)
	return g * wider * wider
}

// lag1 is the correlation of neighbours, corrected for what it is too low by.
func (s *Series) lag1() float64 {
	v := s.variance()
	if s.n < 8 || !(v > 0) {
		return 0
	}
	n, mean := float64(s.n), s.sum/float64(s.n)
	rho := ((s.cross-mean*(2*s.sum-s.first-s.last))/(n-1) + mean*mean) / v
	return rho + (1+3*rho)/n // Marriott and Pope 1954
}

// Effective is the number of independent values that would tell as much.
func (s *Series) Effective() float64 { return float64(s.n) / s.Inflation() }

// SE is the standard error of the mean; NaN below two values.
func (s *Series) SE() float64 { return math.Sqrt(s.variance() / s.Effective()) }

// Least number of independent values below which nothing is said: anywhere, where
// one looks again and again or neighbours are alike, so that the number itself is
// uncertain, and where they are very much alike.
const (
	leastEffective = 10
	leastCareful   = 20
	leastAlike     = 40
	alike          = 1.5
	veryAlike      = 3.5
)

// factor is how many standard errors an interval of this α reaches, by the number
// of values and how much more their mean varies than if they were independent;
// +Inf where they are too few to tell. A sequence is looked at again and again.
func factor(n, inflation, alpha float64, sequence bool) float64 {
	effective := n / inflation
	switch {
	case !(effective >= leastEffective), (sequence || inflation > alike) && effective < leastCareful,
		inflation > veryAlike && effective < leastAlike:
		return math.Inf(1)
	case !sequence:
		return quantile.T(1-alpha/2, effective-1)
	}
	return quantile.T(quantile.NormalCDF(boundary(effective, alpha)), effective-1)
}

// tunedFor is the number of independent values at which a confidence sequence
// is narrowest.
const tunedFor = 300

// boundary is the half width, in standard errors, of a confidence sequence: with
// probability 1−α the truth lies inside at every n at once, however often one
// looks (Robbins' normal mixture, Annals of Mathematical Statistics 41, 1970; with
// an estimated variance, Waudby-Smith et al., Annals of Statistics 52, 2024).
func boundary(n, alpha float64) float64 {
	l := -2 * math.Log(alpha)
	t := n * (l + math.Log(l) + 1) / tunedFor
	return math.Sqrt(2 * (t + 1) / t * math.Log(math.Sqrt(t+1)/alpha))
}

// Interval of the mean; NaN where the values are too few. With sequence it holds
// at any moment, else for an n that was not chosen by looking.
func (s *Series) Interval(alpha float64, sequence bool) (lo, hi float64) {
	half := s.Half(alpha, sequence)
	return s.Mean() - half, s.Mean() + half
}

// leastExceed is the number of pairs in which only one lane exceeds its p99 from
// which, about, one may look at it again and again.
const leastExceed = 15

// exceed is half the width, after n pairs, for a series of 1 where only the
// optimized lane lies beyond its quantile, −1 where only the eager one does, else
// 0. The quantiles come from the same samples, which hides one a lane, and where
// few differ their variance is uncertain: one more is counted (Agresti and Min,
// Statistics in Medicine 24, 2005), where one looks again and again two, and one step
// of the counts is added.
// least is an inflation below which that of so few is not believed.
func (s *Series) exceed(n int, alpha, least float64, sequence bool) float64 {
	g, all := math.Max(s.Inflation(), least), float64(n)
	if sequence && s.sq*all < leastExceed*float64(s.n) {
		return math.NaN()
	}
	f := factor(all, g, alpha, sequence)
	if math.IsInf(f, 1) || s.n == 0 || !quantile.Tells(n, .99, g) {
		return math.NaN()
	}
	more, step := 1.0, 0.0
	if sequence {
		more, step = 2, 1
	}
	return (f*math.Sqrt((s.sq*all/float64(s.n)+more)*g) + step) / all
}

// Half is half the width of Interval.
func (s *Series) Half(alpha float64, sequence bool) float64 {
	f := factor(float64(s.n), s.Inflation(), alpha, sequence)
	if math.IsInf(f, 1) {
		return math.NaN()
	}
	return f * s.SE()
}

// Differ is the two-sided p of the means of two series being the same (Welch's t
// by effective numbers); NaN where one has too few values.
func Differ(a, b *Series) float64 {
	n := math.Min(a.Effective(), b.Effective())
	if !(n >= leastEffective) {
		return math.NaN()
	}
	z := math.Abs(a.Mean()-b.Mean()) / math.Hypot(a.SE(), b.SE())
	return quantile.TwoSided(z, n-1)
}

// Exceedance is half the width, at any moment, of the interval of a share: of
// the values that lie beyond a q-quantile (1 or 0), or of those of two sequences
// in which only one does (1, 0, −1). The quantile may come from the same values.
// NaN where they are too few: of a tail, a dozen beyond it are needed.
func (s *Series) Exceedance(alpha, q float64) float64 {
	if q > quantile.Middle && s.sq < leastExceed && float64(s.n)*(1-q) < leastExceed {
		return math.NaN()
	}
	g, n := s.Inflation(), float64(s.n)
	f := factor(n, g, alpha, true)
	if math.IsInf(f, 1) {
		return math.NaN()
	}
	return (f*math.Sqrt((s.sq-s.sum*s.sum/n+2)*g) + 1) / n
}
