package runner

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// While lengths churn, what has no executable goes to the eager session; a mix
// of lengths that first came up while the rule was on and then repeats is
// compiled again, a few lengths at a time, until it runs compiled altogether.
func TestRouteEndsWhenAMixRepeats(t *testing.T) {
	for _, mode := range []string{"prefill", "kv_decode"} {
		t.Run(mode, func(t *testing.T) {
			var rows []plan.TrafficRow
			for n := range 40 {
				rows = append(rows, plan.TrafficRow{Tokens: 10 + n, NewTokens: 4})
			}
			const mix, last = 12, 300
			for i := range 1500 {
				rows = append(rows, plan.TrafficRow{Tokens: 100 + 3*(i%mix), NewTokens: 4})
			}
			cfg := sessionConfig()
			cfg.Modes, cfg.Route, cfg.Warmup, cfg.Reps, cfg.MaxNewTokens = []string{mode}, "churn", 0, 0, 4
			_, mem := runSession(t, "none", cfg, func(o *Options) { o.Traffic = rows })
			on, off := 0, 0
			for _, e := range mem.events {
				if e.Kind == stats.KindRoute {
					t.Log(e.Reason)
					if strings.Contains(e.Reason, "again") {
						off++
					} else {
						on++
					}
				}
			}
			if on < 2 || off < 1 || on > 6 {
				t.Errorf("the rule went on %d times and off %d times", on, off)
			}
			ran := map[string]int{}
			var optimized []stats.Sample
			for _, s := range mem.samples {
				if s.Lane == stats.Optimized {
					optimized = append(optimized, s)
				}
			}
			for _, s := range optimized[len(optimized)-last:] {
				ran[s.Strategy]++
			}
			if ran["variable"] != last {
				t.Errorf("at the end the optimized lane ran %v", ran)
			}
			if early := optimized[20:40]; early[0].Strategy != "eager" || early[19].Strategy != "eager" {
				t.Errorf("among lengths that never repeat it ran %s and %s", early[0].Strategy, early[19].Strategy)
			}
		})
	}
}

// At the limit the rule stays on: what falls back would never be compiled.
func TestRouteStaysAtTheLimit(t *testing.T) {
	s := routeSession(t)
	s.eng.counters.Groups = []protocol.Counter{{Mode: "prefill", Strategy: "variable", LimitReached: true}}
	fl := &inflight{item: plan.Item{Mode: "prefill", Batch: 1, Tokens: 9}, strategy: s.set.strategy}
	s.routeSeen(&stats.Sample{Lane: stats.Optimized, Strategy: "variable", Flags: stats.FlagFallback}, fl)
	if !s.route.state.active || !s.route.toEager(fl.item, s.set.strategy) {
		t.Fatal("the limit did not switch the rule on")
	}
	fl.routed = true
	for range 5 * routeWindow {
		s.routeSeen(&stats.Sample{Lane: stats.Optimized, Strategy: "eager"}, fl)
	}
	if !s.route.state.active {
		t.Error("the rule went off although the limit is reached")
	}
}

// An eviction makes what it served unknown again; under dynamic one
// executable serves all.
func TestRouteKnowsWhatIsCompiled(t *testing.T) {
	s := routeSession(t)
	s.route.state.turn(true)
	fl := &inflight{item: plan.Item{Mode: "prefill", Batch: 1, Tokens: 9}, strategy: s.set.strategy}
	s.route.learn(&stats.Sample{Lane: stats.Optimized, Shape: "1x9"}, fl, s.set.strategy)
	if s.route.toEager(fl.item, s.set.strategy) {
		t.Error("a compiled shape was routed away")
	}
	s.route.unlearn("prefill", "variable", "1x8")
	if s.route.toEager(fl.item, s.set.strategy) {
		t.Error("another shape's eviction was taken for this one's")
	}
	s.route.unlearn("prefill", "variable", "1x9")
	if !s.route.toEager(fl.item, s.set.strategy) {
		t.Error("an evicted shape was not routed away")
	}
	s.set.strategy = plan.Strategy{Prefill: "dynamic", Decode: "dynamic"}
	fl.strategy = s.set.strategy
	s.route.learn(&stats.Sample{Lane: stats.Optimized, Shape: "1x9"}, fl, s.set.strategy)
	if s.route.toEager(plan.Item{Mode: "prefill", Batch: 1, Tokens: 500}, s.set.strategy) {
		t.Error("dynamic was routed away by length")
	}
}

// TestPiecesAreKnownByTheirCache: the pieces of a prompt run over a cache of fixed
// size, and its length is part of what was compiled.
func TestPiecesAreKnownByTheirCache(t *testing.T) {
	for _, c := range []struct {
		mode, decode string
		opts         map[string]string
		same, other  int // tokens of prompts after one of 60
	}{{"e2e_kv", "kv-bucketed", nil, 61, 500}, {"e2e_kv", "static-cache", nil, 190, 300}, {"e2e_kv", "static-cache", map[string]string{"cache_block": "64"}, 61, 70},
		{"prefill", "eager", nil, 256, 257}, {"prefill", "eager", map[string]string{"static_len": "600"}, 500, 700},
		{"kv_decode", "variable", nil, 64, 65}, {"kv_decode", "static-cache", nil, 190, 300}} {
		s := routeSession(t)
		s.route.cfg.Options = c.opts
		st := plan.Strategy{Prefill: "chunked", Decode: c.decode}
		s.route.state.turn(true)
		item := func(n int) plan.Item { return plan.Item{Mode: c.mode, Batch: 1, Tokens: n, NewTokens: 8} }
		s.route.learn(&stats.Sample{Lane: stats.Optimized, Shape: "x"}, &inflight{item: item(60), strategy: st}, st)
		if s.route.toEager(item(c.same), st) || !s.route.toEager(item(c.other), st) {
			t.Errorf("%s over %s: a prompt of %d tokens is known %v, of %d %v", c.mode, c.decode, c.same, !s.route.toEager(item(c.same), st), c.other, !s.route.toEager(item(c.other), st))
		}
	}
}

func routeSession(t *testing.T) *Session {
	t.Helper()
	cfg := sessionConfig()
	cfg.Route = "churn"
	return must.Get(NewSession(Options{Config: cfg, Sink: &memory{}}))(t)
}

// Under compile: warmup no counted request compiles, whatever the worker or
// the strategy, and the plan is the one that inline runs.
func TestCompileWarmup(t *testing.T) {
	lengths := func(compile, fault string) (counted []int32, mem *memory) {
		cfg := sessionConfig()
		cfg.Compile, cfg.Warmup = compile, 0
		_, mem = runSession(t, fault, cfg, nil)
		for _, s := range mem.samples {
			if !s.Warmup && s.Lane == stats.Optimized {
				counted = append(counted, s.Tokens)
			}
		}
		return counted, mem
	}
	inline, mem := lengths("inline", "none")
	compiled := func(mem *memory, warm bool) (n int) {
		for _, s := range mem.samples {
			if s.CompileNs > 0 && s.Warmup == warm {
				n++
			}
		}
		return n
	}
	if n := compiled(mem, false); n != 3 {
		t.Fatalf("inline: %d counted samples hold a compile, want 3", n)
	}
	ahead, mem := lengths("warmup", "none")
	if a, b := compiled(mem, true), compiled(mem, false); a != 3 || b != 0 {
		t.Errorf("%d warm-ups and %d counted samples hold a compile, want 3 and 0", a, b)
	}
	if len(ahead) != len(inline) {
		t.Fatalf("%d requests, inline has %d", len(ahead), len(inline))
	}
	for i := range ahead {
		if ahead[i] != inline[i] {
			t.Fatalf("request %d has %d tokens, inline %d", i, ahead[i], inline[i])
		}
	}
	_, mem = lengths("warmup", "die:20")
	if mem.kinds()[stats.KindWorkerRestart] == 0 || compiled(mem, false) != 0 {
		t.Errorf("after %d restarts %d counted samples hold a compile", mem.kinds()[stats.KindWorkerRestart], compiled(mem, false))
	}
}

// An engine that knows one growing cache is asked for that whatever the prompts
// are padded to. Its events keep the name that its counters have: under the
// session's own they would be counted twice.
func TestEventsKeepTheEnginesName(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.Strategy, cfg.MaxNewTokens = []string{"kv_decode"}, "padded", 4
	_, mem := runSession(t, "none", cfg, nil)
	compiles := 0
	for _, e := range mem.events {
		if e.Kind == stats.KindCompile || e.Kind == stats.KindRecompile {
			compiles++
			if e.Strategy != "variable" {
				t.Errorf("event %+v, want the strategy that the engine named", e)
			}
		}
	}
	if compiles == 0 {
		t.Error("nothing was compiled")
	}
	for _, s := range mem.samples {
		if s.Strategy != "padded" {
			t.Fatalf("sample %+v, want the strategy that was chosen", s)
		}
	}
}

// What hello offers and the provider cannot is known once a model is loaded.
func TestLoadedTakesBackAPairing(t *testing.T) {
	cfg := sessionConfig()
	cfg.Pairing = "concurrent"
	res, _ := runSession(t, "alone", cfg, nil)
	err := res.Err
	if err == nil || !strings.Contains(err.Error(), "this provider runs one session at a time") {
		t.Errorf("a concurrent run ended with %v", err)
	}
}
