package runner

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// memory is a Sink that keeps everything.
type memory struct {
	mu      sync.Mutex
	samples []stats.Sample
	events  []stats.Event
	loaded  []protocol.Loaded
	full    bool // every write fails
}

var errFull = errors.New("no space left on device")

func (m *memory) err() error {
	if m.full {
		return errFull
	}
	return nil
}
func (m *memory) Loaded(l protocol.Loaded) error {
	m.loaded = append(m.loaded, l)
	return m.err()
}

func (m *memory) Counters(protocol.Counters) error { return m.err() }
func (m *memory) Evidence(protocol.Evidence) error { return m.err() }
func (m *memory) GPU(gpu.State) error              { return m.err() }
func (m *memory) Flush() error                     { return m.err() }
func (m *memory) Export() (string, error)          { return "copy", m.err() }
func (m *memory) Sample(s *stats.Sample, _ []int64, _ []int32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples = append(m.samples, *s)
	return m.err()
}
func (m *memory) Event(e *stats.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, *e)
	return m.err()
}

func (m *memory) kinds() map[stats.Kind]int {
	k := map[stats.Kind]int{}
	for _, e := range m.events {
		k[e.Kind]++
	}
	return k
}

func sessionConfig() *configs.Config {
	return &configs.Config{Engine: "cmd", Provider: "cpu", Model: "test", Modes: []string{"prefill"}, Strategy: "variable",
		EagerInputs: "raw", Pairing: "interleaved", Seed: 3, Reps: 10, Warmup: 1, Threads: 1, RecompileLimit: 8,
		Compile: "inline", Capture: "off", Scenarios: []configs.Scenario{{Name: "a", Prompts: []configs.Prompt{{Tokens: 30}, {Tokens: 50}}},
			{Name: "b", Prompts: []configs.Prompt{{Tokens: 70}}}}}
}

func runSession(t *testing.T, fault string, cfg *configs.Config, tune func(*Options)) (Result, *memory) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return runSessionIn(ctx, t, fault, cfg, tune)
}

func runSessionIn(ctx context.Context, t *testing.T, fault string, cfg *configs.Config, tune func(*Options)) (Result, *memory) {
	t.Helper()
	mem := &memory{}
	o := Options{Config: cfg, RunID: "test", Engine: worker.Command{Argv: []string{os.Args[0]},
		Env: append(os.Environ(), "TAILSCOPE_TEST_ENGINE="+fault)}, Sink: mem}
	if tune != nil {
		tune(&o)
	}
	s := must.Get(NewSession(o))(t)
	return s.Run(ctx), mem
}

func TestRunToTheEnd(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes = []string{"prefill", "kv_decode"}
	cfg.MaxNewTokens = 4
	res, mem := runSession(t, "none", cfg, nil)
	if res.Err != nil || res.Reason != "repetitions" {
		t.Fatalf("%+v", res)
	}
	if want := 2 * 2 * 3 * (10 + 1); len(mem.samples) != want {
		t.Fatalf("%d samples, want %d", len(mem.samples), want)
	}
	nth := map[string]int32{}
	for i, s := range mem.samples {
		if s.Seq != uint64(i) {
			t.Fatalf("sample %d has seq %d", i, s.Seq)
		}
		if s.Warmup {
			continue
		}
		k := s.Mode.String() + s.Scenario + s.Lane.String()
		if s.NthInRun != nth[k] {
			t.Fatalf("%s: sample %d of its run says %d", k, nth[k], s.NthInRun)
		}
		nth[k]++
	}
	compiles := 0
	for _, s := range mem.samples {
		if s.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0 {
			compiles++
			if s.Lane != stats.Optimized || s.CompileNs <= 0 || s.CompileNs > s.WallNs {
				t.Fatalf("a compile in %+v", s)
			}
		}
	}
	if k := mem.kinds(); compiles != 6 || k[stats.KindCompile]+k[stats.KindRecompile] != 6 {
		t.Fatalf("%d samples with a compile, events %v; want 6", compiles, k)
	}
}

func TestWorkerThatDiesLosesNothing(t *testing.T) {
	cfg := sessionConfig()
	res, mem := runSession(t, "die:20", cfg, nil)
	if res.Err != nil {
		t.Fatalf("%+v", res)
	}
	seen := map[string]int{}
	gens := map[int32]bool{}
	for _, s := range mem.samples {
		if !s.Warmup {
			seen[s.Scenario+s.Lane.String()]++
		}
		gens[s.Generation] = true
	}
	if seen["aeager"] < 20 || seen["boptimized"] < 10 || len(gens) < 2 {
		t.Fatalf("samples %v in generations %v", seen, gens)
	}
	k := mem.kinds()
	if k[stats.KindWorkerExit] == 0 || k[stats.KindWorkerExit] != k[stats.KindWorkerRestart] || k[stats.KindLoaded] != 1+k[stats.KindWorkerRestart] {
		t.Fatalf("events %v", k)
	}
	for _, e := range mem.events {
		if e.Kind == stats.KindWorkerExit && !strings.Contains(e.Reason, "exited with 7: out of luck") {
			t.Fatalf("the reason hides what happened: %s", e.Reason)
		}
	}
}

func TestRequestThatKillsIsGivenUp(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 2, 0
	res, mem := runSession(t, "poison:70", cfg, nil)
	if res.Err != nil {
		t.Fatalf("%+v", res)
	}
	given := 0
	for _, e := range mem.events {
		if e.Kind == stats.KindError && strings.Contains(e.Reason, "given up") {
			given++
		}
	}
	if given != 2 || len(mem.samples) != 2*2*2 {
		t.Fatalf("%d given up, %d samples; want 2 and 8", given, len(mem.samples))
	}
}

func TestWorkersThatCannotWork(t *testing.T) {
	for fault, want := range map[string]string{
		"version":  "protocol 99",
		"clock":    "CLOCK_MONOTONIC",
		"stranger": "not in hand",
		"fatal":    "the model is not for this engine",
		"silent":   "exited with 3: cannot find my library before the model was loaded",
		"die:1":    "6 times in a row without a sample",
	} {
		t.Run(fault, func(t *testing.T) {
			res, _ := runSession(t, fault, sessionConfig(), nil)
			if res.Reason != "failed" || res.Err == nil || !strings.Contains(res.Err.Error(), want) {
				t.Fatalf("%+v, want %q", res, want)
			}
		})
	}
}

// TestStrangersHaveNames: what an engine of --engine-cmd calls itself stands
// in the record; of the engines that the configuration names, nothing is added.
func TestStrangersHaveNames(t *testing.T) {
	for cmd, want := range map[string]string{"python3 engine.py": "1", "": ""} {
		cfg := sessionConfig()
		cfg.Reps, cfg.Warmup, cfg.EngineCmd = 1, 0, cmd
		res, mem := runSession(t, "none", cfg, nil)
		if res.Err != nil || len(mem.loaded) != 1 || mem.loaded[0].Versions["test"] != want {
			t.Errorf("%q: %v, %+v", cmd, res.Err, mem.loaded)
		}
	}
}

func TestGarbageRestartsTheWorker(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 1, 0
	_, mem := runSession(t, "garbage", cfg, nil)
	for _, e := range mem.events {
		if e.Kind == stats.KindWorkerExit && strings.Contains(e.Reason, "broke the protocol") {
			return
		}
	}
	t.Fatalf("no event says that the protocol was broken: %v", mem.kinds())
}

func TestWorkerThatHangsIsKilled(t *testing.T) {
	begin := time.Now()
	res, mem := runSession(t, "hang", sessionConfig(), nil)
	if d := time.Since(begin); res.Err != nil || d > worker.StopGrace+10*time.Second {
		t.Fatalf("%+v after %v", res, d)
	}
	if len(mem.samples) != 66 {
		t.Fatalf("%d samples, want 66", len(mem.samples))
	}
}

func TestDiskThatRefusesEndsTheRun(t *testing.T) {
	res, _ := runSession(t, "none", sessionConfig(), func(o *Options) { o.Sink.(*memory).full = true })
	if !errors.Is(res.Err, errFull) {
		t.Fatalf("%+v", res)
	}
}

func TestStrategyTheEngineLacks(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.Strategy, cfg.MaxNewTokens = []string{"kv_decode"}, "static-cache", 4
	res, _ := runSession(t, "none", cfg, nil)
	if res.Err == nil || !strings.Contains(res.Err.Error(), "no fixed cache") {
		t.Fatalf("%+v", res)
	}
}

// A mode that the loaded model lacks is refused once, not in every request.
func TestModeTheModelLacks(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.MaxNewTokens, cfg.Reps = []string{"prefill", "kv_decode"}, 4, 1
	res, mem := runSession(t, "no cache", cfg, nil)
	if res.Err == nil || !strings.Contains(res.Err.Error(), "kv_decode: the model takes no past keys") || len(mem.samples) > 0 {
		t.Fatalf("%+v, %d samples", res, len(mem.samples))
	}
}

// Nothing pads the dimensions of a forward: the words would be labels only.
func TestForwardIsNotPadded(t *testing.T) {
	for word, ok := range map[string]bool{"padded": false, "bucketed": false, "kv-bucketed": false, "variable": true, "dynamic": true, "eager": true} {
		st := must.Get(plan.ParseStrategy(word))(t)
		e := &engine{hello: &protocol.Hello{Modes: []string{"forward"}}}
		if lack := e.lacks("forward", st); (lack == "") != ok || !ok && !strings.Contains(lack, word+" in forward") {
			t.Errorf("%s: %q", word, lack)
		}
	}
}

// waiter returns a function that waits for a view that satisfies ok.
func waiter(t *testing.T, views <-chan view.View, limit time.Duration) func(what string, ok func(view.View) bool) {
	return func(what string, ok func(view.View) bool) {
		t.Helper()
		deadline := time.After(limit)
		for {
			select {
			case v := <-views:
				if rows := v.Stats.Segments; len(rows) > 0 {
					if last := &rows[len(rows)-1]; last.Segment != v.Session.Segment || last.AA != v.Session.AA {
						t.Errorf("segment %d (A/A %v) is named over figures of segment %d (A/A %v)", v.Session.Segment, v.Session.AA, last.Segment, last.AA)
					}
				}
				if ok(v) {
					return
				}
			case <-deadline:
				t.Fatal("never: " + what)
			}
		}
	}
}

// TestTogglesStartSegments drives a live session by commands.
func TestTogglesStartSegments(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 0, 0
	views, commands := make(chan view.View, 1), make(chan view.Command)
	var mem *memory
	done := make(chan Result, 1)
	go func() {
		var res Result
		res, mem = runSession(t, "none", cfg, func(o *Options) { o.Views, o.Commands = views, commands })
		done <- res
	}()
	wait := waiter(t, views, 20*time.Second)
	wait("samples", func(v view.View) bool { return v.Self.Samples > 50 })
	commands <- view.Command{Action: view.ActStrategy, Arg: "padded"}
	wait("segment 1, padded", func(v view.View) bool { return v.Session.Segment == 1 && v.Session.Strategy == "padded" })
	commands <- view.Command{Action: view.ActAA}
	wait("A/A", func(v view.View) bool { return v.Session.Segment == 2 && v.Session.AA })
	commands <- view.Command{Action: view.ActPause}
	wait("pause", func(v view.View) bool { return v.Phase == view.PhasePaused && v.Self.CreditInUse == 0 })
	commands <- view.Command{Action: view.ActPause}
	commands <- view.Command{Action: view.ActExport}
	wait("export", func(v view.View) bool { return slices.Equal(v.Exports, []string{"copy"}) })
	wait("pairs of the A/A segment", func(v view.View) bool {
		if n := v.Stats.Pair.NoiseNs; n == n {
			t.Errorf("padded against raw became a noise floor: ± %v ns", n)
		}
		return v.Stats.Verdict.Code == "aa" && v.Stats.Pair.N > 50
	})
	commands <- view.Command{Action: view.ActAA}
	wait("the noise floor", func(v view.View) bool { return v.Session.Segment == 3 && v.Stats.Pair.NoiseNs > 0 })
	commands <- view.Command{Action: view.ActStrategy, Arg: "padded"} // it is in force: off
	wait("the configured strategy again", func(v view.View) bool { return v.Session.Segment == 4 && v.Session.Strategy == "variable" })
	commands <- view.Command{Action: view.ActQuit}
	res := <-done
	if res.Err != nil || res.Reason != "quit" {
		t.Fatalf("%+v", res)
	}
	executed := map[uint64]int32{} // of the A/A segment's eager lane
	for _, s := range mem.samples {
		want := []string{"variable", "padded", "padded", "padded", "variable"}[s.Segment]
		if s.Strategy != want {
			t.Fatalf("a sample of segment %d has strategy %s", s.Segment, s.Strategy)
		}
		if s.Segment == 2 { // A/A: both lanes run the same
			if n, ok := executed[s.Request]; ok && n != s.ExecutedTokens || s.ExecutedTokens != s.Tokens {
				t.Fatalf("A/A lanes ran %d and %d of %d tokens", n, s.ExecutedTokens, s.Tokens)
			}
			executed[s.Request] = s.ExecutedTokens
		} else if s.Segment > 0 && s.Segment < 4 && s.Lane == stats.Optimized && s.Scenario == "a" && s.ExecutedTokens != 50 {
			t.Fatalf("padded to %d", s.ExecutedTokens)
		}
	}
	if k := mem.kinds(); k[stats.KindToggle] != 4 || k[stats.KindSegment] != 4 {
		t.Fatalf("events %v", k)
	}
}

// TestOpenLoopResponseNeverBelowService checks Lindley's recursion on a run.
func TestOpenLoopResponseNeverBelowService(t *testing.T) {
	cfg := sessionConfig()
	cfg.Rate, cfg.Arrivals = 5000, "poisson"
	_, mem := runSession(t, "none", cfg, nil)
	waited := 0
	for _, s := range mem.samples {
		if s.Warmup {
			continue
		}
		if s.ResponseNs < s.WallNs {
			t.Fatalf("response %d below service %d", s.ResponseNs, s.WallNs)
		}
		if s.ResponseNs > s.WallNs {
			waited++
		}
	}
	if waited == 0 {
		t.Fatal("at 5,000 requests a second nothing ever waited")
	}
}
