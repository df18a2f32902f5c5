package tune

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	process "github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/race"
)

// The engine of these tests is this test binary again. What it reports are the
// times below, whatever else the machine does: it sleeps for at least as long.

func TestMain(m *testing.M) {
	if how := os.Getenv("TAILSCOPE_TEST_ENGINE"); how != "" {
		simulate(how)
		return
	}
	os.Exit(m.Run())
}

// takes is what a request takes once its executable is there.
var takes = map[string]time.Duration{"eager": 4 * time.Millisecond, "dynamic": 3 * time.Millisecond, "variable": time.Millisecond, "padded": time.Millisecond,
	"chunked": 2 * time.Millisecond, "bucketed": 1100 * time.Microsecond, "static-cache": time.Millisecond, "kv-bucketed": time.Millisecond}

const compiles = 150 * time.Millisecond // an executable

// simulate serves requests one by one. how is "slow", "stuck": with one thread no
// compile ever ends, "hang", which never loads, or "gpu", which takes 300 ms to load as well.
func simulate(how string) {
	in, out := protocol.NewReader(os.Stdin), protocol.NewWriter(os.Stdout)
	_ = out.Send(&protocol.Hello{Protocol: protocol.Version, Engine: "test", Version: "1", PID: os.Getpid(), ClockNs: clock.Monotonic(), Credit: 1,
		Modes: []string{"prefill", "kv_decode", "e2e_kv"}, Pairings: []string{"interleaved"}, Strategies: map[string][]string{
			"prefill": stats.StrategyWords(stats.PrefillPhase, "torch"), "decode": {"eager", "variable", "dynamic", "kv-bucketed", "static-cache"}}})
	made, stuck := map[string]bool{}, false
	for {
		msg, err := in.Next()
		if err != nil {
			return
		}
		switch m := msg.(type) {
		case *protocol.Load:
			if how == "hang" {
				continue
			}
			stuck = how == "stuck" && m.Threads == 1
			provider := "cpu"
			if how == "gpu" {
				provider = "cuda"
				begin := clock.Monotonic()
				time.Sleep(2 * compiles)
				trace("load", m.Options, begin)
			}
			options = m.Options
			_ = out.Send(&protocol.Loaded{DurNs: 1, Model: protocol.Model{Name: m.Name, Kind: "causal-lm", MaxPositions: 4096}, Provider: provider, Device: "test",
				Backends: map[string]string{"eager": "test-eager", "optimized": "test-compiled"}, Threads: 4})
		case *protocol.Request:
			answer(out, m, made, stuck)
		case *protocol.Flush:
			_ = out.Send(&protocol.Flushed{ID: m.ID})
		case *protocol.Stop:
			_ = out.Send(&protocol.Bye{})
			return
		}
	}
}

var options map[string]string // of the load

// trace notes what a worker did since begin, where a test wants to know.
func trace(what string, options map[string]string, begin int64) {
	if path := os.Getenv("TAILSCOPE_TEST_TRACE"); path != "" {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			fmt.Fprintln(f, what, begin, clock.Monotonic(), "options:"+options["mode"]+options["compile.coordinate_descent_tuning"], os.Getpid())
			err = f.Close()
		}
		if err != nil {
			panic(err)
		}
	}
}

// answer runs a request of one lane.
func answer(out *protocol.Writer, m *protocol.Request, made map[string]bool, stuck bool) {
	lane, word := m.Order[0], plan.Strategy(m.Strategy).Label(m.Mode)
	if lane == "eager" {
		word = "eager"
	}
	begin, cost := clock.Monotonic(), time.Duration(0)
	for _, key := range executablesOf(m, word) {
		if !made[key] {
			made[key], cost = true, cost+compiles
		}
	}
	if cost > 0 && stuck {
		time.Sleep(time.Hour)
	}
	wall := cost + takes[strings.TrimPrefix(word, "prefill=")]
	if m.Mode == "e2e_kv" {
		wall = cost + takes[m.Strategy.Prefill] + takes[m.Strategy.Decode]
	}
	time.Sleep(wall)
	if word == "eager" {
		trace(word, options, begin)
	} else if cost > 0 {
		trace("compile", options, begin)
	}
	shape := fmt.Sprintf("%dx%d", m.Batch, m.Exec[1])
	if cost > 0 {
		_ = out.Send(&protocol.Event{TNs: begin, Kind: stats.KindCompile, Lane: lane, Mode: m.Mode, Strategy: word, Shape: shape, Request: &m.ID, DurNs: int64(cost)})
	}
	_ = out.Send(&protocol.Batch{Lane: lane, Mode: m.Mode, Strategy: word, Shape: shape, Backend: "test-" + lane, Request: []uint64{m.ID}, Order: []int{0},
		StartNs: []int64{begin}, WallNs: []int64{int64(wall)}, CompileNs: []int64{int64(cost)}, ExecutedTokens: []int{m.Exec[1] * m.Batch}})
}

// executablesOf are those that a request needs.
func executablesOf(m *protocol.Request, word string) []string {
	key := func(n int) string { return fmt.Sprint(m.Mode, word, n) }
	switch {
	case word == "eager":
		return nil
	case m.Strategy.Prefill == "dynamic" || m.Strategy.Prefill == "chunked" || m.Strategy.Decode == "static-cache" && m.Mode == "kv_decode":
		return []string{key(0)}
	case m.Mode == "kv_decode" && word == "variable":
		return []string{key(m.Exec[1]), key(m.Exec[1] + 1), key(m.Exec[1] + 2)}
	case m.Mode == "kv_decode":
		return []string{key(plan.NextEdge(nil, m.Exec[1]+m.NewTokens))}
	}
	return []string{key(m.Exec[1])}
}

// tuneWith tunes the traffic of technical report 120 with the simulated engine.
func tuneWith(t *testing.T, how string, o Options) *Result {
	t.Helper()
	cfg := must.Get(configs.Load("root_cause"))(t)
	if how == "gpu" {
		cfg.Engine = "torch"
	}
	o.Config, o.Horizon, o.Dir = cfg, 10_000, t.TempDir()
	o.Open = opens(how)
	res := must.Get(Run(t.Context(), o))(t)
	return res
}

func opens(how string) Open {
	return func(_ context.Context, cfg *configs.Config) (runner.Options, error) {
		return runner.Options{Config: cfg, RunID: "test", Engine: process.Command{Argv: []string{os.Args[0]}, Env: append(os.Environ(), "TAILSCOPE_TEST_ENGINE="+how)}}, nil
	}
}

// TestAWorkerThatHangsWhileItLoads keeps nobody waiting but the first one's.
func TestAWorkerThatHangsWhileItLoads(t *testing.T) {
	cfg := must.Get(configs.Load("root_cause"))(t)
	if w, err := start(t.Context(), opens("hang"), cfg, 500*time.Millisecond); w != nil || err == nil || !strings.HasPrefix(err.Error(), "its worker had not loaded after 5") {
		t.Errorf("%v, %v", w, err)
	}
	w := must.Get(start(t.Context(), opens("slow"), cfg, 10*time.Second))(t)
	defer w.stop()
	tn := &tuner{began: time.Now(), o: Options{Duration: 10 * time.Minute}}
	for _, c := range []struct{ first, left, want time.Duration }{{0, 10 * time.Minute, 0}, {time.Second, 10 * time.Minute, startLeast}, {time.Minute, 10 * time.Minute, 4 * time.Minute},
		{time.Minute, 30 * time.Second, 30 * time.Second}} {
		if tn.o.Duration, tn.first = c.left, nil; c.first > 0 {
			tn.first = &worker{startNs: c.first}
		}
		if got := tn.patience(); got > c.want || got < c.want-time.Second {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestSlowCompilesLeaveTimeForRequests: an engine that takes 150 ms an executable,
// of which all candidates need 24 for prefill alone, in four seconds. Before, the
// first block compiled until the time was over, and nothing was chosen.
func TestSlowCompilesLeaveTimeForRequests(t *testing.T) {
	began := time.Now()
	res := tuneWith(t, "slow", Options{Modes: []string{"prefill", "kv_decode"}, Duration: 4 * time.Second})
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("it took %v", took)
	}
	want := map[string][]string{"prefill": {"padded", "bucketed"}, "kv_decode": {"static-cache", "kv-bucketed"}}
	for _, r := range res.Races {
		if r.Pick < 0 {
			t.Errorf("%s: %s", r.Name, res.Sentence)
			continue
		}
		p, ok := r.Rows[r.Pick], false
		for _, w := range want[r.Name] {
			ok = ok || strings.HasPrefix(p.Name, w)
		}
		if !ok || p.N < quantile.Need(.5) || r.Ahead <= 0 {
			t.Errorf("%s: %+v, ahead %v ms", r.Name, p, r.Ahead)
		}
		for _, x := range r.Rows {
			if x.N == 0 && !strings.Contains(x.Out, "would take about") {
				t.Errorf("%s answered nothing, and its cost is not told: %+v", x.Name, x)
			}
		}
	}
	if v := res.Races[1].Rows[1]; v.Name != "variable" || !strings.Contains(v.Out, "not judged") {
		t.Errorf("decode's variable: %+v", v)
	}
}

// TestACompileThatNeverEnds ends the worker of its option, not the tune.
func TestACompileThatNeverEnds(t *testing.T) {
	res := tuneWith(t, "stuck", Options{Modes: []string{"kv_decode"}, Objective: race.P50, Duration: 10 * time.Second, Setups: true})
	last := res.Races[len(res.Races)-1]
	if last.Name != optionsHeat || last.Pick < 0 {
		t.Fatalf("%+v", res)
	}
	if x := last.Rows[2]; !strings.HasSuffix(x.Name, "threads=1") || !strings.Contains(x.Out, "was not made in") || x.N != 0 {
		t.Errorf("%+v", x)
	}
	if x := last.Rows[last.Pick]; x.N < quantile.Need(.5) {
		t.Errorf("%+v", x)
	}
}

// did is a line of the trace.
type did struct {
	what       string
	begin, end int64
	option     string
	pid        int
}

func (a did) meets(b did) bool { return a.pid != b.pid && a.begin < b.end && b.begin < a.end }

// TestOptionsCompileBesideEachOther: on a GPU workers of options load while the
// strategies' executables are made, and compile side by side, but for those that
// measure kernels meanwhile; nothing is timed beside any of it.
func TestOptionsCompileBesideEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	t.Setenv("TAILSCOPE_TEST_TRACE", path)
	res := tuneWith(t, "gpu", Options{Modes: []string{"kv_decode"}, Objective: race.P50, Duration: 12 * time.Second, Setups: true, Abreast: 4})
	if last := res.Races[len(res.Races)-1]; last.Name != optionsHeat || len(last.Rows) != 6 || last.Pick < 1 || !strings.HasPrefix(last.Rows[0].Out, "told to be worse in the race of kv_decode") {
		t.Fatalf("%+v", res)
	}
	b := must.Get(os.ReadFile(path))(t)
	var all []did
	for line := range strings.Lines(string(b)) {
		var d did
		if _, err := fmt.Sscan(line, &d.what, &d.begin, &d.end, &d.option, &d.pid); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, d)
	}
	together, loads := 0, 0
	for _, a := range all {
		for _, b := range all {
			measures := strings.Contains(a.option+b.option, "true") || strings.Contains(a.option+b.option, "max")
			switch pair := a.what + " " + b.what; {
			case !a.meets(b):
			case pair == "compile compile" && !measures:
				together++
			case pair == "compile compile", a.what == "eager":
				t.Errorf("%+v beside %+v", a, b)
			case pair == "load compile":
				loads++
			}
		}
	}
	if together == 0 || loads == 0 {
		t.Errorf("%d compiles met another, %d loads a compile:\n%s", together, loads, b)
	}
}
