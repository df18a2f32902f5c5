package tune

import (
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/race"
)

// ran is a heat of strategies that took so many ns each, 200 times.
func ran(t *testing.T, name, mode string, ns map[string]int64, order ...string) *heat {
	t.Helper()
	h := &heat{name: name, mode: mode}
	var cs []race.Candidate
	for _, w := range order {
		h.cands = append(h.cands, candidate{name: w, strategy: must.Get(plan.ParseStrategy(w))(t)})
		cs = append(cs, race.Candidate{Name: w})
	}
	h.race = race.New(cs, race.Options{Objective: race.P50, Seed: 1})
	for range 200 {
		var block []race.Obs
		for i, w := range order {
			block = append(block, race.Obs{Candidate: i, Ns: ns[w]})
		}
		h.race.Tell(block)
	}
	return h
}

// TestAChunkedPickIsWrittenAsSuch, before and after the race of options; beside a
// growing decode the next best of its own race takes its place.
func TestAChunkedPickIsWrittenAsSuch(t *testing.T) {
	cfg := must.Get(configs.Load("root_cause"))(t)
	lacks := func(mode string, st plan.Strategy) string {
		if mode == "e2e_kv" && st.Prefill == "chunked" && st.Decode != "static-cache" {
			return "a fixed cache"
		}
		return ""
	}
	ns := map[string]int64{"eager": 9e6, "variable": 5e6, "padded": 3e6, "chunked": 1e6, "static-cache": 9e6}
	prefill := ran(t, "prefill", "prefill", ns, "eager", "variable", "padded", "chunked")
	tn := &tuner{cfg: cfg, first: &worker{ready: runner.Ready{Lacks: lacks}}, heats: []*heat{prefill}}
	if st, _ := tn.picked(); st.Prefill != "chunked" {
		t.Fatalf("before the options: %v", st)
	}
	tn.heats = append(tn.heats, ran(t, optionsHeat, "prefill", ns, "eager", "chunked"))
	if st, _ := tn.picked(); st.Prefill != "chunked" {
		t.Errorf("after the options: %v", st)
	}
	tn.heats = []*heat{prefill, ran(t, "kv_decode", "kv_decode", ns, "variable", "static-cache")}
	if st, _ := tn.picked(); st.Prefill != "padded" || st.Decode != "variable" {
		t.Errorf("beside a growing decode: %v", st)
	}
}

// TestAnOptionThatDidNotRunWinsNothing: its time is that of what ran in its place.
func TestAnOptionThatDidNotRunWinsNothing(t *testing.T) {
	h := &heat{mode: "forward", cands: []candidate{{}, {name: "variable with torch.backend=aoti", setup: 1}}}
	tn := &tuner{workers: map[int]*worker{0: {sink: newSink()}, 1: {sink: newSink()}}, setups: []setup{{}, {Set: map[string]string{backendKey: "aoti"}}}}
	must.OK(t, tn.workers[1].sink.Event(&stats.Event{Kind: stats.KindFallback, Reason: "aoti cannot run here"}))
	for _, c := range []struct {
		backend string
		flags   stats.Flag
		i       int
		want    string
	}{{"torch-cpu-inductor", 0, 0, ""}, {"torch-cpu-aoti", 0, 1, ""}, {"torch-cpu-aoti", stats.FlagFallback, 1, "it did not run on aoti but fell back: aoti cannot run here"},
		{"torch-cpu-inductor", 0, 1, "it did not run on aoti but on torch-cpu-inductor: aoti cannot run here"}} {
		if got := tn.obs(h, c.i, &runner.Answer{Sample: stats.Sample{Backend: c.backend, Flags: c.flags}}); got.Bad != c.want {
			t.Errorf("%+v: %q", c, got.Bad)
		}
	}
}

func TestOptionsFitTheirStrategy(t *testing.T) {
	aoti, block := setup{Set: map[string]string{backendKey: "aoti"}}, setup{Set: map[string]string{blockKey: "256"}}
	for _, c := range []struct {
		s              setup
		mode, strategy string
		fits           bool
	}{{aoti, "forward", "variable", true}, {aoti, "forward", "dynamic", false}, {block, "kv_decode", "static-cache", true}, {block, "e2e_kv", "prefill=chunked,decode=static-cache", true},
		{block, "kv_decode", "kv-bucketed", false}, {block, "prefill", "variable", false}, {block, "prefill", "prefill=padded,decode=static-cache", false},
		{setup{Set: map[string]string{"torch.mode": "default"}}, "prefill", "dynamic", true}} {
		if why := c.s.unfit(c.mode, must.Get(plan.ParseStrategy(c.strategy))(t)); (why == "") != c.fits {
			t.Errorf("%v in %s under %s: %q", c.s.Set, c.mode, c.strategy, why)
		}
	}
}

// TestADifferenceThatNothingHasJudged takes a candidate out, and not as wrong.
func TestADifferenceThatNothingHasJudged(t *testing.T) {
	for want, extra := range map[string]map[string]any{"outputs: they differ": {"rel_l2": .1}, "not judged: they differ": {"judged": false}} {
		w := &worker{sink: newSink()}
		must.OK(t, w.sink.Event(&stats.Event{Kind: stats.KindDivergence, Mode: "forward", Strategy: "variable", Reason: "they differ", Extra: extra}))
		h := &heat{mode: "forward", cands: []candidate{{strategy: must.Get(plan.ParseStrategy("variable"))(t)}}}
		tn := &tuner{workers: map[int]*worker{0: w}, setups: []setup{{}}}
		if got := tn.obs(h, 0, &runner.Answer{Sample: stats.Sample{Flags: stats.FlagDivergence}}).Bad; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestAbreastByWhatThereIs: processors as many as the quota leaves, memory of the
// device and of the machine.
func TestAbreastByWhatThereIs(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		procs                     int
		free, host, weights, want float64
	}{{32, 1e12, 0, 2 * gib, 7}, {8, 1e12, 1e12, 2 * gib, 1}, {4, 1e12, 1e12, 2 * gib, 0}, {32, 16 * gib, 1e12, 2 * gib, 3}, {32, 1e12, 20 * gib, 2 * gib, 3}, {32, 1e12, 2 * gib, 0, 7}, {2, 0, 0, 0, 0}} {
		l := &protocol.Loaded{Provider: "cuda"}
		l.Model.Bytes = int64(c.weights)
		tn := &tuner{cfg: &configs.Config{Engine: "torch"}, first: &worker{ready: runner.Ready{Loaded: l}}, procs: c.procs, free: c.free, host: c.host}
		if got := tn.abreast(); got != int(c.want) {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// TestMadeBesideOthersIsNotHeldAgainstIt: neither by the bound on making nor where it
// breaks a tie.
func TestMadeBesideOthersIsNotHeldAgainstIt(t *testing.T) {
	tie := race.New([]race.Candidate{{Name: "eager"}, {Name: "grouped", Firsts: 1}}, race.Options{Objective: race.P50, Horizon: 1000, Seed: 1})
	tie.Tell([]race.Obs{{Candidate: 1, Ns: 21e9, CompileNs: 20e9, First: true, Beside: true}})
	for range 8 {
		tie.Tell([]race.Obs{{Candidate: 0, Ns: 1_000_000}, {Candidate: 1, Ns: 990_000}})
	}
	if got := tie.Pick(); got != 0 {
		t.Errorf("eager makes nothing, and %d was picked", got)
	}
	for _, beside := range []bool{false, true} {
		h := &heat{name: optionsHeat, mode: "kv_decode", cands: make([]candidate, 3), before: make([]int64, 3), until: time.Now().Add(time.Hour)}
		h.cands[1].lane, h.cands[2].lane = stats.Optimized, stats.Optimized
		h.race = race.New([]race.Candidate{{Name: "eager"}, {Name: "padded", Firsts: 1}, {Name: "padded with grouped", Firsts: 1}}, race.Options{Objective: race.P50, Horizon: 1000, Seed: 1})
		h.race.Tell([]race.Obs{{Candidate: 1, Ns: 6e9, CompileNs: 5e9, First: true}})
		h.race.Tell([]race.Obs{{Candidate: 2, Ns: 21e9, CompileNs: 20e9, First: true, Beside: beside}})
		for range 8 {
			h.race.Tell([]race.Obs{{Candidate: 0, Ns: 9e6}, {Candidate: 1, Ns: 1_000_000}, {Candidate: 2, Ns: 990_000}})
		}
		if got := h.race.Pick(); (got == 2) != beside {
			t.Errorf("beside others %v: picked %d", beside, got)
		}
		tn := &tuner{o: Options{ColdStart: 10 * time.Second}, workers: map[int]*worker{0: {sink: newSink()}}, journal: must.Get(openJournal(t.TempDir()))(t)}
		must.OK(t, tn.bounds(h))
		if got := h.race.Standing()[2].Out; (got == "") != beside {
			t.Errorf("beside others %v: %q", beside, got)
		}
		must.OK(t, tn.journal.f.Close())
	}
}

// TestARestartHasItsTime: the races end sooner where loading and compiling once more
// take longer than a restart's share, but keep half of theirs.
func TestARestartHasItsTime(t *testing.T) {
	h := ran(t, "prefill", "prefill", map[string]int64{"eager": 9e6, "padded": 3e6}, "eager", "padded")
	h.cands[1].firsts = 5
	cfg := must.Get(configs.Load("root_cause"))(t)
	cfg.Engine = "torch"
	tn := &tuner{cfg: cfg, began: time.Now(), heats: []*heat{h}, o: Options{Duration: 200 * time.Second, Restarts: 1}}
	ends := func(loading, each time.Duration) time.Duration {
		tn.first, tn.made.ns = &worker{startNs: loading}, []time.Duration{each}
		return tn.strategiesEnd().Sub(tn.began)
	}
	for _, c := range []struct{ loading, each, want time.Duration }{
		{10 * time.Second, time.Second, 160 * time.Second},     // 18 s of the 40 there are
		{40 * time.Second, 4 * time.Second, 137 * time.Second}, // 63 s
		{90 * time.Second, 10 * time.Second, 80 * time.Second}, // 143 s
	} {
		if got := ends(c.loading, c.each).Round(time.Millisecond); got != c.want {
			t.Errorf("loading %v, %v an executable: races end after %v, want %v", c.loading, c.each, got, c.want)
		}
	}
}
