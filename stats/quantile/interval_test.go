package quantile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// The interval from order statistics covers at least 94.5 % for every
// distribution: it is conservative.
func TestOrderIntervalCoverage(t *testing.T) {
	statstest.Slow(t)
	const trials = 20000
	for _, p := range statstest.Populations() {
		for _, c := range []struct {
			n int
			q float64
		}{{30, .5}, {270, .5}, {100, .9}, {500, .99}, {1000, .99}, {5000, .999}} {
			if c.n > 1000 && testing.Short() {
				continue
			}
			r := rand.New(rand.NewPCG(uint64(c.n), uint64(1e4*c.q)))
			truth := p.Quantile(c.q)
			hit, tried := 0, trials*500/max(c.n, 500)
			v := make([]int64, c.n)
			for range tried {
				for i := range v {
					v[i] = int64(p.Draw(r))
				}
				slices.Sort(v)
				q := Exact(v, c.q)
				if q.Lo <= truth && truth <= q.Hi || math.IsNaN(q.Lo) {
					hit++
				}
			}
			cover := float64(hit) / float64(tried)
			t.Logf("%s n=%d q=%v: %.2f %% of %d", p.Name, c.n, c.q, 100*cover, tried)
			if cover < 0.945-3*math.Sqrt(.05*.95/float64(tried)) {
				t.Errorf("%s n=%d q=%v covers %.2f %%", p.Name, c.n, c.q, 100*cover)
			}
		}
	}
}

// The fast ranks are never tighter than 95 % and at most two ranks a side wider
// than the exact ones.
func TestOrderRanksFast(t *testing.T) {
	for _, q := range []float64{.01, .1, .5, .9, .95, .99, .999} {
		for n := 1000; n < 3_000_000; n = n*13/10 + 7 {
			lo, hi, ok := OrderRanksFast(n, q)
			elo, ehi, eok := OrderRanks(n, q)
			if !ok || !eok {
				if ok != eok {
					t.Errorf("n %d q %v: fast %v, exact %v", n, q, ok, eok)
				}
				continue
			}
			if lo > elo || hi < ehi || lo < elo-3 || hi > ehi+3 {
				t.Errorf("n %d q %v: fast %d-%d, exact %d-%d", n, q, lo, hi, elo, ehi)
			}
		}
	}
}

// The Clopper-Pearson interval covers at least 95 % for every true share:
// computed, not simulated.
func TestClopperPearsonCoverage(t *testing.T) {
	for _, n := range []int{5, 30, 200} {
		for _, p := range []float64{.001, .01, .1, .37, .5, .99} {
			cover := 0.0
			for k := range n + 1 {
				if lo, hi := ClopperPearson(k, n); lo <= p && p <= hi {
					cover += binomCDF(k, n, p) - binomCDF(k-1, n, p)
				}
			}
			if cover < .95-1e-9 {
				t.Errorf("n %d p %v covers %v", n, p, cover)
			}
		}
	}
}

// Of values that come in clumps, the interval of the share beyond a limit covers
// it; the one that takes them for independent does not.
func TestBeyondOfClumps(t *testing.T) {
	const clump, n, trials, share = 8, 1600, 1500, .03
	r := rand.New(rand.NewPCG(5, 12))
	var covers, naive int
	for range trials {
		k := 0
		for range n / clump {
			if r.Float64() < share {
				k += clump
			}
		}
		if lo, hi := (Spread{clump, clump, clump}).Beyond(k, n); lo <= share && share <= hi {
			covers++
		}
		if lo, hi := ClopperPearson(k, n); lo <= share && share <= hi {
			naive++
		}
	}
	if covers < trials*94/100 || naive > trials*3/4 {
		t.Errorf("covers in %d of %d, without clumps %d", covers, trials, naive)
	}
	if lo, hi := (Spread{}).Beyond(7, 300); true {
		if l, h := ClopperPearson(7, 300); lo != l || hi != h {
			t.Errorf("independent: %v %v, want %v %v", lo, hi, l, h)
		}
	}
}
