package tune

import (
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// Every strategy of the table is a candidate in some mode, and nothing else is.
func TestEveryStrategyIsACandidate(t *testing.T) {
	var all []string
	for mode, list := range words {
		if list[0] != "eager" {
			t.Errorf("%s begins with %s", mode, list[0])
		}
		all = append(all, list...)
	}
	for _, r := range stats.Strategies {
		if !slices.Contains(all, string(r.Word)) {
			t.Errorf("%s is never tried", r.Word)
		}
	}
	for _, w := range all {
		if stats.StrategyOf(w) == nil {
			t.Errorf("%s is no strategy", w)
		}
	}
}

// A handful of requests chooses nothing, and says no quantile.
func TestNothingIsChosenByTooFew(t *testing.T) {
	r := RaceResult{Name: "prefill", Pick: -1, Rows: []Row{{Name: "eager", N: 1, P50: 5.32, P99: 5.32}, {Name: "padded", N: 3}, {Name: "dynamic", N: 9, Out: "slow"}}}
	if s := r.sentence(&Result{Horizon: 10000}); !strings.Contains(s, "nothing is chosen, by 3 requests a candidate at most; 7 are needed") {
		t.Error(s)
	}
	r.Pick, r.Rows[1].Out = 0, "its outputs differ"
	if s := r.sentence(&Result{Horizon: 10000}); s != "prefill: eager alone is left, the others are out by what the table says; 1 request timed, too few for quantiles." {
		t.Error(s)
	}
	r.Pick, r.Rows[0].Out = -1, "slow"
	if s := r.sentence(&Result{Horizon: 10000}); s != "prefill: no candidate is left." {
		t.Error(s)
	}
}
