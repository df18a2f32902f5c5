package tune

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// TestEveryStrategyIsRaced: a strategy is raced in each mode that times one of
// its phases alone, but for those that are the growing cache there.
func TestEveryStrategyIsRaced(t *testing.T) {
	for _, m := range []stats.Mode{stats.Prefill, stats.KVDecode, stats.Forward} {
		for i := range stats.Strategies {
			r := &stats.Strategies[i]
			want := slices.ContainsFunc(stats.Modes[m].Phases, r.In) && (m != stats.KVDecode || !r.Grows)
			if got := slices.Contains(words[m.String()], string(r.Word)); got != want {
				t.Errorf("%s in %s: raced %v, want %v", r.Word, m, got, want)
			}
		}
	}
}
