package ort

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// inBackground loads the default model under compile: background. Making the
// first executable of a fixed shape waits for held, where there is one; all of
// them fail with err.
func inBackground(t *testing.T, held <-chan struct{}, err error, edit func(*protocol.Load)) *worker {
	k := startFaulty(t, func(e *engine) {
		var made atomic.Int32
		e.maker.Refuse = func(s native.SessionSpec) error {
			if !s.Compiled || len(s.Fixed) == 0 || s.Profile != "" {
				return nil
			}
			if made.Add(1) == 1 && held != nil {
				<-held
			}
			return err
		}
	})
	k.loadBuiltin("default", func(l *protocol.Load) {
		l.Compile = "background"
		if edit != nil {
			edit(l)
		}
	})
	return k
}

// once runs a prefill and waits for it, then for what runs in the background.
func (k *worker) once(tokens, n int, pause time.Duration) {
	k.t.Helper()
	k.prefill("variable", tokens, tokens)
	k.drain("optimized", n)
	time.Sleep(pause)
}

// again repeats a prefill until ok.
func (k *worker) again(what string, tokens int, ok func() bool) {
	k.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatal("never: ", what)
		}
		k.once(tokens, len(k.rows()["optimized"])+1, 0)
		k.settle()
	}
}

// What is made in the background is within the limit, the dynamic executable
// counted.
func TestBackgroundKeepsTheLimit(t *testing.T) {
	for _, limit := range []int{1, 2} {
		k := inBackground(t, nil, nil, func(l *protocol.Load) { l.RecompileLimit = limit })
		for i, tokens := range []int{5, 9, 12, 5, 9, 12} {
			k.once(tokens, i+1, 200*time.Millisecond)
		}
		k.settle()
		k.again("as many as the limit", 5, func() bool { return k.counters().Groups[0].UniqueGraphs >= limit })
		for _, m := range k.all {
			if c, ok := m.(*protocol.Counters); ok && len(c.Groups) > 0 && c.Groups[0].UniqueGraphs > limit {
				t.Fatalf("limit %d: %+v", limit, c.Groups[0])
			}
		}
		if g := k.counters().Groups[0]; g.UniqueGraphs != limit {
			t.Errorf("limit %d: %+v", limit, g)
		}
	}
}

// Under evict what comes from the background pushes out the oldest.
func TestBackgroundEvicts(t *testing.T) {
	k := inBackground(t, nil, nil, func(l *protocol.Load) { l.Cache = protocol.Cache{Policy: "evict", MaxGraph: 2} })
	for i, tokens := range []int{5, 9, 12, 14, 5} {
		k.once(tokens, i+1, 200*time.Millisecond)
	}
	k.settle()
	k.again("two from the background", 5, func() bool { return k.counters().Groups[0].Evictions > 0 })
	for _, m := range k.all {
		if c, ok := m.(*protocol.Counters); ok && len(c.Groups) > 0 && c.Groups[0].UniqueGraphs > 2 {
			t.Fatalf("%+v", c.Groups[0])
		}
	}
	if g := k.counters().Groups[0]; g.Evictions == 0 || g.Evictions != len(k.events(stats.KindEvict)) || g.Compiles+g.Recompiles-g.Evictions != g.UniqueGraphs {
		t.Errorf("%+v, %d evict events", g, len(k.events(stats.KindEvict)))
	}
}

// What was being made when the cache was cleared does not come back.
func TestClearForgetsTheBackground(t *testing.T) {
	held := make(chan struct{})
	k := inBackground(t, held, nil, nil)
	k.once(5, 1, 0)
	k.send(&protocol.Clear{ID: 1})
	wait[*protocol.Cleared](k)
	close(held)
	time.Sleep(600 * time.Millisecond)
	k.once(5, 2, 0)
	if r := k.settle()["optimized"][1]; r.compile == 0 || r.backend != "ort-cpu-compiled-dynamic" {
		t.Errorf("the first row after clear: %+v, want a compile", r)
	}
}

// Who turns compiling in the background off meanwhile has each executable once:
// twice, one was freed and stayed, and clear never ended.
func TestBackgroundComesTooLate(t *testing.T) {
	held := make(chan struct{})
	k := inBackground(t, held, nil, nil)
	k.once(5, 1, 0)
	k.send(&protocol.Set{Compile: new("inline")})
	k.once(5, 2, 0)
	close(held)
	k.again("what comes too late", 5, func() bool { return len(k.events(stats.KindMark)) > 0 })
	k.send(&protocol.Clear{ID: 1})
	if c := wait[*protocol.Cleared](k); c.Freed != 2 {
		t.Errorf("%d were freed, want the dynamic one and that of 5 tokens", c.Freed)
	}
	k.settle()
	if told := k.events(stats.KindMark); len(told) != 1 || !strings.Contains(told[0].Reason, "made meanwhile") {
		t.Errorf("%d marks: %+v", len(told), told)
	}
}

// An executable that cannot be made in the background is told once and not
// tried again; the dynamic one goes on.
func TestBackgroundFailsOnce(t *testing.T) {
	k := inBackground(t, nil, errors.New("no memory for it"), nil)
	k.again("the error", 5, func() bool { return len(k.events(stats.KindError)) > 0 })
	for range 4 {
		k.once(5, len(k.rows()["optimized"])+1, 100*time.Millisecond)
	}
	rows := k.settle()["optimized"]
	for _, r := range rows {
		if r.backend != "ort-cpu-compiled-dynamic" || r.err != "" {
			t.Errorf("%+v", r)
		}
	}
	if told := k.events(stats.KindError); len(told) != 1 || !strings.Contains(told[0].Reason, "no memory for it") {
		t.Errorf("%d error events: %+v", len(told), told)
	}
}
