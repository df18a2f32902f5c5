package between

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/tailscope/tailscope/stats/quantile"
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

// Three sessions a side of the same thing, whose figures differ by 3 or 20 % from
// session to session, normal, heavy-tailed or with an hour of their own: a change is
// claimed in no more than 6 %, gates fail in no more than half of that, both with
// their upper binomial bound, intervals cover and the promised power is kept.
func TestSessionsOfTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	normal := func() float64 { return r.NormFloat64() }
	heavy := func() float64 { // Student's t of five degrees of freedom, of variance 1
		x := 0.0
		for range 5 {
			z := r.NormFloat64()
			x += z * z
		}
		return r.NormFloat64() / math.Sqrt(x/5) * math.Sqrt(3./5)
	}
	skewed := func() float64 { return r.ExpFloat64() - 1 }
	trials, slow := 3000, 500
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		trials, slow = 10000, 2000
	}
	for _, c := range []struct {
		sd   float64
		k    int
		of   func() float64
		what string
	}{{.2, 3, normal, "normal"}, {.03, 3, normal, "normal"}, {.2, 3, heavy, "heavy tails"}, {.03, 3, skewed, "skewed"}, {.2, 5, normal, "normal"}, {.03, 8, normal, "normal"}} {
		draw := func(shift float64) []float64 {
			v := make([]float64, c.k)
			for i := range v {
				v[i] = 1e6 * math.Exp(shift+c.sd*c.of())
			}
			return v
		}
		claims, fails, cover, found := 0, 0, 0, 0
		for i := range trials {
			x := Compare(draw(0), draw(0), nil)
			if x.Told() {
				claims++
			}
			if AtMost(x.Lo, x.Hi, 1) == Fail {
				fails++
			}
			if i >= slow {
				continue
			}
			if y := Compare(draw(0), draw(.5), nil); y.Lo <= math.Exp(.5) && math.Exp(.5) <= y.Hi {
				cover++
			}
			small := math.Log1p(Compare(draw(0), draw(0), nil).Smallest)
			if y := Compare(draw(0), draw(small), nil); y.Told() {
				found++
			}
		}
		_, most := quantile.ClopperPearson(claims, trials)
		_, mostFails := quantile.ClopperPearson(fails, trials)
		t.Logf("%s, sd %v, %d a side: claims %.2f %% (at most %.2f), fails %.2f, covers %.1f, found %.0f", c.what, c.sd, c.k, 100*float64(claims)/float64(trials), 100*most,
			100*float64(fails)/float64(trials), 100*float64(cover)/float64(slow), 100*float64(found)/float64(slow))
		if limit := 0.06 + 0.01*float64(min(c.k-3, 1)); most > limit || mostFails > limit/2+.005 || float64(cover)/float64(slow) < .93 {
			t.Errorf("%s, sd %v, %d a side: claims at most %.4f, fails %.4f, covers %d of %d", c.what, c.sd, c.k, most, mostFails, cover, slow)
		}
		if _, hi := quantile.ClopperPearson(found, slow); hi < .8 && c.what == "normal" || hi < .75 {
			t.Errorf("%s, sd %v, %d a side: the smallest change is found in %d of %d", c.what, c.sd, c.k, found, slow)
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
		want          Outcome
	}{{.9, 1.05, 1.1, Pass}, {1.2, 1.3, 1.1, Fail}, {1, 1.2, 1.1, Undecided}, {nan, nan, 1.1, Undecided}} {
		if got := AtMost(c.lo, c.hi, c.limit); got != c.want {
			t.Errorf("[%v, %v] at most %v: %v", c.lo, c.hi, c.limit, got)
		}
	}
}
