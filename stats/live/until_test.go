package live

import (
	"math"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/verdict"
)

func TestUntil(t *testing.T) {
	for s, want := range map[string]verdict.Until{
		"p99 within 5 %":            {Statistic: "p99", Within: .05},
		"P50 within 1%":             {Statistic: "p50", Within: .01},
		"median within 2 %":         {Statistic: "p50", Within: .02},
		"optimized p99.9 within 9%": {Statistic: "p99.9", Within: .09, Lane: "optimized"},
		"diff within 10 %":          {Statistic: "diff", Within: .1},
	} {
		got, err := verdict.ParseUntil(s)
		if err != nil || got.Statistic != want.Statistic || math.Abs(got.Within-want.Within) > 1e-15 || got.Lane != want.Lane {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "p99", "p99 within", "p99 within 5 6 7", "p99 within 5", "p50 within 0.05", "p42 within 5 %", "p99 within -1 %", "p99 within 500 %", "p99 within NaN", "optimized diff within 5 %"} {
		if u, err := verdict.ParseUntil(s); err == nil {
			t.Errorf("%q: %+v", s, u)
		}
	}
	c := New(Options{})
	u, _ := verdict.ParseUntil("p50 within 1 %")
	m := statstest.NewMixture(45)
	until := 0
	for i := range 5000 {
		for lane := range stats.Lane(stats.NumLanes) {
			c.Add(m.Add("a", 1e6, func(s *stats.Sample) { s.Lane = lane }))
		}
		if i%50 == 0 {
			live := c.Live(stats.Prefill, m.T)
			if ok, why := u.Done(&live); ok {
				until = i
				break
			} else if i == 0 && why != "p50: too few samples for an interval" {
				t.Error(why)
			}
		}
	}
	// Width of the interval ≈ 2·1.96·1.2533·σ/√n with σ = 5 %: 1 % at n ≈ 600, and
	// with the edges of buckets and what chance shows of correlation at twice that.
	if until < 400 || until > 1300 {
		t.Errorf("stopped after %d samples a lane", until)
	}
}
