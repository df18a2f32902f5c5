package paired

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/sim"
	"github.com/tailscope/tailscope/stats/quantile"
)

// laneQuantiles are those whose intervals a lane shows.
var laneQuantiles = []float64{.5, .95, .99}

// coverage counts sessions: where an interval was stated, and where it held the
// truth.
type coverage struct{ stated, held int }

func (c *coverage) see(lo, hi, truth float64) {
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return
	}
	c.stated++
	if lo <= truth && truth <= hi {
		c.held++
	}
}

func (c *coverage) String() string {
	if c.stated == 0 {
		return "—"
	}
	return fmt.Sprintf("%.1f of %d", 100*float64(c.held)/float64(c.stated), c.stated)
}

// covers are those of the three statistics of pairs, and of a lane's quantiles.
func covers(c *sim.Condition, n, trials int) (pair [stats.NumStatistics]coverage, lane [3]coverage) {
	var truth []int64
	for s := range 400_000/n + 1 {
		for _, p := range c.Session(uint64(s)+9e8, n, 0) {
			truth = append(truth, p.Eager, p.Optimized)
		}
	}
	slices.Sort(truth)
	for s := range trials {
		drawn := c.Session(uint64(s)+1e6, n, 0)
		pairs, eager := make([]Pair, n), make([]int64, n)
		for k, p := range drawn {
			pairs[k], eager[k] = Pair{Eager: p.Eager, Optimized: p.Optimized}, p.Eager
		}
		_, est := Describe(pairs)
		for k := range est {
			lo, hi := est[k].Interval(alpha)
			pair[k].see(lo, hi, 0)
		}
		sorted := slices.Sorted(slices.Values(eager))
		spread := SpreadOf(eager, sorted)
		for k, q := range laneQuantiles {
			x := quantile.ExactWith(sorted, q, spread.At(q))
			lane[k].see(x.Lo, x.Hi, quantile.Percentile(truth, q))
		}
	}
	return pair, lane
}

// notMet are what a stretch of requests cannot know of: bursts, of which it has met
// one or none, and a host that wanders for as long as a third of it.
func notMet(c *sim.Condition, n int, q float64) bool {
	return c.Name == "bursts" && q > .5 || c.Name == "ar98shared" && n <= 3000
}

// A 95 % interval is wrong in 7 % of sessions at most, whatever the noise, and where it
// is stated in most of them it holds the truth in 93 % or more; no more than 98 % where
// nothing makes it careful: neither ties, a trend, nor a lane's own wandering.
func TestIntervalsCover(t *testing.T) {
	sizes := map[int]int{1000: 150}
	if os.Getenv("TAILSCOPE_SLOW") != "" {
		sizes = map[int]int{100: 600, 300: 600, 1000: 500, 4000: 200}
	}
	exact := []string{"iid", "bimodal3", "mix", "shared", "ar9shared", "noisy", "bursts"}
	for n, trials := range sizes {
		for i := range sim.Conditions {
			c := &sim.Conditions[i]
			pair, lane := covers(c, n, trials)
			t.Logf("%-11s n %d, of %d: median %v, mean %v, p99 %v; a lane's p50 %v, p95 %v, p99 %v", c.Name, n, trials, &pair[0], &pair[1], &pair[2], &lane[0], &lane[1], &lane[2])
			judge := func(what string, x *coverage) {
				t.Helper()
				if lo, _ := quantile.ClopperPearson(x.stated-x.held, trials); lo > .07 {
					t.Errorf("%s, n %d: the interval of the %s is wrong in %d of %d sessions", c.Name, n, what, x.stated-x.held, trials)
				}
				if _, hi := quantile.ClopperPearson(x.held, x.stated); 2*x.stated >= trials && hi < .93 {
					t.Errorf("%s, n %d: the interval of the %s holds in %d of %d", c.Name, n, what, x.held, x.stated)
				}
			}
			for k := range pair {
				what := "pairs' " + stats.Statistic(k).String()
				judge(what, &pair[k])
				if lo, _ := quantile.ClopperPearson(pair[k].held, pair[k].stated); slices.Contains(exact, c.Name) && pair[k].stated > 0 && lo > .98 {
					t.Errorf("%s, n %d: the interval of the %s holds in %d of %d, which is too wide", c.Name, n, what, pair[k].held, pair[k].stated)
				}
			}
			for k, q := range laneQuantiles {
				if !notMet(c, n, q) {
					judge(fmt.Sprintf("lane's p%g", 100*q), &lane[k])
				}
			}
		}
	}
}
