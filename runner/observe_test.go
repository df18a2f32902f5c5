package runner

import (
	"os"
	"testing"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// observedEngine reports three samples that nobody asked for, the last with a
// recompile, and ends by itself.
func observedEngine(in *protocol.Reader, out *protocol.Writer) int {
	_ = out.Send(&protocol.Hello{Protocol: protocol.Version, Engine: "observer", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(),
		Credit: 1, Modes: []string{"forward"}, Features: []string{"observed"}})
	if _, err := in.Next(); err != nil {
		return 1
	}
	_ = out.Send(&protocol.Loaded{Model: protocol.Model{Name: "app.py", Kind: "any"}, Backends: map[string]string{"optimized": "x"}})
	t := clock.Monotonic()
	id := uint64(9)
	_ = out.Send(&protocol.Batch{Lane: "optimized", Mode: "forward", Strategy: "variable", Shape: "1x4", Backend: "x", Scenario: "step",
		Request: []uint64{7, 8}, Order: []int{0, 0}, StartNs: []int64{t, t + 10}, WallNs: []int64{5, 6}})
	_ = out.Send(&protocol.Event{Kind: stats.KindRecompile, Lane: "optimized", Mode: "forward", Request: &id, TNs: t + 20, DurNs: 1, Reason: "size"})
	_ = out.Send(&protocol.Batch{Lane: "optimized", Mode: "forward", Strategy: "variable", Shape: "1x5", Backend: "x", Scenario: "other",
		Request: []uint64{9}, Order: []int{0}, StartNs: []int64{t + 20}, WallNs: []int64{9}})
	_ = out.Send(&protocol.Bye{Samples: 3})
	return 0
}

func TestSamplesThatNobodyAskedFor(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.Warmup, cfg.Reps = []string{"forward"}, 0, 0
	res, mem := runSession(t, "observed", cfg, nil)
	if res.Err != nil || res.Reason != "ended" || res.Samples != 3 {
		t.Fatalf("%+v", res)
	}
	for i, want := range []struct {
		scenario, shape string
		flags           stats.Flag
	}{{"step", "1x4", 0}, {"step", "1x4", 0}, {"other", "1x5", stats.FlagRecompile}} {
		s := mem.samples[i]
		if s.Scenario != want.scenario || s.Shape != want.shape || s.Flags&stats.FlagRecompile != want.flags {
			t.Errorf("sample %d: %+v", i, s)
		}
	}
	if k := mem.kinds(); k[stats.KindWorkerRestart] != 0 {
		t.Errorf("events %v", k)
	}
}
