package ort

import (
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// A captured graph either answers like the eager lane, input for input, or is
// caught at its first replay and switched off; either way no wrong answer
// stays unflagged.
func TestCaptureIsProvenOrOff(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Provider, l.Capture, l.Check = "webgpu", "on", 1e-9 })
	const n = 5
	for range n {
		k.prefill("variable", 6, 6)
	}
	k.drain("optimized", n)
	rows := k.settle()["optimized"]
	wrong := map[uint64]bool{}
	for _, e := range k.events(stats.KindDivergence) {
		wrong[*e.Request] = true
	}
	off := false
	for _, e := range k.events(stats.KindGraphCapture) {
		t.Log(e.Reason)
		off = off || strings.Contains(e.Reason, "capture is off")
	}
	if len(wrong) > 0 != off || len(wrong) > 1 {
		t.Errorf("%d answers differ, capture switched off: %v", len(wrong), off)
	}
	if off && rows[n-1].err != "" {
		t.Errorf("after capture was switched off: %+v", rows[n-1])
	}
	if c := k.counters(); c.Checks.N < 2 || c.Groups[0].Captures != 1 {
		t.Errorf("counters %+v", c)
	}
}

// Several captured prompts, with buffers that grow between them, and captured
// decode steps answer like the eager lane, input for input.
func TestCaptureAgrees(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Provider, l.Capture = "webgpu", "on" })
	for range 2 {
		k.prefill("padded", 5, 6)
		k.prefill("padded", 11, 12)
		k.prefill("padded", 60, 64)
	}
	for _, n := range []int{5, 20, 7} { // two lengths of the cache
		k.decode("kv_decode", "eager", "kv-bucketed", n, n, 5)
	}
	for _, n := range []int{5, 7} {
		k.decode("e2e_kv", "padded", "kv-bucketed", n, 8, 4)
	}
	k.drain("optimized", 11)
	rows := k.settle()["optimized"]
	for _, r := range rows {
		if r.err != "" || r.backend != "ort-webgpu-compiled" {
			t.Errorf("%+v", r)
		}
	}
	for _, e := range append(k.events(stats.KindDivergence), k.events(stats.KindGraphCapture)...) {
		t.Log(e.Reason)
		if e.Kind == stats.KindDivergence || strings.Contains(e.Reason, "capture is off") {
			t.Error(e.Reason)
		}
	}
	c := k.counters()
	if c.Checks.N != 11 || c.Checks.Failed != 0 || c.Checks.MaxRelL2 > tolerance {
		t.Errorf("checks %+v", c.Checks)
	}
	for _, g := range c.Groups {
		t.Logf("%+v", g)
		// A prompt's executable has one graph, a step's has two, and none is made again.
		want := map[string][2]int{"prefill": {3, 3}, "kv_decode": {2, 4}, "e2e_kv": {2, 3}}[g.Mode]
		if g.Compiles+g.Recompiles != want[0] || g.Captures != want[1] {
			t.Errorf("%s %s: %d executables with %d captured graphs, want %v", g.Mode, g.Strategy, g.Compiles+g.Recompiles, g.Captures, want)
		}
	}
}

// The time is the device's: more work takes more of it, and answers change
// with the inputs.
func TestDeviceWorkScalesTheTime(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Provider = "webgpu" })
	for range 3 {
		k.prefill("dynamic", 4, 4)
		k.prefill("dynamic", 128, 128)
	}
	k.drain("eager", 6)
	rows := k.settle()["eager"]
	short, long := rows[4].wall, rows[5].wall
	t.Logf("4 tokens %.0f ms, 128 tokens %.0f ms", float64(short)/1e6, float64(long)/1e6)
	if float64(long) < 2*float64(short) {
		t.Errorf("128 tokens took %d ns, 4 took %d: the end of the device's work is not in the time", long, short)
	}
}

// The proof that auto takes at load holds here, and fails for a graph whose
// outputs are copies: those are in no replay.
func TestCaptureIsProvenAtLoad(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	testOpen(t)
	path := must.Get(onnxmodel.EnsureBuiltin("default"))(t)
	var gate sync.Mutex
	load := &protocol.Load{Model: path, Provider: "webgpu", Threads: 1, RecompileLimit: 8, Capture: "auto"}
	e, loaded, err := newEngine(load, newEmitter(protocol.NewWriter(io.Discard)), &gate)
	must.OK(t, err)
	defer e.close()
	if e.capture || !slices.ContainsFunc(loaded.Notes, func(s string) bool { return strings.Contains(s, "capture is off") }) {
		t.Errorf("auto on a software device: %v, %q", e.capture, loaded.Notes)
	}
	if err := e.proveCapture(); err != nil {
		t.Error(err)
	}
	e.prefillG.Captured = e.prefillG
	if err := e.proveCapture(); err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("the graph as exported: %v", err)
	}
}

// Room made ahead holds every shape that it was made for: a buffer that grew
// would take the captured graphs over it along, also one on the host.
func TestRoomAheadHolds(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	testOpen(t)
	path := must.Get(onnxmodel.EnsureBuiltin("default"))(t)
	for _, cache := range []string{"device", "host"} {
		var gate sync.Mutex
		load := &protocol.Load{Model: path, Provider: "webgpu", Threads: 1, RecompileLimit: 8, Capture: "on", Options: map[string]string{"kv_cache": cache}}
		e, _, err := newEngine(load, newEmitter(protocol.NewWriter(io.Discard)), &gate)
		must.OK(t, err)
		const batch = 4 // as wide as a cache of a larger model
		l := e.lanes[stats.Optimized]
		l.st.Roomy = true
		must.OK(t, e.roomAhead(l, batch, e.prefillG, e.bucketG))
		gen := l.st.Gen
		for past := 16; past <= 512; past *= 2 {
			for step, seq := range []int{6, 1, 1} {
				must.OK(t, reserve(l.st, e.bucketG, lmShape{batch: batch, seq: seq, past: past}, step))
			}
			if l.st.Gen != gen {
				t.Fatalf("cache on the %s: room for a cache of %d tokens moved buffers", cache, past)
			}
		}
		e.close()
	}
}

// A stale capture is planted in two ways: the small output bound to the host,
// where replays do not write, and a graph whose logits are copied. Each is
// caught at its first replay, is an event, and ends capture; what runs then is
// right, and no further answer is wrong.
func TestStaleCaptureIsCaught(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	for name, plant := range map[string]func(*engine){
		"host-bound output": func(e *engine) { e.lanes[stats.Optimized].st.HostToken = true },
		"copied output":     func(e *engine) { e.prefillG.Captured = e.prefillG },
	} {
		t.Run(name, func(t *testing.T) {
			k := startFaulty(t, plant)
			k.loadBuiltin("default", func(l *protocol.Load) { l.Provider, l.Capture, l.Check = "webgpu", "on", 1 })
			const n = 5
			for range n {
				k.prefill("variable", 6, 6)
			}
			k.drain("optimized", n)
			rows := k.settle()["optimized"]
			wrong, off := k.events(stats.KindDivergence), 0
			for _, e := range k.events(stats.KindGraphCapture) {
				t.Log(e.Reason)
				if strings.Contains(e.Reason, "capture is off") {
					off++
				}
			}
			if len(wrong) != 1 || off != 1 {
				t.Fatalf("%d divergence events, capture switched off %d times; want 1 and 1", len(wrong), off)
			}
			t.Log(wrong[0].Reason)
			if at := *wrong[0].Request; at > 3 || rows[at-1].err == "" {
				t.Errorf("caught at request %d, whose sample is %+v", at, rows[at-1])
			}
			if last := rows[n-1]; last.err != "" || last.backend != "ort-webgpu-compiled" {
				t.Errorf("after capture was switched off: %+v", last)
			}
			if c := k.counters().Checks; c.N != n || c.Failed != 1 {
				t.Errorf("checks %+v", c)
			}
		})
	}
}

// The graph that is captured in place of another takes the same inputs: a decode
// step of GroupQueryAttention has a mask as long as its cache, not one longer.
func TestWhatIsCapturedTakesTheSameInputs(t *testing.T) {
	for _, name := range []string{"gqa", "single"} {
		dir := t.TempDir()
		e := newTestEngine(t, "default", func(l *protocol.Load) { l.Model = must.Get(testmodels.Write(dir, name))(t) })
		for _, g := range []*native.Graph{e.prefillG, e.bucketG} {
			captured := g.Captured
			s := must.Get(e.maker.Open(captured, native.SessionSpec{Compiled: true}))(t)
			shape := lmShape{batch: 2, seq: 5}
			if captured.Constant {
				shape = lmShape{batch: 2, seq: 1, past: 16}
			}
			if err := shape.once(s, e.lanes[stats.Optimized].st); err != nil {
				t.Errorf("%s, %v: %v", name, shape, err)
			}
			s.Free()
		}
	}
}
