package between

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Welch's own arithmetic, against scipy.stats.ttest_ind(equal_var=False) of the
// logs: t and the 95 % interval of the difference.
func TestCompareIsWelch(t *testing.T) {
	a, b := []float64{1.00, 1.10, 0.95, 1.04}, []float64{1.20, 1.31, 1.18}
	c := Compare(a, b, nil)
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-3*math.Abs(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("ratio", c.Ratio, math.Cbrt(1.20*1.31*1.18)/math.Pow(1.00*1.10*0.95*1.04, .25))
	near("df", c.Df, 4.7065)
	if !c.Told() || c.Lo < 1.05 || c.Hi > 1.36 || c.Smallest < .1 || c.Smallest > .25 {
		t.Errorf("%+v", c)
	}
}

func TestOneSessionASideClaimsNothing(t *testing.T) {
	c := Compare([]float64{1}, []float64{3}, nil)
	if c.Told() || !math.IsNaN(c.Lo) || !math.IsNaN(c.Smallest) || math.Abs(c.Ratio-3) > 1e-9 {
		t.Errorf("%+v", c)
	}
	n := NoiseOf([]float64{1, 1.02, .97, 1.01, .99, 1.03})
	if c := Compare([]float64{1}, []float64{1.02}, &n); c.Told() || !c.Recorded {
		t.Errorf("within the recorded noise: %+v", c)
	}
	if c := Compare([]float64{1}, []float64{1.3}, &n); !c.Told() {
		t.Errorf("far beyond the recorded noise: %+v", c)
	}
	if c := Compare(nil, []float64{1}, &n); c.Told() || !math.IsNaN(c.Ratio) {
		t.Errorf("nothing to compare with: %+v", c)
	}
}

// Three sessions a side of the same thing, whose figures differ by 20 % from
// session to session: a change is claimed in no more than 6 %, gates fail as
// seldom, and the promised power is kept.
func TestSessionsOfTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	const trials = 2000
	for _, c := range []struct {
		sd float64
		k  int
	}{{.2, 3}, {.03, 3}, {.2, 5}, {.03, 8}} {
		draw := func(shift float64) []float64 {
			v := make([]float64, c.k)
			for i := range v {
				v[i] = 1e6 * math.Exp(shift+c.sd*r.NormFloat64())
			}
			return v
		}
		claims, fails, cover, found := 0, 0, 0, 0
		for range trials {
			x := Compare(draw(0), draw(0), nil)
			if x.Told() {
				claims++
			}
			if AtMost(x.Lo, x.Hi, 1) == Fail {
				fails++
			}
			if y := Compare(draw(0), draw(.5), nil); y.Lo <= math.Exp(.5) && math.Exp(.5) <= y.Hi {
				cover++
			}
			small := math.Log1p(Compare(draw(0), draw(0), nil).Smallest)
			if y := Compare(draw(0), draw(small), nil); y.Told() {
				found++
			}
		}
		p := func(k int) float64 { return float64(k) / trials }
		if p(claims) > .06 || p(fails) > .04 || p(cover) < .94 {
			t.Errorf("sd %v, %d a side: claims %.3f, fails %.3f, covers %.3f", c.sd, c.k, p(claims), p(fails), p(cover))
		}
		if p(found) < .6 {
			t.Errorf("sd %v, %d a side: the smallest change is found in %.2f", c.sd, c.k, p(found))
		}
	}
}

func TestSessionsNeeded(t *testing.T) {
	c := Change{Sd: .026}
	n := c.Sessions(.02)
	if n < 20 || n > 40 {
		t.Errorf("%d sessions for 2 %% at 2.6 %%", n)
	}
	if c.Sessions(0) != 0 || (Change{Sd: math.NaN()}).Sessions(.02) != 0 {
		t.Error("nothing known, yet a number")
	}
}

func TestGateHasThreeOutcomes(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		lo, hi, limit float64
		most, least   Outcome
	}{{.9, 1.05, 1.1, Pass, Fail}, {1.2, 1.3, 1.1, Fail, Pass}, {1, 1.2, 1.1, Undecided, Undecided}, {nan, nan, 1.1, Undecided, Undecided}} {
		if got := AtMost(c.lo, c.hi, c.limit); got != c.most {
			t.Errorf("[%v, %v] at most %v: %v", c.lo, c.hi, c.limit, got)
		}
		if got := AtLeast(c.lo, c.hi, c.limit); got != c.least {
			t.Errorf("[%v, %v] at least %v: %v", c.lo, c.hi, c.limit, got)
		}
	}
}
