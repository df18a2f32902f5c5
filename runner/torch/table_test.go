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
	prefill := words("PREFILL")
	if want := stats.StrategyWords(stats.PrefillPhase, "torch"); !slices.Equal(prefill, want) {
		t.Errorf("prefill: %q, want %q", prefill, want)
	}
	if got, want := append(prefill, words("DECODE")...), stats.StrategyWords(stats.DecodePhase, "torch"); !slices.Equal(got, want) {
		t.Errorf("decode: %q, want %q", got, want)
	}
}
