package ort

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
)

// The threads of a session's pool are known, do its work, and what the host
// makes them wait is in the noise of what they computed.
func TestPoolThreadsAreInTheNoise(t *testing.T) {
	testOpen(t)
	path := must.Get(onnxmodel.EnsureBuiltin("default"))(t)
	m := must.Get(onnxmodel.Prepare(path))(t)
	g := must.Get(native.NewGraph(m.Prefill))(t)
	p := native.Provider{Name: "cpu"}
	w := must.Get(native.NewWeights(p))(t)
	defer w.Free()
	const threads = 4
	s := must.Get((&native.Maker{Provider: p, Threads: threads, Weights: w}).Open(g, native.SessionSpec{Compiled: true}))(t)
	defer s.Free()
	if len(s.Pool.Stats) != threads-1 {
		t.Fatalf("%d pool threads are known, want %d", len(s.Pool.Stats), threads-1)
	}
	st := native.NewStore(native.Memory{}, native.Allocator{})
	defer st.Free()
	const tokens = 96
	c := must.Get(newCall(s, st, lmShape{batch: 1, seq: tokens, past: 0}, 0))(t)
	defer c.free()
	must.OK(t, c.writePrompt(&prompt{batch: 1, tokens: tokens, exec: tokens, ids: make([]int64, tokens)}))

	var stop atomic.Bool
	for range 2 * runtime.NumCPU() {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	defer stop.Store(true)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	probe := native.NewNoiseProbe()
	defer probe.Close()
	worked := poolRunNs(t, s)
	var alone, all int64
	longer := 0 // runs in which a pool thread waited longest
	for range 30 {
		var sp native.Span
		own := probe.Read()
		before := probe.Start(s)
		must.OK(t, c.run(&sp))
		n := probe.Stop(before)
		mine := probe.Read().Since(own).RunDelay
		alone, all = alone+mine, all+n.RunDelay
		if n.RunDelay > mine {
			longer++
		}
	}
	t.Logf("run-queue delay: executing thread %.2f ms, slowest of all %.2f ms, a pool thread in %d of 30 runs", float64(alone)/1e6, float64(all)/1e6, longer)
	if poolRunNs(t, s) == worked {
		t.Error("the pool's threads did not run")
	}
	if longer == 0 {
		t.Error("under a load of twice the cores no pool thread waited longer than the executing one")
	}
}

// poolRunNs is how long the pool's threads have run.
func poolRunNs(t *testing.T, s *native.Session) (sum int64) {
	t.Helper()
	for _, f := range s.Pool.Stats {
		b := must.Get(os.ReadFile(f.Name()))(t)
		var ran int64
		must.Get(fmt.Sscan(string(b), &ran))(t)
		sum += ran
	}
	return sum
}
