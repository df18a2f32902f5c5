package snapshot

import (
	"math"
	"testing"

	"tailscope/snapshot/results"
	"tailscope/stats"
)

// TestFilteredQuantities: what a gate sees is what the table shows, the rows
// that a filter keeps, never the whole session's summary.
func TestFilteredQuantities(t *testing.T) {
	w, dir := create(t)
	want := fill(t, w, 300, stats.Prefill)
	if err := w.Finish(testEnd); err != nil {
		t.Fatal(err)
	}
	scenario := want[0].Scenario
	kept := 0.0
	for i := range want {
		if s := &want[i]; s.Scenario == scenario && s.Lane == stats.Optimized && s.Counts() {
			kept++
		}
	}
	for _, c := range []struct {
		filter   results.Filter
		n        float64 // 0: all
		counters bool
	}{
		{results.Filter{Column: "scenario", Value: scenario}, kept, false},
		{results.Filter{Column: "mode", Value: "prefill"}, 0, true},
	} {
		cmp, err := Compare(dir, dir, results.Options{Where: []results.Filter{c.filter}})
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := cmp.Lookup("prefill", "optimized.n", false); !ok || c.n > 0 && n != c.n {
			t.Errorf("%v: n is %v, want %v", c.filter, n, c.n)
		}
		for _, d := range cmp.Deltas {
			if v, ok := cmp.Lookup(d.Mode, d.Label+"."+d.Quantity, false); !ok || math.Abs(v-d.B) > 1e-9 {
				t.Errorf("%v: a gate sees %s.%s = %v, the table shows %v", c.filter, d.Label, d.Quantity, v, d.B)
			}
		}
		if _, ok := cmp.Lookup("prefill", "optimized.recompiles", false); ok != c.counters {
			t.Errorf("%v: counters of the whole session: %v, want %v", c.filter, ok, c.counters)
		}
	}
}
