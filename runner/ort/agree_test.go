package ort

import (
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Strategies of each mode: every word, and phases that differ.
var (
	prefillStrategies = []string{"variable", "padded", "bucketed", "dynamic", "eager"}
	decodeStrategies  = []string{"variable", "padded", "bucketed", "dynamic", "eager", "kv-bucketed"}
	splitStrategies   = [][2]string{
		{"variable", "variable"}, {"padded", "padded"}, {"bucketed", "bucketed"}, {"dynamic", "dynamic"}, {"eager", "eager"}, {"bucketed", "kv-bucketed"},
		{"padded", "eager"}, {"eager", "dynamic"}, {"variable", "kv-bucketed"}, {"dynamic", "kv-bucketed"}, {"eager", "kv-bucketed"}, {"padded", "variable"},
	}
)

// everyStrategy sends requests of every mode under every strategy, with a
// prompt of each length, padded to exec where the strategy pads, and returns
// how many there are.
func (k *worker) everyStrategy(lengths []int, exec, steps int) int {
	n := 0
	pads := func(word string, tokens int) int {
		if word == "padded" || word == "bucketed" {
			return exec
		}
		return tokens
	}
	for _, tokens := range lengths {
		for _, w := range prefillStrategies {
			k.prefill(w, tokens, pads(w, tokens))
			n++
		}
		for _, w := range decodeStrategies {
			k.decode("kv_decode", w, w, tokens, pads(w, tokens), steps)
			n++
		}
		for _, w := range splitStrategies {
			k.decode("e2e_kv", w[0], w[1], tokens, pads(w[0], tokens), steps)
			n++
		}
	}
	return n
}

// agreed checks that every request was compared and none differed.
func (k *worker) agreed(n int, compiled string) {
	k.t.Helper()
	k.drain("optimized", n)
	rows := k.settle()
	for lane, rs := range rows {
		if len(rs) != n {
			k.t.Errorf("%d samples of lane %s, want %d", len(rs), lane, n)
		}
		for _, r := range rs {
			if r.err != "" || r.wall <= 0 {
				k.t.Errorf("%s %+v", lane, r)
			}
		}
	}
	for _, r := range rows["optimized"] {
		if r.strategy != "eager" && r.backend != compiled && r.backend != compiled+"+eager" {
			k.t.Errorf("strategy %s ran %s", r.strategy, r.backend)
		}
	}
	for _, e := range k.events(stats.KindDivergence) {
		k.t.Error(e.Strategy, e.Shape, e.Reason)
	}
	c := k.counters().Checks
	k.t.Logf("%+v", c)
	if c.N != n || c.Failed != 0 || c.MaxRelL2 > tolerance {
		k.t.Errorf("checks %+v of %d requests", c, n)
	}
	for mode, m := range c.Modes {
		n -= m.N
		if m.N == 0 || m.Failed != 0 {
			k.t.Errorf("checks of %s: %+v", mode, m)
		}
	}
	if n != 0 {
		k.t.Errorf("checks %+v: %d are of no mode", c, n)
	}
}

// Lanes answer alike in every mode and strategy, on a model whose answers
// differ from input to input.
func TestStrategiesAgree(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.RecompileLimit = 1000 })
	k.agreed(k.everyStrategy([]int{5, 13, 20}, 32, 9), "ort-cpu-compiled")
}

// The same on a device, the cache staying there.
func TestStrategiesAgreeOnWebGPU(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Provider = "webgpu" })
	k.agreed(k.everyStrategy([]int{5}, 8, 2), "ort-webgpu-compiled")
}

// Under tokens that neither lane chose, both lanes answer alike again, and
// not as they did before: the check can force tokens, and they matter.
func TestForcedTokens(t *testing.T) { forcedTokens(t, "cpu", "off") }

func TestForcedTokensCaptured(t *testing.T) {
	if swiftShader(t) {
		forcedTokens(t, "webgpu", "on")
	}
}

func forcedTokens(t *testing.T, provider, capture string) {
	testOpen(t)
	path := must.Get(onnxmodel.EnsureBuiltin("default"))(t)
	var gate sync.Mutex
	load := &protocol.Load{Model: path, Provider: provider, Threads: 1, RecompileLimit: 8, Capture: capture, Compile: "inline"}
	e, _, err := newEngine(load, newEmitter(protocol.NewWriter(io.Discard)), &gate)
	must.OK(t, err)
	defer e.close()
	for i, word := range []string{"dynamic", "kv-bucketed"} {
		r := &protocol.Request{ID: uint64(i + 1), Mode: "kv_decode", Batch: 1, Tokens: 5, Exec: [2]int{5, 5}, NewTokens: 4,
			Strategy: protocol.Strategy{Prefill: "eager", Decode: word}, Seed: 7}
		eager, opt := e.inLane(e.lanes[0], r, 0), e.inLane(e.lanes[1], r, 1)
		if eager.sample.err != "" || opt.sample.err != "" {
			t.Fatal(eager.sample.err, opt.sample.err)
		}
		if !slices.Equal(eager.gen.tokens(), opt.gen.tokens()) {
			t.Fatalf("%s: lanes chose %v and %v", word, eager.gen.tokens(), opt.gen.tokens())
		}
		before := must.Get(eager.last.lastLogits())(t)
		forced := make([]int64, 4)
		fillTokens(forced, 99, e.vocab)
		a := must.Get(eager.gen.replay(forced))(t)
		b := must.Get(opt.gen.replay(forced))(t)
		if d, err := relL2(a, b); err != nil || d > tolerance {
			t.Errorf("%s: under forced tokens the lanes differ by %g (%v)", word, d, err)
		}
		if d, err := relL2(before, a); err != nil || d < 0.1 {
			t.Errorf("%s: forced tokens changed the answer by %g only (%v)", word, d, err)
		}
	}
}

// Two sessions on WebGPU that run at once end the process: there the lanes of
// a request take turns, and loaded says so.
func TestWebGPURunsOneAtATime(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	l := k.loadBuiltin("default", func(l *protocol.Load) { l.Provider = "webgpu" })
	if l.Lacks["concurrent"] == "" {
		t.Error("loaded does not say that concurrent cannot be had")
	}
	for range 3 {
		k.next++
		k.send(&protocol.Request{ID: k.next, Mode: "prefill", Batch: 1, Tokens: 5, Exec: [2]int{5, 5}, Together: true, Seed: k.next,
			Strategy: protocol.Strategy{Prefill: "variable", Decode: "variable"}, Order: []string{"eager", "optimized"}})
	}
	k.drain("optimized", 3)
	rows := k.settle()
	for i, a := range rows["eager"] {
		if b := rows["optimized"][i]; a.err != "" || b.err != "" || b.start < a.start+a.wall {
			t.Errorf("eager %+v, optimized %+v", a, b)
		}
	}
}

// forward on a device: a model of floats that onnxruntime_go brings.
func TestForwardOnWebGPU(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	path := moduleDir(t, "github.com/yalue/onnxruntime_go") + "/test_data/example_dynamic_axes.onnx"
	k.send(&protocol.Load{Model: path, Name: "axes", Provider: "webgpu", Threads: 1, RecompileLimit: 8, Compile: "inline", Check: 1})
	loaded := wait[*protocol.Loaded](k)
	n := 0
	for _, v := range []int{3, 5, 9, 3} {
		dims := map[string]int{}
		for _, d := range loaded.Model.Dims {
			dims[d] = v
		}
		k.forward("variable", dims)
		k.forward("dynamic", dims)
		n += 2
	}
	k.agreed(n, "ort-webgpu-compiled")
}
