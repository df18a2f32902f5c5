package ort

import (
	"os"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/ort/probe"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Under evict the least recently used executable goes, and comes back as a
// recompile when its shape does.
func TestEvict(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Cache = protocol.Cache{Policy: "evict", MaxGraph: 2} })
	lengths := []int{5, 6, 5, 7, 5, 6} // 7 pushes out 6, then 6 pushes out 7
	for _, n := range lengths {
		k.prefill("variable", n, n)
	}
	k.decode("kv_decode", "variable", "variable", 5, 5, 6) // evicts while it runs
	k.decode("kv_decode", "variable", "variable", 5, 5, 6)
	k.drain("optimized", len(lengths)+2)
	rows := k.settle()
	for i, want := range []bool{true, true, false, true, false, true} {
		if r := rows["optimized"][i]; (r.compile > 0) != want || r.backend != "ort-cpu-compiled" {
			t.Errorf("request %d of %d tokens: %+v, want a compile: %v", i, lengths[i], r, want)
		}
	}
	g := k.counters().Groups
	if g[1].Evictions != 2 || g[1].UniqueGraphs != 2 || g[1].LimitReached || g[0].UniqueGraphs != 2 || g[0].Fallbacks != 0 {
		t.Errorf("counters %+v", g)
	}
	if n := len(k.events(stats.KindEvict)); n != g[0].Evictions+g[1].Evictions {
		t.Errorf("%d evict events for %d evictions", n, g[0].Evictions+g[1].Evictions)
	}
	if c := k.counters().Checks; c.Failed != 0 {
		t.Errorf("checks %+v", c)
	}
}

// A bound in bytes counts like the limit.
func TestCacheBytes(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Cache.MaxBytes = 1 })
	k.prefill("variable", 5, 5)
	k.prefill("variable", 6, 6)
	k.drain("optimized", 2)
	rows := k.settle()
	if rows["optimized"][0].compile == 0 || rows["optimized"][1].backend != "ort-cpu-eager" {
		t.Errorf("%+v", rows["optimized"])
	}
}

// The bound is that of all groups: under evict another one's executables go
// when the group itself has none.
func TestCacheBytesEvictAcrossGroups(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Cache = protocol.Cache{Policy: "evict", MaxBytes: 1} })
	k.prefill("variable", 5, 5)
	k.prefill("bucketed", 5, 8)
	k.decode("kv_decode", "bucketed", "kv-bucketed", 5, 8, 3)
	k.drain("optimized", 3)
	for _, r := range k.settle()["optimized"] {
		if r.compile == 0 || r.backend != "ort-cpu-compiled" {
			t.Errorf("%+v", r)
		}
	}
	alive := 0
	for _, g := range k.counters().Groups {
		alive += g.UniqueGraphs
	}
	if n := len(k.events(stats.KindEvict)); alive != 1 || n != 2 {
		t.Errorf("%d executables are alive and %d were evicted, want 1 and 2", alive, n)
	}
}

// In the background the dynamic executable serves until the shape's own is
// ready; no request but the first pays for a compile.
func TestCompileInBackground(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Compile = "background" })
	k.prefill("variable", 5, 5)
	k.prefill("variable", 9, 9)
	k.drain("optimized", 2)
	deadline := time.Now().Add(30 * time.Second)
	n := 2
	for len(k.events(stats.KindRecompile)) < 2 && time.Now().Before(deadline) {
		k.prefill("variable", 5, 5)
		n++
		k.drain("optimized", n)
		time.Sleep(20 * time.Millisecond)
	}
	k.prefill("variable", 9, 9)
	k.drain("optimized", n+1)
	rows := k.settle()["optimized"]
	if rows[0].compile == 0 || rows[0].backend != "ort-cpu-compiled-dynamic" || rows[1].compile != 0 {
		t.Errorf("first rows %+v", rows[:2])
	}
	if last := rows[len(rows)-1]; last.backend != "ort-cpu-compiled" || last.compile != 0 {
		t.Errorf("last row %+v", last)
	}
	if c := k.counters().Checks; c.Failed != 0 || c.N == 0 {
		t.Errorf("checks %+v", c)
	}
}

// Both lanes at once give the same answers as one after the other. Lanes wait
// for each other; on busy cores the kernel may still run one after the other, so
// there are three tries.
func TestTogether(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	const n = 20
	overlap, sent := 0, 0
	for ; overlap < n/2 && sent < 3*n; sent += n {
		overlap = k.together(n, sent)
	}
	if overlap < n/2 {
		t.Errorf("only %d of %d pairs ran at once", overlap, n)
	}
	if c := k.counters().Checks; c.Failed != 0 || c.N != sent {
		t.Errorf("checks %+v", c)
	}
}

// together sends n requests of both lanes at once, after others, and returns
// how many pairs overlapped.
func (k *worker) together(n, after int) (overlap int) {
	k.t.Helper()
	for i := range n {
		k.next++
		k.send(&protocol.Request{
			ID: k.next, Mode: []string{"prefill", "kv_decode"}[i%2], Batch: 2, Tokens: 61, Exec: [2]int{61, 64}, NewTokens: 12, Together: true,
			Strategy: protocol.Strategy{Prefill: "padded", Decode: "dynamic"}, Order: []string{"eager", "optimized"}, Seed: k.next,
		})
	}
	k.drain("optimized", after+n)
	rows := k.settle()
	for i, a := range rows["eager"][after:] {
		b := rows["optimized"][after+i]
		if a.err != "" || b.err != "" {
			k.t.Fatal(a.err, b.err)
		}
		if a.start < b.start+b.wall && b.start < a.start+a.wall {
			overlap++
		}
	}
	k.t.Logf("%d of %d pairs ran at once, the last for %.1f and %.1f ms", overlap, n, float64(rows["eager"][after+n-1].wall)/1e6, float64(rows["optimized"][after+n-1].wall)/1e6)
	return overlap
}

// A profile holds the next requests and leaves their samples alone.
func TestProfile(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	dir := t.TempDir()
	k.send(&protocol.Profile{ID: 7, Requests: 2, Dir: dir})
	k.prefill("variable", 5, 5)
	k.decode("kv_decode", "bucketed", "kv-bucketed", 5, 5, 3)
	p := wait[*protocol.Profiled](k)
	if p.ID != 7 || p.Error != "" || len(p.Files) < 2 {
		t.Fatalf("%+v", p)
	}
	for _, f := range p.Files {
		if n, err := probe.Read(f); err != nil || n.Nodes == 0 {
			t.Errorf("%s: %v", f, err)
		}
		if st, err := os.Stat(f); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// Flush takes back what has not started, clear drops every executable, stop
// says how many samples there were.
func TestFlushClearStop(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	k.prefill("variable", 5, 5)
	k.drain("optimized", 1)
	k.send(&protocol.Clear{ID: 3})
	if c := wait[*protocol.Cleared](k); c.ID != 3 || c.Freed != 1 {
		t.Errorf("%+v", c)
	}
	k.prefill("variable", 5, 5)
	k.drain("optimized", 2)
	if r := k.rows()["optimized"][1]; r.compile == 0 {
		t.Errorf("no compile after clear: %+v", r)
	}
	for range 200 {
		k.prefill("variable", 5, 5)
	}
	k.send(&protocol.Flush{ID: 4})
	f := wait[*protocol.Flushed](k)
	k.drain("optimized", 2+200-len(f.Dropped))
	k.send(&protocol.Stop{})
	b := wait[*protocol.Bye](k)
	if want := uint64(2 * (202 - len(f.Dropped))); b.Samples != want {
		t.Errorf("bye counts %d samples, want %d (%d dropped)", b.Samples, want, len(f.Dropped))
	}
	if len(f.Dropped) == 0 {
		t.Error("nothing was dropped: the queue ran faster than 200 requests were sent")
	}
}
