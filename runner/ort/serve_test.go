package ort

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// worker is Serve in this process with a supervisor's end of its pipes.
type worker struct {
	t    *testing.T
	w    *protocol.Writer
	in   *io.PipeWriter
	got  chan any
	done chan error
	all  []any // everything received, in order
	next uint64
}

// startWorker serves over pipes, with a real library.
func startWorker(t *testing.T) *worker {
	t.Helper()
	return startFaulty(t, nil)
}

// startFaulty is startWorker with a fault planted once a model is loaded.
func startFaulty(t *testing.T, plant func(*engine)) *worker {
	t.Helper()
	lib := testLibrary(t)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	k := &worker{t: t, w: protocol.NewWriter(inW), in: inW, got: make(chan any, 1<<16), done: make(chan error, 1)}
	go func() {
		err := Serve(context.Background(), inR, outW, Options{Library: lib, loaded: plant})
		outW.Close()
		k.done <- err
	}()
	go func() {
		r := protocol.NewReader(outR)
		for {
			msg, err := r.Next()
			if err != nil {
				close(k.got)
				return
			}
			k.got <- msg
		}
	}()
	t.Cleanup(func() {
		inW.Close()
		select {
		case <-k.done:
		case <-time.After(20 * time.Second):
			t.Error("Serve did not end after its input was closed")
		}
	})
	return k
}

// wait returns the next message of type T; a fatal error fails the test.
func wait[T any](k *worker) T {
	k.t.Helper()
	limit := time.After(120 * time.Second)
	for {
		select {
		case m, ok := <-k.got:
			if !ok {
				k.t.Fatal("the worker's output ended")
			}
			k.all = append(k.all, m)
			if x, ok := m.(T); ok {
				return x
			}
			if e, ok := m.(*protocol.Error); ok {
				k.t.Fatalf("worker: %s", e.Message)
			}
		case <-limit:
			k.t.Fatalf("no %T came", *new(T))
		}
	}
}

func (k *worker) send(msg any) {
	k.t.Helper()
	if err := k.w.Send(msg); err != nil {
		k.t.Fatalf("send: %v", err)
	}
}

// loadBuiltin loads a built-in model on the CPU with one thread.
func (k *worker) loadBuiltin(name string, edit func(*protocol.Load)) *protocol.Loaded {
	k.t.Helper()
	path, err := onnxmodel.EnsureBuiltin(name)
	if err != nil {
		k.t.Fatal(err)
	}
	l := &protocol.Load{Model: path, Name: "builtin:" + name, Provider: "cpu", Threads: 1, RecompileLimit: 8, Compile: "inline", Check: 1}
	if edit != nil {
		edit(l)
	}
	k.send(l)
	return wait[*protocol.Loaded](k)
}

// prefill sends one prefill request in both lanes.
func (k *worker) prefill(strategy string, tokens, exec int) uint64 {
	k.next++
	k.send(&protocol.Request{
		ID: k.next, Mode: "prefill", Batch: 1, Tokens: tokens, Exec: [2]int{tokens, exec},
		Strategy: protocol.Strategy{Prefill: strategy, Decode: strategy},
		Order:    []string{"eager", "optimized"}, Seed: k.next,
	})
	return k.next
}

// settle stops the worker and returns every sample, by lane, in order.
func (k *worker) settle() map[string][]row {
	k.t.Helper()
	k.send(&protocol.Flush{ID: 1 << 40})
	wait[*protocol.Flushed](k)
	return k.rows()
}

// row is one sample of a batch.
type row struct {
	request        uint64
	wall, compile  int64
	start          int64
	backend, shape string
	strategy, err  string
	steps          []int64
	kv             []int
}

func (k *worker) rows() map[string][]row {
	out := map[string][]row{}
	for _, m := range k.all {
		b, ok := m.(*protocol.Batch)
		if !ok {
			continue
		}
		for i := range b.Request {
			r := row{request: b.Request[i], wall: b.WallNs[i], compile: b.CompileNs[i], start: b.StartNs[i], backend: b.Backend, shape: b.Shape, strategy: b.Strategy}
			if b.Error != nil {
				r.err = b.Error[i]
			}
			if b.StepsNs != nil {
				r.steps, r.kv = b.StepsNs[i], b.StepsKV[i]
			}
			out[b.Lane] = append(out[b.Lane], r)
		}
	}
	for _, rows := range out {
		slices.SortFunc(rows, func(a, b row) int { return int(a.start - b.start) })
	}
	return out
}

func (k *worker) events(kind stats.Kind) []*protocol.Event {
	var out []*protocol.Event
	for _, m := range k.all {
		if e, ok := m.(*protocol.Event); ok && e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// drain waits until every request sent so far has its samples in lane.
func (k *worker) drain(lane string, n int) {
	k.t.Helper()
	for len(k.rows()[lane]) < n {
		wait[*protocol.Batch](k)
	}
}

func (k *worker) counters() *protocol.Counters {
	var last *protocol.Counters
	for _, m := range k.all {
		if c, ok := m.(*protocol.Counters); ok {
			last = c
		}
	}
	return last
}

// A prompt length without an executable compiles once, within its request;
// beyond the limit the eager session serves the optimized lane.
func TestPrefillVariable(t *testing.T) {
	k := startWorker(t)
	h := wait[*protocol.Hello](k)
	if h.Protocol != protocol.Version || h.Engine != "ort" || h.Credit < 1 {
		t.Fatalf("hello %+v", h)
	}
	k.loadBuiltin("default", func(l *protocol.Load) { l.RecompileLimit = 3 })
	lengths := []int{5, 9, 5, 12, 9, 17, 21, 5, 17}
	for _, n := range lengths {
		k.prefill("variable", n, n)
	}
	k.drain("optimized", len(lengths))
	rows := k.settle()
	if len(rows["eager"]) != len(lengths) {
		t.Fatalf("%d eager samples, want %d", len(rows["eager"]), len(lengths))
	}
	for _, r := range rows["eager"] {
		if r.compile != 0 || r.backend != "ort-cpu-eager" || r.wall <= 0 || r.err != "" {
			t.Errorf("eager sample %+v", r)
		}
	}
	compiled := 0
	for i, r := range rows["optimized"] {
		beyond := lengths[i] > 12
		want := "ort-cpu-compiled"
		if beyond {
			want = "ort-cpu-eager"
		}
		if r.backend != want || r.err != "" {
			t.Errorf("request of %d tokens: %+v, want backend %s", lengths[i], r, want)
		}
		if r.compile > 0 {
			compiled++
			if r.wall <= r.compile {
				t.Errorf("wall %d does not hold the compile of %d", r.wall, r.compile)
			}
		}
	}
	if compiled != 3 {
		t.Errorf("%d rows hold a compile, want 3", compiled)
	}
	if c, r := k.events(stats.KindCompile), k.events(stats.KindRecompile); len(c) != 1 || len(r) != 2 {
		t.Errorf("%d compile and %d recompile events, want 1 and 2", len(c), len(r))
	}
	if l, f := k.events(stats.KindLimitReached), k.events(stats.KindFallback); len(l) != 1 || len(f) != 3 {
		t.Errorf("%d limit and %d fallback events, want 1 and 3", len(l), len(f))
	}
	c := k.counters()
	g := c.Groups[0]
	if g.UniqueGraphs != 3 || g.Compiles != 1 || g.Recompiles != 2 || !g.LimitReached || g.Fallbacks != 3 {
		t.Errorf("counters %+v", g)
	}
	if c.Checks.N == 0 || c.Checks.Failed != 0 || c.Checks.MaxRelL2 > 1e-3 {
		t.Errorf("checks %+v", c.Checks)
	}
}

// Evidence of an executable comes once, with nodes, fusions and providers
// taken from a profiled run.
func TestEvidence(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	k.prefill("variable", 6, 6)
	k.prefill("variable", 9, 9)
	for range 2 {
		e := wait[*protocol.Evidence](k)
		t.Logf("%+v", *e)
		if e.NodesBefore <= e.NodesAfter || e.NodesAfter == 0 || len(e.Fused) == 0 || e.NodesPerProvider["cpu"] != e.NodesAfter {
			t.Errorf("evidence %+v", *e)
		}
		if e.BackendActual != e.BackendRequested || e.CompileNs <= 0 || e.FallbackFrom != "" {
			t.Errorf("evidence %+v", *e)
		}
	}
}

// TestWorkIsToldBeforeItsSamples: with a real engine each kind of request has
// its bytes and operations once, ahead of its first batch, and the bound that
// follows is no more than what it took.
func TestWorkIsToldBeforeItsSamples(t *testing.T) {
	k := startWorker(t)
	loaded := k.loadBuiltin("tiny-gpt2", nil)
	if !loaded.Roof.Known() {
		t.Fatalf("roof %+v, notes %q", loaded.Roof, loaded.Notes)
	}
	s := protocol.Strategy{Prefill: "padded", Decode: "kv-bucketed"}
	for range 2 {
		for _, mode := range []string{"prefill", "kv_decode", "e2e_kv"} {
			k.next++
			k.send(&protocol.Request{ID: k.next, Mode: mode, Batch: 1, Tokens: 20, Exec: [2]int{20, 32}, NewTokens: 4, Strategy: s, Order: []string{"eager", "optimized"}, Seed: 1})
		}
	}
	told, seen := map[workTold]*protocol.Work{}, 0
	for seen < 12 {
		for _, m := range []any{wait[any](k)} {
			switch m := m.(type) {
			case *protocol.Work:
				key := workTold{m.Lane, m.Mode, m.Shape, m.Tokens, m.NewTokens}
				if told[key] != nil {
					t.Errorf("%+v is told twice", key)
				}
				told[key] = m
			case *protocol.Batch:
				steps := map[string]int{"prefill": 0, "kv_decode": 4, "e2e_kv": 4}[m.Mode]
				w := told[workTold{m.Lane, m.Mode, m.Shape, 20, steps}]
				if w == nil {
					t.Fatalf("a batch of %s %s %s, whose work is not told", m.Lane, m.Mode, m.Shape)
				}
				b := loaded.Roof.Bound(w.Passes)
				if m.Lane == "eager" && b.Padding != 0 || m.Lane == "optimized" && b.Padding <= 0 {
					t.Errorf("%s %s: padding %v ns", m.Lane, m.Mode, b.Padding)
				}
				for _, wall := range m.WallNs {
					if seen++; b.Ns <= 0 || b.Ns > float64(wall) {
						t.Errorf("%s %s: the bound is %v ns, it took %d", m.Lane, m.Mode, b.Ns, wall)
					}
				}
			}
		}
	}
}
