package paired

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// The intervals of the block bootstrap are those that NumPy draws from the same
// pairs, up to the noise of 20,000 resamples: 5 % of their width.
func TestGoldenBootstrap(t *testing.T) {
	for _, s := range statstest.ReadGolden(t).Bootstrap.Sets {
		pairs := make([]Pair, len(s.X))
		for i := range pairs {
			pairs[i] = Pair{Eager: s.X[i], Optimized: s.Y[i]}
		}
		b := Bootstrap(pairs, BootstrapOptions{Resamples: 20000, Seed: 1, Quantiles: s.Qs})
		if b.Block != s.Block {
			t.Errorf("%s: blocks of %d, NumPy's are %d", s.Name, b.Block, s.Block)
		}
		for k, q := range s.Qs {
			nearOf(t, s.Name, q, b.Lo[k], b.Hi[k], s.Delta[k])
		}
		nearOf(t, s.Name+" mean", math.NaN(), b.MeanLo, b.MeanHi, s.Mean)
	}
}

func nearOf(t *testing.T, name string, q, lo, hi float64, want [2]float64) {
	t.Helper()
	if width := want[1] - want[0]; math.Abs(lo-want[0]) > .05*width || math.Abs(hi-want[1]) > .05*width {
		t.Errorf("%s q=%v: [%.0f, %.0f], NumPy [%.0f, %.0f]", name, q, lo, hi, want[0], want[1])
	}
}

// NumPy's bootstrap and ours cover the true difference of p90s alike: within 92
// to 98 % both, and within three standard errors of each other.
func TestGoldenBootstrapCoverage(t *testing.T) {
	draw := map[string]func(r *rand.Rand) float64{
		"lognormal": func(r *rand.Rand) float64 { return 2e6 * math.Exp(0.25*r.NormFloat64()) },
		"bimodal": func(r *rand.Rand) float64 {
			if r.Float64() < 0.7 {
				return 1e6 + 5e4*r.NormFloat64()
			}
			return 4e6 + 2e5*r.NormFloat64()
		},
		"heavy": func(r *rand.Rand) float64 { return 1e6 * math.Pow(1-r.Float64(), -1/1.5) },
	}
	// True p90s: of the lognormal by its formula, of the heavy tail by its own,
	// of the bimodal where the upper mode's normal has its 2/3 quantile.
	p90 := map[string]float64{"lognormal": 2e6 * math.Exp(0.25*1.2815515655446004), "heavy": 1e6 * math.Pow(0.1, -1/1.5),
		"bimodal": 4e6 + 2e5*0.4307272992954576}
	for _, c := range statstest.ReadGolden(t).Bootstrap.Coverage {
		name, correlated, q := c[0].(string), c[1].(bool), c[2].(float64)
		trials, hits := c[3].(float64), c[4].(float64)
		r := rand.New(rand.NewPCG(1989, uint64(len(name))))
		truth, ours := -0.2*p90[name], 0.0
		const n = 500
		for i := range n {
			pairs := drawPairs(r, statstest.Population{Draw: draw[name]}, 400, correlated)
			b := Bootstrap(pairs, BootstrapOptions{Resamples: 400, Seed: uint64(i), Quantiles: []float64{q}})
			if b.Lo[0] <= truth && truth <= b.Hi[0] {
				ours++
			}
		}
		a, b := hits/trials, ours/n
		if se := math.Sqrt(.05 * .95 * (1/trials + 1.0/n)); math.Abs(a-b) > 3*se {
			t.Errorf("%s correlated=%v: NumPy covers %.1f %%, we %.1f %%", name, correlated, 100*a, 100*b)
		}
		if a < .92 || a > .98 || b < .92-.02 || b > .98+.02 { // ± two standard errors of 500
			t.Errorf("%s correlated=%v: %.1f %% and %.1f %%, want 92 to 98", name, correlated, 100*a, 100*b)
		}
		t.Logf("%s correlated=%v: NumPy %.1f %%, we %.1f %%", name, correlated, 100*a, 100*b)
	}
}

func TestGoldenGeomean(t *testing.T) {
	for _, s := range statstest.ReadGolden(t).Sets {
		pairs := make([]Pair, len(s.X))
		for i := range pairs {
			pairs[i] = Pair{Eager: s.X[i], Optimized: s.Y[i]}
		}
		v, _ := Describe(pairs)
		statstest.Near(t, s.Name+" geomean", v.RatioGeomean, s.Geomean, 1e-12)
	}
}

// This machine's A/A sessions take the place of the usual 3 %: what lies within
// their floor is the noise's, what lies beyond is not.
func TestRankByTheMachinesFloor(t *testing.T) {
	est := NoEstimates()
	est[stats.Median] = Estimate{Diff: -2, Base: 100, N: 500, Interval: func(float64) (float64, float64) { return -2.5, -1.5 }}
	for _, c := range []struct {
		share  float64
		winner string
	}{{.021, "~"}, {.019, "optimized"}} {
		n := stats.Noise{Sessions: 12}
		n.Shares[stats.Median] = c.share
		if r := Rank(est, n, stats.SessionShare)[stats.Median]; r.Winner != c.winner || r.Usual || r.Sessions != 12 || r.Floor != 100*c.share {
			t.Errorf("floor %v: %+v", c.share, r)
		}
	}
	if r := Rank(est, stats.Noise{}, stats.SessionShare)[stats.Median]; r.Winner != "~" || !r.Usual {
		t.Errorf("without any: %+v", r)
	}
}
