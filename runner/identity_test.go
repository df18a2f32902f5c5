package runner

import (
	"testing"

	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// A fallback among the evidence makes a lane unreal that its counters call real.
func TestALaneIsRealByItsEvidence(t *testing.T) {
	id := Identity{
		Loaded: &protocol.Loaded{Backends: map[string]string{"eager": "e", "optimized": "o"}}, Mode: "prefill", Strategy: plan.Strategy{Prefill: "padded", Decode: "padded"},
		Strategies: map[string][]string{"prefill": {"padded"}, "decode": {"padded"}},
		Counters:   protocol.Counters{Groups: []protocol.Counter{{Mode: "prefill", Strategy: "padded", UniqueGraphs: 1, Compiles: 1}}},
		Evidence: []protocol.Evidence{{Lane: "optimized", Mode: "prefill", Strategy: "padded", BackendRequested: "o", BackendActual: "o",
			NodesBefore: 1187, NodesAfter: 33, NodesPerProvider: map[string]int{"cpu": 2, "webgpu": 31}}},
	}
	lane := id.Lane(stats.Optimized)
	if lane.CompilerReal != "yes" {
		t.Errorf("compiler real: %s, %s", lane.CompilerReal, lane.Why)
	}
	id.Evidence[0].FallbackFrom, id.Evidence[0].FallbackError = "o", "none of its 33 nodes ran on webgpu"
	if lane = id.Lane(stats.Optimized); lane.CompilerReal != "no" {
		t.Errorf("compiler real: %s although %s", lane.CompilerReal, id.Evidence[0].FallbackError)
	}
}

// TestLaneChecksAreOfItsMode: outputs that differ in decode are no fault of
// the prefill on screen.
func TestLaneChecksAreOfItsMode(t *testing.T) {
	id := Identity{Loaded: &protocol.Loaded{}, Mode: "prefill"}
	id.Counters.Checks.Note("prefill", protocol.ModeChecks{N: 4, MaxRelL2: 1e-6})
	id.Counters.Checks.Note("kv_decode", protocol.ModeChecks{N: 9, Failed: 2, MaxRelL2: 0.5})
	if v := id.Lane(stats.Optimized); v.Checks != 4 || v.Diverged != 0 || v.MaxRelL2 != 1e-6 {
		t.Errorf("prefill: %+v", v)
	}
	id.Mode = "kv_decode"
	if v := id.Lane(stats.Optimized); v.Checks != 9 || v.Diverged != 2 || v.MaxRelL2 != 0.5 {
		t.Errorf("decode: %+v", v)
	}
}
