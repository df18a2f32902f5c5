package live

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/quantile"
)

// What docs/statistics.md says of intervals from order statistics where their
// assumption fails: samples that depend on each other, and a rule that stops
// when the interval happens to be narrow.
func TestOrderIntervalAssumesIndependence(t *testing.T) {
	statstest.Slow(t)
	r := rand.New(rand.NewPCG(3, 3))
	for _, c := range []struct{ rho, lo, hi float64 }{{0, .945, .975}, {.5, .76, .86}, {.9, .35, .46}} {
		const trials, n = 2000, 1000
		hit := 0
		for range trials {
			v, z := make([]int64, n), r.NormFloat64()
			for i := range v {
				v[i] = int64(2e6 * math.Exp(0.4*z))
				z = c.rho*z + math.Sqrt(1-c.rho*c.rho)*r.NormFloat64()
			}
			slices.Sort(v)
			if q := quantile.Exact(v, .5); q.Lo <= 2e6 && 2e6 <= q.Hi {
				hit++
			}
		}
		cover := float64(hit) / trials
		t.Logf("p50 of %d, lag-1 correlation %v: %.1f %%", n, c.rho, 100*cover)
		if slack := 3 * math.Sqrt(cover*(1-cover)/trials); cover < c.lo-slack || cover > c.hi+slack {
			t.Errorf("correlation %v: %.3f, documented %v to %v", c.rho, cover, c.lo, c.hi)
		}
	}
}

func TestUntilCostsCoverage(t *testing.T) {
	statstest.Slow(t)
	const trials = 2000
	r := rand.New(rand.NewPCG(4, 4))
	hit := 0
	for range trials {
		var v []int64
		for {
			for range 50 {
				v = append(v, int64(2e6*math.Exp(0.4*r.NormFloat64())))
			}
			slices.Sort(v)
			if q := quantile.Exact(v, .5); q.Hi-q.Lo <= .05*q.Value {
				if q.Lo <= 2e6 && 2e6 <= q.Hi {
					hit++
				}
				break
			}
		}
	}
	cover := float64(hit) / trials
	t.Logf("p50 within 5 %%, looked at every 50 samples: %.1f %%", 100*cover)
	if cover < .90 || cover > .955 {
		t.Errorf("%.3f", cover)
	}
}
