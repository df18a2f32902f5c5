package folder

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/snapshot/internal/made"
	"github.com/tailscope/tailscope/stats"
)

// twoGenerations writes a session of two modes and two worker generations.
// Each generation ends with counters whose checks are those given.
func twoGenerations(t *testing.T, checks [2]protocol.Checks) string {
	t.Helper()
	w, dir := create(t)
	ts := made.New(5)
	must := func(err error) {
		t.Helper()
		must.OK(t, err)
	}
	for g, c := range checks {
		must(w.Loaded(protocol.Loaded{T: "loaded", Provider: "cpu", Backends: map[string]string{"eager": "e", "optimized": "o"}}))
		for r := range uint64(6) {
			for _, mode := range []stats.Mode{stats.Prefill, stats.KVDecode} {
				for lane := range stats.Lane(stats.NumLanes) {
					s := ts.Sample(uint64(g)*6+r, lane, mode)
					s.Generation = int32(g)
					must(w.Sample(s, nil, nil))
				}
			}
		}
		must(w.Evidence(protocol.Evidence{T: "evidence", Lane: "optimized", Mode: "prefill", Strategy: "variable", Shape: "1x8",
			BackendRequested: "o", BackendActual: "o"}))
		must(w.Counters(protocol.Counters{T: "counters", Checks: c, Groups: []protocol.Counter{
			{Mode: "prefill", Strategy: "variable", UniqueGraphs: 3 + g, Compiles: 1, Recompiles: 2 + g, RecompileLimit: 8}}}))
	}
	must(w.Finish(testEnd))
	return dir
}

func readCounters(t *testing.T, dir, mode string) (f CounterFile) {
	t.Helper()
	must.OK(t, readJSON(filepath.Join(dir, mode, "compiler_counters.json"), &f))
	return f
}

// TestChecksOfAMode: compiler_counters.json of a mode has that mode's own
// comparisons, never those of the session.
func TestChecksOfAMode(t *testing.T) {
	var c [2]protocol.Checks
	for g := range c {
		c[g] = protocol.Checks{Tolerance: 1e-3}
		c[g].Note("prefill", protocol.ModeChecks{N: 5 + g, MaxRelL2: 1e-6})
		c[g].Note("kv_decode", protocol.ModeChecks{N: 7, Failed: g, MaxRelL2: 0.5})
	}
	dir := twoGenerations(t, c)
	for mode, want := range map[string][]CheckCount{
		"prefill": {{0, protocol.Checks{N: 5, MaxRelL2: 1e-6, Tolerance: 1e-3}}, {1, protocol.Checks{N: 6, MaxRelL2: 1e-6, Tolerance: 1e-3}}},
		"kv_decode": {{0, protocol.Checks{N: 7, MaxRelL2: 0.5, Tolerance: 1e-3}},
			{1, protocol.Checks{N: 7, Failed: 1, MaxRelL2: 0.5, Tolerance: 1e-3}}},
	} {
		if got := readCounters(t, dir, mode).Checks; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", mode, got, want)
		}
	}
}

// TestChecksOfNobody: an engine that does not tell its modes apart leaves no
// figure that would look like one mode's.
func TestChecksOfNobody(t *testing.T) {
	dir := twoGenerations(t, [2]protocol.Checks{{}, {N: 12, Failed: 2, MaxRelL2: 0.5, Tolerance: 1e-3}})
	for _, mode := range []string{"prefill", "kv_decode"} {
		if got := readCounters(t, dir, mode).Checks[1]; got.N != 0 || got.Failed != 0 || !strings.Contains(got.Skipped, "over all modes 2 of 12 differ") {
			t.Errorf("%s: %+v", mode, got)
		}
	}
}

// TestFolderTellsGenerationsApart: what is computed anew from a finished
// folder counts each worker generation as the folder does.
func TestFolderTellsGenerationsApart(t *testing.T) {
	var c [2]protocol.Checks
	c[1].Note("prefill", protocol.ModeChecks{N: 3, MaxRelL2: 1e-7})
	dir := twoGenerations(t, c)
	s := must.Get(Open(dir))(t)
	o := must.Get(s.Observe())(t)
	for _, mode := range []stats.Mode{stats.Prefill, stats.KVDecode} {
		got, _ := o.Files(mode)
		if want := readCounters(t, dir, mode.String()); !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, want %+v", mode, *got, want)
		}
	}
	if got := o.evidence; len(got) != 2 || got[0].Generation != 0 || got[1].Generation != 1 {
		t.Errorf("evidence %+v", got)
	}
	if c := o.Manifest.Counts; c.Loads != 2 || c.Restarts != 0 {
		t.Errorf("%d loads, %d restarts", c.Loads, c.Restarts)
	}
	if o.Manifest.Counts.Generations != 2 {
		t.Errorf("%d generations", o.Manifest.Counts.Generations)
	}
}

// TestCountersOfAWorkerThatDied: what its events tell counts, although the
// counters of its last compile and fallback never came; the graphs of a worker
// that is gone are not alive.
func TestCountersOfAWorkerThatDied(t *testing.T) {
	w, dir := create(t)
	ts := made.New(5)
	must := func(err error) {
		t.Helper()
		must.OK(t, err)
	}
	event := func(generation int32, kind stats.Kind, request uint64) {
		t.Helper()
		must(w.Event(&stats.Event{TNs: ts.Now, Kind: kind, Generation: generation, Lane: "optimized", Mode: "prefill", Strategy: "variable", Shape: "1x8",
			Request: &request, DurNs: 2e6, Reason: "test"}))
	}
	for g := range int32(2) {
		must(w.Loaded(protocol.Loaded{T: "loaded", Provider: "cpu", Backends: map[string]string{"eager": "e", "optimized": "o"}}))
		for lane := range stats.Lane(stats.NumLanes) {
			s := ts.Sample(uint64(g), lane, stats.Prefill)
			s.Generation = g
			must(w.Sample(s, nil, nil))
		}
		event(g, stats.KindCompile, 0)
		if g == 0 {
			must(w.Counters(protocol.Counters{T: "counters", Groups: []protocol.Counter{
				{Mode: "prefill", Strategy: "variable", UniqueGraphs: 1, Compiles: 1, CompileNs: 2e6, RecompileLimit: 8}}}))
		}
		event(g, stats.KindRecompile, 1)
		event(g, stats.KindFallback, 2)
		event(g, stats.KindFallback, 2) // the other phase of the same request
	}
	must(w.Finish(testEnd))
	for _, path := range []string{"folder", "anew"} {
		got := readCounters(t, dir, "prefill")
		if path == "anew" {
			s, err := Open(dir)
			must(err)
			o, err := s.Observe()
			must(err)
			f, _ := o.Files(stats.Prefill)
			got = *f
		}
		if got.Compiles != 2 || got.Recompiles != 2 || got.Fallbacks != 2 || got.CompileMs != 8 || got.UniqueGraphs != 0 || len(got.Groups) != 2 {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

// TestSegmentsOfAA: what ran in an A/A segment is labelled and judged as what
// it is, whatever the session ran before.
func TestSegmentsOfAA(t *testing.T) {
	w, dir := create(t)
	ts := made.New(5)
	must := func(err error) {
		t.Helper()
		must.OK(t, err)
	}
	must(w.Loaded(protocol.Loaded{T: "loaded", Provider: "cpu", Backends: map[string]string{"eager": "e", "optimized": "o"}}))
	run := func(segment int32, mode stats.Mode, backend string) {
		for r := range uint64(4) {
			for lane := range stats.Lane(stats.NumLanes) {
				s := ts.Sample(100+uint64(segment)*100+uint64(mode)*10+r, lane, mode)
				s.Segment, s.Scenario, s.Warmup, s.Backend = segment, "chat", false, "e"
				if lane == stats.Optimized {
					s.Backend = backend
				}
				must(w.Sample(s, nil, nil))
			}
		}
	}
	run(0, stats.Prefill, "o")
	must(w.Counters(protocol.Counters{T: "counters", Groups: []protocol.Counter{{Mode: "prefill", Strategy: "variable", UniqueGraphs: 1, Compiles: 1}}}))
	must(w.Event(&stats.Event{TNs: ts.Now, Kind: stats.KindSegment, Segment: 1, Reason: "segment 1 starts: A/A", Extra: map[string]any{"aa": true}}))
	run(1, stats.Prefill, "e")
	run(1, stats.E2EKV, "e")
	must(w.Finish(testEnd))

	ev, err := ReadEvidence(dir)
	must(err)
	if p, e := ev.Modes["prefill"], ev.Modes["e2e_kv"]; p.CompilerReal != "yes" || e.CompilerReal != "no" || !strings.HasPrefix(e.Why, "A/A") {
		t.Errorf("%+v", ev.Modes)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "runs", "chat", "*", "*", "run_*.json"))
	must(err)
	seen := map[string]int{}
	for _, path := range files {
		var f struct {
			Lane, Backend string
			Segment       int
			Compile       map[string]any
		}
		must(readJSON(path, &f))
		seen[f.Lane]++
		want := "e"
		if f.Lane == "optimized" && f.Segment == 0 {
			want = "o"
		}
		if f.Backend != want || (f.Compile != nil) != (want == "o") {
			t.Errorf("%s segment %d: backend %s, compile %+v", f.Lane, f.Segment, f.Backend, f.Compile)
		}
	}
	if seen["optimized"] != 3 || seen["eager"] != 3 {
		t.Errorf("run files %v", seen)
	}
}

// TestLoadsAreNoRestarts: a worker that died while it loaded was started again,
// and loaded once.
func TestLoadsAreNoRestarts(t *testing.T) {
	w, dir := create(t)
	ts := made.New(5)
	loaded := protocol.Loaded{T: "loaded", Provider: "cpu", Backends: map[string]string{"eager": "e", "optimized": "o"},
		Libraries: []protocol.Library{{Path: "/usr/lib/libonnxruntime.so.1", SHA256: "aa"}}}
	s := ts.Sample(0, stats.Eager, stats.Prefill)
	s.Generation = 2
	for _, err := range []error{
		w.Event(&stats.Event{Kind: stats.KindWorkerRestart, Reason: "restart 1"}), w.Event(&stats.Event{Kind: stats.KindWorkerRestart, Reason: "restart 2"}),
		w.Loaded(loaded), w.Sample(s, nil, nil), w.Finish(testEnd),
	} {
		must.OK(t, err)
	}
	m := must.Get(ReadManifest(dir))(t)
	if c := m.Counts; c.Loads != 1 || c.Restarts != 2 || c.Generations != 3 {
		t.Errorf("%d loads, %d restarts, %d generations", c.Loads, c.Restarts, c.Generations)
	}
	if len(m.Engine.Libraries) != 1 || m.Engine.Libraries[0].SHA256 != "aa" {
		t.Errorf("libraries %+v", m.Engine.Libraries)
	}
}
