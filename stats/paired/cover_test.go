package paired

import (
	"os"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/sim"
	"github.com/tailscope/tailscope/stats/quantile"
)

// The 95 % intervals of 1,000 pairs hold the truth, no difference, in 93 % of
// sessions or more under every noise, 90 % where a lane's own is correlated by
// 0.9; those of median and mean are no wider than they need to be where pairs are
// independent.
func TestIntervalsCover(t *testing.T) {
	trials := 200
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		trials = 1500
	}
	for i := range sim.Conditions {
		c := &sim.Conditions[i]
		var covers [stats.NumStatistics]int
		for s := range trials {
			drawn := c.Session(uint64(s)+1e6, 1000, 0)
			pairs := make([]Pair, len(drawn))
			for k, p := range drawn {
				pairs[k] = Pair{Eager: p.Eager, Optimized: p.Optimized}
			}
			_, est := Describe(pairs)
			for k := range est {
				if lo, hi := est[k].Interval(alpha); !(lo > 0) && !(hi < 0) {
					covers[k]++
				}
			}
		}
		t.Logf("%-11s median %.1f mean %.1f p99 %.1f", c.Name, pct(covers[0], trials), pct(covers[1], trials), pct(covers[2], trials))
		least := .93
		if c.Lag1 > .5 {
			least = .9
		}
		for k, n := range covers {
			if _, hi := quantile.ClopperPearson(n, trials); hi < least {
				t.Errorf("%s: the interval of the %v covers in %d of %d", c.Name, stats.Statistic(k), n, trials)
			}
			independent := slices.Contains([]string{"iid", "bimodal3", "mix", "shared", "ar5shared", "drift"}, c.Name)
			if lo, _ := quantile.ClopperPearson(n, trials); independent && stats.Statistic(k) != stats.P99 && lo > .98 {
				t.Errorf("%s: the interval of the %v covers in %d of %d, which is too wide", c.Name, stats.Statistic(k), n, trials)
			}
		}
	}
}

func pct(k, n int) float64 { return 100 * float64(k) / float64(n) }
