package openai

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestMetricsOfReleases reads a page of two releases of each server.
// vllm-0.24 is of a real server; the other pages are made: names and labels
// are those of the releases' sources and docs, the figures are planted. The
// file's name has the release.
func TestMetricsOfReleases(t *testing.T) {
	for name, want := range map[string]struct {
		server string
		values map[string]float64
		hists  map[string]float64 // observations
	}{
		"vllm-0.6":     {"vllm", map[string]float64{"running": 3, "waiting": 1, "kv": .25, "preemptions": 2, "requests": 9}, map[string]float64{"itl": 100}},
		"vllm-0.24":    {"vllm", map[string]float64{"running": 0, "waiting": 0, "kv": 0, "preemptions": 0, "requests": 81, "start": 1.79590714504e+09}, map[string]float64{"itl": 2481, "tokens a step": 464, "ttft": 81, "e2e": 81}},
		"vllm-engines": {"vllm", map[string]float64{"running": 7, "waiting": 0, "kv": .75, "preemptions": 1, "requests": 9}, map[string]float64{"itl": 100, "tokens a step": 30}},
		"sglang-0.4":   {"sglang", map[string]float64{"running": 5, "waiting": 2, "kv": .28, "requests": 7}, map[string]float64{"itl": 7}},
		"sglang-0.5":   {"sglang", map[string]float64{"running": 5, "kv": .96, "preemptions": 1, "graph passes": 120, "eager passes": 30}, map[string]float64{"itl": 7}},
		"tgi-2.0":      {"tgi", map[string]float64{"running": 6, "waiting": 2, "requests": 8}, map[string]float64{"tokens a step": 5, "forward": 90, "itl": 8}},
		"tgi-3.3":      {"tgi", map[string]float64{"running": 1, "waiting": 0, "requests": 11}, map[string]float64{"tokens a step": 9, "e2e": 11}},
		"tei-1.2":      {"tei", map[string]float64{"waiting": 1, "requests": 4}, map[string]float64{"tokens a step": 4, "forward": 4}},
		"tei-1.8":      {"tei", map[string]float64{"waiting": 0, "requests": 2}, map[string]float64{"tokens a step": 2, "e2e": 2}},
		"triton-23.10": {"triton", map[string]float64{"waiting": 3, "requests": 42}, nil},
		"triton-25.02": {"triton", map[string]float64{"waiting": 0, "requests": 40}, map[string]float64{"first response in ms": 40}},
	} {
		text := must.Get(os.ReadFile(filepath.Join("testdata", "metrics", name+".prom")))(t)
		if got := serverOf(ParseMetrics(string(text))); got != want.server {
			t.Errorf("%s: taken for %q", name, got)
		}
		page := ReadPage(string(text))
		for k, v := range want.values {
			if got, ok := page.Values[k]; !ok || got != v {
				t.Errorf("%s: %s is %g (%v), want %g", name, k, got, ok, v)
			}
		}
		for k, n := range want.hists {
			if got := page.Hists[k].Since(Buckets{}).N(); got != n {
				t.Errorf("%s: %g observations of %s, want %g", name, got, k, n)
			}
		}
	}
}
