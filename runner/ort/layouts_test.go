package ort

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Models in every layout that exporters write run in every mode they allow,
// and the lanes agree.
func TestLayouts(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()+"/models") // prepared graphs; the library stays where it is
	for _, m := range testmodels.All() {
		t.Run(m.Name, func(t *testing.T) {
			path := must.Get(m.Write(t.TempDir()))(t)
			k := startWorker(t)
			loaded, refused := k.loadFile(path)
			if refused != nil {
				t.Fatalf("refused: %s", refused.Message)
			}
			n := k.tryModes(loaded, m.Name != "no-past")
			k.drain("optimized", n)
			rows := k.settle()
			for lane, rs := range rows {
				for _, r := range rs {
					if r.err != "" {
						t.Errorf("%s %s %s: %s", lane, r.strategy, r.shape, r.err)
					}
				}
			}
			for _, e := range append(k.events(stats.KindDivergence), k.events(stats.KindFallback)...) {
				t.Logf("%s %s %s: %s", e.Kind, e.Mode, e.Strategy, e.Reason)
				if e.Kind == stats.KindDivergence {
					t.Fail()
				}
			}
			for _, m := range k.all {
				if e, ok := m.(*protocol.Evidence); ok && (e.Extra["probe_error"] != nil || e.NodesAfter == 0) {
					t.Errorf("no evidence of %s %s: %v", e.Strategy, e.Shape, e.Extra["probe_error"])
				}
			}
			if c := k.counters(); c.Checks.N == 0 && c.Checks.Skipped == "" {
				t.Errorf("checks %+v", c.Checks)
			}
		})
	}
}

// tryModes sends a request of each mode and strategy and returns how many.
func (k *worker) tryModes(loaded *protocol.Loaded, cached bool) int {
	if loaded.Model.Kind != "causal-lm" {
		dims := map[string]int{}
		for _, d := range loaded.Model.Dims {
			dims[d] = 3
		}
		k.forward("variable", dims)
		k.forward("dynamic", dims)
		return 2
	}
	k.prefill("variable", 6, 6)
	k.prefill("padded", 6, 9)
	k.prefill("dynamic", 7, 7)
	if !cached {
		return 3
	}
	k.decode("kv_decode", "variable", "variable", 6, 6, 3)
	k.decode("kv_decode", "dynamic", "dynamic", 5, 5, 4)
	k.decode("e2e_kv", "bucketed", "kv-bucketed", 6, 8, 4)
	return 6
}

// The modes that a model lacks are told once it is loaded, with the reason.
func TestModesThatModelsLack(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"no-past": {"kv_decode": "no past keys and values; this model runs in prefill", "e2e_kv": "no past", "forward": "a language model"},
		"mlp":     {"prefill": "no input input_ids; this model runs in forward", "kv_decode": "not a causal", "e2e_kv": "not a causal"},
		"merged":  {"forward": "runs in prefill, kv_decode, e2e_kv"},
	} {
		t.Run(name, func(t *testing.T) {
			path := must.Get(testmodels.Write(t.TempDir(), name))(t)
			loaded, refused := startWorker(t).loadFile(path)
			if refused != nil {
				t.Fatal(refused.Message)
			}
			if len(loaded.Lacks) != len(want) {
				t.Errorf("lacks %v", loaded.Lacks)
			}
			for mode, why := range want {
				if !strings.Contains(loaded.Lacks[mode], why) {
					t.Errorf("%s: %q, want %q", mode, loaded.Lacks[mode], why)
				}
			}
		})
	}
}
