package ort

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// At a share of 0 nothing is compared, not even the first of a shape.
func TestCheckOfNothing(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Check = 0 })
	k.prefill("variable", 5, 5)
	k.drain("optimized", 1)
	k.settle()
	if c := k.counters().Checks; c.N != 0 || c.Skipped == "" {
		t.Errorf("%+v", c)
	}
}

// A finished sample does not wait for a request that may be long.
func TestSamplesDoNotWaitForLongWork(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	for range 3 {
		k.prefill("variable", 5, 5)
	}
	k.drain("optimized", 3)
	short := k.prefill("variable", 5, 5)
	long := k.decode("kv_decode", "variable", "dynamic", 5, 5, 400) // never seen: nobody knows how long it takes
	var came int64
	for came == 0 {
		if b := wait[*protocol.Batch](k); b.Request[b.Len()-1] == short && b.Lane == "optimized" {
			came = native.Now()
		}
	}
	k.drain("optimized", 5)
	for _, r := range k.settle()["optimized"] {
		if r.request == long && came > r.start+r.wall {
			t.Errorf("the sample before it came %d ns after a request of %d ns had ended", came-r.start-r.wall, r.wall)
		}
	}
}

// The first executable of a mode is proven right after its request, whatever
// else waits for a quiet moment.
func TestFirstProofDoesNotWait(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	for _, n := range []int{5, 6, 7} {
		k.prefill("variable", n, n)
	}
	k.decode("kv_decode", "variable", "dynamic", 5, 5, 3)
	k.drain("optimized", 4)
	proven := map[string]int{}
	for _, m := range k.all {
		if ev, ok := m.(*protocol.Evidence); ok && ev.NodesAfter > 0 {
			proven[ev.Mode]++
		}
	}
	if proven["prefill"] != 1 || proven["kv_decode"] != 1 {
		t.Errorf("proven %v", proven)
	}
}

// A profile is of the requests that run next, one at a time; each is answered,
// and before bye.
func TestProfilesAreAnswered(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	for range 100 {
		k.prefill("variable", 5, 5)
	}
	k.send(&protocol.Profile{ID: 1, Requests: 1, Dir: t.TempDir()})
	last := k.prefill("variable", 5, 5)
	if p := wait[*protocol.Profiled](k); p.ID != 1 || p.Error != "" {
		t.Errorf("%+v", p)
	}
	for _, b := range k.rows()["optimized"] {
		if b.request == last {
			t.Error("the profile waited for all requests before it")
		}
	}
	k.drain("optimized", 101)
	k.send(&protocol.Profile{ID: 2, Requests: 1, Dir: t.TempDir()})
	k.decode("kv_decode", "bucketed", "kv-bucketed", 900, 1000, 3) // positions end not far behind the cache
	if p := wait[*protocol.Profiled](k); p.ID != 2 || p.Error != "" {
		t.Errorf("%+v", p)
	}
	k.send(&protocol.Flush{ID: 9})
	wait[*protocol.Flushed](k)
	k.send(&protocol.Profile{ID: 3, Requests: 1, Dir: t.TempDir()})
	k.send(&protocol.Profile{ID: 4, Requests: 1, Dir: t.TempDir()})
	if p := wait[*protocol.Profiled](k); p.ID != 4 || !strings.Contains(p.Error, "already") {
		t.Errorf("%+v", p)
	}
	k.send(&protocol.Stop{})
	if p := wait[*protocol.Profiled](k); p.ID != 3 || !strings.Contains(p.Error, "no request") {
		t.Errorf("%+v", p)
	}
	wait[*protocol.Bye](k)
	for m := range k.got {
		t.Errorf("%T after bye", m)
	}
}
