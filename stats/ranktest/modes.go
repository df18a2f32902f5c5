package ranktest

import (
	"math"
	"slices"
)

// What two modes must be: apart by this many pooled standard deviations
// (Ashman's D of log latency; above 2 is clearly separated, Ashman et al.
// 1994), this share of samples in the smaller, and a valley between them.
const (
	ashmanD    = 3.0
	modeShare  = 0.05
	modeValley = 0.5
)

// Modes is a split of positive values into a lower and an upper group.
type Modes struct {
	Bimodal      bool
	Lower, Upper float64 // geometric means
	UpperShare   float64
	D            float64 // Ashman's D of the logarithms
}

// TwoModes splits positive values where the variance of their logarithms
// within the two groups is least (Otsu 1979) and judges whether the groups are
// modes.
func TwoModes(values []float64) Modes {
	v := make([]float64, 0, len(values))
	for _, x := range values {
		if x > 0 {
			v = append(v, math.Log(x))
		}
	}
	n := len(v)
	if n < 4 {
		return Modes{Lower: math.NaN(), Upper: math.NaN()}
	}
	slices.Sort(v)
	total, left, best, at := 0.0, 0.0, -1.0, 1
	for _, x := range v {
		total += x
	}
	for i := 1; i < n; i++ { // between-group variance, largest
		left += v[i-1]
		a, b := left/float64(i), (total-left)/float64(n-i)
		if between := float64(i) * float64(n-i) * (a - b) * (a - b); between > best {
			best, at = between, i
		}
	}
	m1, s1 := momentsOf(v[:at])
	m2, s2 := momentsOf(v[at:])
	out := Modes{Lower: math.Exp(m1), Upper: math.Exp(m2), UpperShare: float64(n-at) / float64(n)}
	out.D = math.Sqrt2 * (m2 - m1) / math.Sqrt(s1*s1+s2*s2+1e-12)
	out.Bimodal = out.D > ashmanD && math.Min(out.UpperShare, 1-out.UpperShare) >= modeShare && m2-m1 > 0.1 &&
		valley(v, m1, m2) < modeValley
	return out
}

func momentsOf(v []float64) (mean, std float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	for _, x := range v {
		std += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(std / float64(len(v)))
}

// valley is the density halfway between two modes over the lower of the
// densities at the modes, each counted in a quarter of their distance.
func valley(sorted []float64, m1, m2 float64) float64 {
	w := (m2 - m1) / 8
	at := func(x float64) float64 {
		lo, _ := slices.BinarySearch(sorted, x-w)
		hi, _ := slices.BinarySearch(sorted, x+w)
		return float64(hi - lo)
	}
	return at((m1+m2)/2) / math.Max(math.Min(at(m1), at(m2)), 1)
}
