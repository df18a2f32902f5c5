package runner

import (
	"context"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
)

// driven starts a session that runs what it is asked for.
func driven(t *testing.T, fault string) (ask func(...Asked) []Answer, r Ready) {
	t.Helper()
	work, ready := make(chan Work), make(chan Ready, 8)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	guard.Go("a session", func() {
		defer close(done)
		cfg := sessionConfig()
		cfg.Strategy, cfg.Reps = "eager", 0
		_, _ = runSessionIn(ctx, t, fault, cfg, func(o *Options) {
			o.Work = work
			o.OnReady = func(r Ready) { ready <- r }
		})
	})
	t.Cleanup(func() { cancel(); <-done })
	return func(q ...Asked) []Answer {
		answer := make(chan []Answer, 1)
		select {
		case work <- Work{Requests: q, Done: answer}:
			return <-answer
		case <-done:
			t.Fatal("the session has ended")
		}
		return nil
	}, <-ready
}

func TestWorkRunsEachRequestUnderItsOwnStrategy(t *testing.T) {
	ask, ready := driven(t, "none")
	if why := ready.Lacks("kv_decode", plan.Strategy{Prefill: "padded", Decode: "static-cache"}); !strings.Contains(why, "no fixed cache") {
		t.Errorf("what the engine lacks: %q", why)
	}
	it := plan.Item{Mode: "prefill", Scenario: "a", PadTo: 50, Tokens: 30, Batch: 1, Seed: 1}
	for range 3 {
		got := ask(Asked{Item: it, Lane: stats.Optimized, Strategy: plan.Strategy{Prefill: "padded", Decode: "eager"}}, Asked{Item: it, Lane: stats.Eager},
			Asked{Item: it, Lane: stats.Optimized, Strategy: plan.Strategy{Prefill: "bucketed", Decode: "eager"}},
			Asked{Item: it, Lane: stats.Optimized, Strategy: plan.Strategy{Prefill: "bucketed", Decode: "eager"}, Edges: []int{40, 60}})
		want := []struct {
			lane     stats.Lane
			strategy string
			tokens   int32
		}{{stats.Optimized, "padded", 50}, {stats.Eager, "eager", 30}, {stats.Optimized, "bucketed", 32}, {stats.Optimized, "bucketed", 40}}
		for i, w := range want {
			s := got[i].Sample
			if got[i].Err != "" || got[i].Lost || s.Lane != w.lane || s.ExecutedTokens != w.tokens || w.lane == stats.Optimized && s.Strategy != w.strategy || s.WallNs <= 0 {
				t.Errorf("request %d: %+v, want %+v", i, got[i], w)
			}
		}
	}
}

// TestWorkNamesTheRequestThatEndedItsWorker, and the next block has a new one.
func TestWorkNamesTheRequestThatEndedItsWorker(t *testing.T) {
	ask, _ := driven(t, "poison:50")
	bad := plan.Item{Mode: "prefill", Scenario: "a", PadTo: 50, Tokens: 50, Batch: 1, Seed: 1}
	good := plan.Item{Mode: "prefill", Scenario: "a", PadTo: 50, Tokens: 30, Batch: 1, Seed: 1}
	got := ask(Asked{Item: good, Lane: stats.Optimized, Strategy: plan.Strategy{Prefill: "variable", Decode: "eager"}}, Asked{Item: bad, Lane: stats.Optimized, Strategy: plan.Strategy{Prefill: "padded", Decode: "eager"}}, Asked{Item: good, Lane: stats.Eager})
	if got[1].Err == "" || got[1].Lost || !got[2].Lost {
		t.Errorf("%+v", got)
	}
	if got := ask(Asked{Item: good, Lane: stats.Eager}); got[0].Err != "" || got[0].Lost {
		t.Errorf("after the crash: %+v", got)
	}
}
