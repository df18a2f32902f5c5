package ort

import (
	"io"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

var collectIfDue func() // of the engine made last

// newTestEngine is an engine without a supervisor.
func newTestEngine(t testing.TB, model string, edit func(*protocol.Load)) *engine {
	t.Helper()
	testOpen(t)
	path := must.Get(onnxmodel.EnsureBuiltin(model))(t)
	l := &protocol.Load{Model: path, Name: model, Provider: "cpu", Threads: 1, RecompileLimit: 8, Compile: "inline"}
	if edit != nil {
		edit(l)
	}
	runtime.LockOSThread()
	heap, restore := quietCollector()
	collectIfDue = heap.collectIfDue
	e, _, err := newEngine(l, newEmitter(protocol.NewWriter(io.Discard)), new(sync.Mutex))
	must.OK(t, err)
	t.Cleanup(func() {
		e.close()
		restore()
		runtime.UnlockOSThread()
	})
	return e
}

func median(v []int64) float64 {
	slices.Sort(v)
	return float64(v[len(v)/2])
}

// BenchmarkPrefillAgainstBareLoop reports the p50 of prefill through the
// engine over that of a bare loop on the same session and bound buffers, both
// in turns. The budget is 1.01.
func BenchmarkPrefillAgainstBareLoop(b *testing.B) {
	e := newTestEngine(b, "default", nil)
	r := &protocol.Request{Mode: "prefill", Batch: 1, Tokens: 24, Exec: [2]int{24, 24}, Order: []string{"optimized"},
		Strategy: protocol.Strategy{Prefill: "variable"}}
	e.request(r)
	l := e.lanes[stats.Optimized]
	x := e.group("prefill", "variable").oldest()
	c, err := l.calls.get(x.s, l.st, lmShape{batch: 1, seq: 24, past: 0}, 0)
	if err != nil {
		b.Fatal(err)
	}
	var engine, bare []int64
	for i := 0; b.Loop(); i++ {
		r.ID, r.Seed = uint64(i), uint64(i)
		e.request(r)
		e.out.flushIfDue()
		collectIfDue()
		engine = append(engine, e.last.wallNs)
		start := native.Now()
		var t native.Span
		if err := c.s.C.Run(native.RunOptions{}, c.b, native.Value{}, native.Value{}, &t); err != nil {
			b.Fatal(err)
		}
		bare = append(bare, native.Now()-start)
	}
	b.ReportMetric(median(engine)/median(bare), "p50-ratio")
	b.ReportMetric(median(engine)/1e3, "engine-µs")
	b.ReportMetric(median(bare)/1e3, "bare-µs")
}

// BenchmarkDecode reports p50 and p99 of kv_decode after warm-up in both
// lanes, in turns, under kv-bucketed.
func BenchmarkDecode(b *testing.B) {
	e := newTestEngine(b, "default", nil)
	var walls [2][]int64
	run := func(i int) {
		r := &protocol.Request{ID: uint64(i), Mode: "kv_decode", Batch: 1, Seed: uint64(i), NewTokens: 32,
			Strategy: protocol.Strategy{Prefill: "bucketed", Decode: "kv-bucketed"}, Order: []string{"eager", "optimized"}}
		r.Tokens = []int{6, 11, 17, 29, 40, 54}[i%6]
		r.Exec = [2]int{r.Tokens, r.Tokens}
		for _, id := range []stats.Lane{stats.Lane(i & 1), stats.Lane(1 - i&1)} {
			o := e.inLane(e.lanes[id], r, 0)
			if o.sample.err != "" {
				b.Fatal(o.sample.err)
			}
			o.lane.pending = nil
			walls[id] = append(walls[id], o.sample.wallNs)
		}
		collectIfDue()
	}
	for i := range 6 {
		run(i)
	}
	walls = [2][]int64{}
	for i := 0; b.Loop(); i++ {
		run(i)
	}
	for id, w := range walls {
		name := stats.Lane(id).String()
		b.ReportMetric(median(w)/1e6, name+"-p50-ms")
		b.ReportMetric(float64(w[len(w)*99/100])/1e6, name+"-p99-ms")
	}
}
