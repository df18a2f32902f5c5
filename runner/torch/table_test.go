package torch

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

// The engine offers what the table says that it has, in its order.
func TestStrategiesAreTheTables(t *testing.T) {
	b := must.Get(os.ReadFile("tailscope_torch/engine.py"))(t)
	words := func(name string) (out []string) {
		line := regexp.MustCompile(`(?m)^` + name + ` = .*$`).Find(b)
		for _, m := range regexp.MustCompile(`"([a-z-]+)"`).FindAllSubmatch(line, -1) {
			out = append(out, string(m[1]))
		}
		return out
	}
	for name, phase := range map[string]stats.Phase{"PREFILL": stats.PrefillPhase, "DECODE": stats.DecodePhase} {
		if got, want := append(words("BOTH"), words(name)...), stats.StrategyWords(phase, "torch"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", phase, got, want)
		}
	}
}
