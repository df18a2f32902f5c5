package live

import (
	"math"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// The live advisor learns of the limit from the counters, also after its first plans.
func TestAdvisorLearnsTheLimit(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(12)
	for i := range 500 {
		n := int32(8 * (1 + i%5))
		c.Add(m.Add(string(rune('a'+n)), 1e6+1e5*float64(n), func(s *stats.Sample) { s.Tokens, s.ExecutedTokens = n, n }))
	}
	if plans := c.Live(stats.Prefill, m.T).Advisor; len(plans) != 5 || plans[4].Over != 0 {
		t.Fatalf("%+v", plans)
	}
	c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: 2, Limit: 2, Compiles: 2, Reached: true})
	if plans := c.Live(stats.Prefill, m.T).Advisor; plans[4].Over != 3 || plans[4].Chosen || !math.IsNaN(plans[4].PredictedP50) {
		t.Errorf("%+v", plans[4])
	}
}

// The live advisor prices padding and compiles from what it measured, and its
// prediction for a stable strategy is near what the model then shows.
func TestAdvisorLive(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(11)
	lengths := []int32{8, 12, 16, 24, 32, 48}
	for i := range 3000 {
		n := lengths[m.R.IntN(len(lengths))]
		m.Add(string(rune('a'+n)), 1e6+1e4*float64(n), func(s *stats.Sample) {
			s.Tokens, s.ExecutedTokens = n, n
			if i < 40 && i%7 == 0 {
				s.Flags, s.CompileNs, s.WallNs = stats.FlagRecompile, 30e6, s.WallNs+30e6
			}
		})
	}
	for i := range m.Rows {
		c.Add(&m.Rows[i])
	}
	c.SetFacts(stats.Facts{Strategy: "bucketed"}) // of powers of two, as none are given
	if plans := c.Live(stats.Prefill, m.T).Advisor; len(plans) != 7 || !slices.Equal(plans[6].Edges, []int{8, 16, 32, 64}) || math.IsNaN(plans[6].MeasuredP99) {
		t.Errorf("powers of two: %+v", plans)
	}
	c.SetFacts(stats.Facts{})
	c.SetBucketEdges([]int{64, 32})
	plans := c.Live(stats.Prefill, m.T).Advisor
	if len(plans) != 7 {
		t.Fatalf("%d plans, want 6 and the one asked about", len(plans))
	}
	model := c.modes[stats.Prefill].costModel()
	statstest.Near(t, "time of a token", model.PerTokenNs, 1e4, 0.1)
	statstest.Near(t, "compile", model.CompileNs, 30e6, 0.01)
	statstest.Near(t, "p50 with one bucket", plans[0].PredictedP50, 1e6+48e4, 0.05)
	if last := plans[6]; !slices.Equal(last.Edges, []int{32, 64}) || !math.IsNaN(last.MeasuredP50) || !last.Asked || plans[0].Asked {
		t.Errorf("asked edges: %+v", last)
	}
	for _, p := range plans {
		if p.N != 3000 {
			t.Errorf("%v weighs %d requests, want 3000", p.Edges, p.N)
		}
	}
	c.SetFacts(stats.Facts{Strategy: "bucketed"})
	if last := c.Live(stats.Prefill, m.T).Advisor[6]; math.IsNaN(last.MeasuredP50) {
		t.Error("applied edges are not compared with what was measured")
	}
}
