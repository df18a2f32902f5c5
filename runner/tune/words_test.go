package tune

import (
	"slices"
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
