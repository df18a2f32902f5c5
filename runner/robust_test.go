package runner

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// drive runs a session and calls f with commands and a wait function.
func drive(t *testing.T, fault string, tune func(*Options), f func(cmd chan<- view.Command, wait func(string, func(view.View) bool))) (Result, *memory) {
	t.Helper()
	views, commands := make(chan view.View, 1), make(chan view.Command)
	mem := &memory{}
	done := make(chan Result, 1)
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 0, 0
	o := Options{Config: cfg, RunID: "test", Views: views, Commands: commands, Engine: worker.Command{Argv: []string{os.Args[0]},
		Env: append(os.Environ(), "TAILSCOPE_TEST_ENGINE="+fault)}, Sink: mem}
	if tune != nil {
		tune(&o)
	}
	s := must.Get(NewSession(o))(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	go func() { done <- s.Run(ctx) }()
	wait := waiter(t, views, 30*time.Second)
	f(commands, wait)
	select {
	case r := <-done:
		return r, mem
	case <-time.After(15 * time.Second):
		t.Fatal("the session does not end")
	}
	return Result{}, mem
}

func running(v view.View) bool { return v.Self.Samples > 50 }

func TestClearTwice(t *testing.T) {
	drive(t, "none", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", running)
		cmd <- view.Command{Action: view.ActStrategy, Arg: "padded"}
		cmd <- view.Command{Action: view.ActClear}
		var at uint64
		wait("a view", func(v view.View) bool { at = v.Self.Samples; return true })
		wait("more samples", func(v view.View) bool { return v.Self.Samples > at+100 })
		cmd <- view.Command{Action: view.ActQuit}
	})
}

func TestCommandWhileRestarting(t *testing.T) {
	drive(t, "die:60", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("restart", func(v view.View) bool { return v.Phase == view.PhaseRestart })
		cmd <- view.Command{Action: view.ActMark, Arg: "x"}
		cmd <- view.Command{Action: view.ActQuit}
	})
}

// A key pressed while a worker restarts is not lost.
func TestToggleWhileRestarting(t *testing.T) {
	_, mem := drive(t, "die:60", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("restart", func(v view.View) bool { return v.Phase == view.PhaseRestart })
		cmd <- view.Command{Action: view.ActStrategy, Arg: "padded"}
		wait("padding", func(v view.View) bool { return v.Session.Strategy == "padded" && v.Session.Segment == 1 })
		wait("samples", func(v view.View) bool { return v.Stats.Lanes[0].Segment.N > 0 && v.Stats.Segment == 1 })
		cmd <- view.Command{Action: view.ActQuit}
	})
	n := 0
	for _, s := range mem.samples {
		if s.Segment == 1 && s.Lane == stats.Optimized && s.Strategy != "padded" {
			n++
		}
	}
	if n > 0 {
		t.Errorf("%d samples of the padded segment ran otherwise", n)
	}
}

func TestQuitWhileStalled(t *testing.T) {
	drive(t, "stall:60", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", running)
		time.Sleep(300 * time.Millisecond)
		cmd <- view.Command{Action: view.ActQuit}
		cmd <- view.Command{Action: view.ActQuit}
	})
}

func TestBufferPoison(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 2, 0
	res, mem := runSession(t, "bufferpoison:70", cfg, nil)
	n := 0
	for _, e := range mem.events {
		if e.Kind == stats.KindError {
			t.Log(e.Reason)
			n++
		}
	}
	if res.Err != nil || n != 2 {
		t.Fatalf("%+v %d given up, %d samples", res, n, len(mem.samples))
	}
}

func TestSequentialWarmupResponse(t *testing.T) {
	cfg := sessionConfig()
	cfg.Rate, cfg.Arrivals, cfg.Pairing = 200, "constant", "sequential"
	cfg.Warmup, cfg.Reps = 500, 3
	_, mem := runSession(t, "none", cfg, nil)
	for _, s := range mem.samples {
		if !s.Warmup {
			t.Logf("%v nth %d wall %.2f response %.2f ms", s.Lane, s.NthInRun, float64(s.WallNs)/1e6, float64(s.ResponseNs)/1e6)
			if s.ResponseNs > 100*s.WallNs+20e6 {
				t.Fatal("wrong")
			}
		}
	}
}

func TestTrafficWarm(t *testing.T) {
	cfg := sessionConfig()
	cfg.Warmup, cfg.Reps = 1, 2
	res, mem := runSession(t, "none", cfg, func(o *Options) { o.Traffic = []plan.TrafficRow{{Tokens: 10}, {Tokens: 20}} })
	n := map[string]int{}
	for _, s := range mem.samples {
		if !s.Warmup {
			n[s.Scenario]++
		}
	}
	if n["traffic"] != 4 || len(n) != 1 {
		t.Fatalf("%v %+v", n, res.Reason)
	}
}

func TestConcurrentRefused(t *testing.T) {
	cfg := sessionConfig()
	cfg.Pairing = "concurrent"
	cfg.Reps = 1
	res, _ := runSession(t, "none", cfg, nil)
	if res.Err == nil {
		t.Fatal("an engine that cannot run both lanes at once was measured as concurrent")
	}
}
func TestAARefused(t *testing.T) {
	cfg := sessionConfig()
	cfg.AA = true
	cfg.Reps = 1
	res, mem := runSession(t, "noaa", cfg, nil)
	if res.Err == nil {
		t.Fatalf("an engine without the feature aa was measured as A/A: %s", mem.samples[len(mem.samples)-1].Backend)
	}
}
func TestSecondModeLacks(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.Reps, cfg.Strategy, cfg.MaxNewTokens = []string{"prefill", "kv_decode"}, 1, "prefill=variable,decode=static-cache", 4
	res, mem := runSession(t, "none", cfg, nil)
	if res.Err == nil {
		t.Fatalf("%s: %d samples with a decode strategy that the engine lacks", res.Reason, len(mem.samples))
	}
}
func TestUntilSequential(t *testing.T) {
	cfg := sessionConfig()
	cfg.Pairing = "sequential"
	cfg.Warmup, cfg.Reps = 0, 20000
	cfg.Until = "p50 within 50 %"
	res, mem := runSession(t, "none", cfg, nil)
	n := map[string]int{}
	for _, s := range mem.samples {
		n[s.Lane.String()]++
	}
	if n["optimized"] == 0 {
		t.Fatalf("%v %s", n, res.Reason)
	}
}

func TestSequentialDeath(t *testing.T) {
	cfg := sessionConfig()
	cfg.Pairing, cfg.Warmup, cfg.Reps = "sequential", 0, 10
	res, mem := runSession(t, "die:20", cfg, nil)
	lanes := map[uint64]int{}
	for _, s := range mem.samples {
		lanes[s.Request]++
	}
	half := 0
	for _, n := range lanes {
		if n == 1 {
			half++
		}
	}
	if res.Err != nil || half > 0 {
		t.Fatalf("%+v: %d of %d requests have one lane only", res, half, len(lanes))
	}
}

func TestSequentialMode(t *testing.T) {
	res, mem := drive(t, "none", func(o *Options) {
		o.Config.Pairing, o.Config.Modes, o.Config.MaxNewTokens = "sequential", []string{"prefill"}, 4
		o.Config.Scenarios[0].Prompts[0].Tokens = 3000
	}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", func(v view.View) bool { return v.Self.Samples > 3 })
		cmd <- view.Command{Action: view.ActMode, Arg: "kv_decode"}
		wait("more", func(v view.View) bool { return v.Self.Samples > 500 })
		cmd <- view.Command{Action: view.ActQuit}
	})
	stray := 0
	for _, s := range mem.samples {
		if s.Segment == 1 && s.Mode == stats.Prefill {
			stray++
		}
	}
	if stray > 0 || res.Err != nil {
		t.Fatalf("%v: %d prefill samples in the segment of kv_decode", res, stray)
	}
}
func TestPausedMode(t *testing.T) {
	_, mem := drive(t, "none", func(o *Options) { o.Config.MaxNewTokens = 4 }, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", running)
		cmd <- view.Command{Action: view.ActPause}
		wait("pause", func(v view.View) bool { return v.Phase == view.PhasePaused && v.Self.CreditInUse == 0 })
		cmd <- view.Command{Action: view.ActMode, Arg: "kv_decode"}
		wait("seg", func(v view.View) bool { return v.Session.Segment == 1 })
		cmd <- view.Command{Action: view.ActPause}
		wait("more", func(v view.View) bool { return v.Self.Samples > 500 })
		cmd <- view.Command{Action: view.ActQuit}
	})
	stray := 0
	for _, s := range mem.samples {
		if s.Segment == 1 && s.Mode == stats.Prefill {
			stray++
		}
	}
	if stray > 0 {
		t.Fatalf("%d prefill samples in the segment of kv_decode", stray)
	}
}
func TestRouteCure(t *testing.T) {
	_, mem := drive(t, "none", func(o *Options) {
		o.Config.Route = "churn"
		o.Config.Scenarios[1].Prompts[0].To = 400
	}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("route", func(v view.View) bool {
			for _, e := range v.Events {
				if e.Kind == stats.KindRoute {
					return true
				}
			}
			return false
		})
		cmd <- view.Command{Action: view.ActStrategy, Arg: "padded"}
		var at uint64
		wait("seg", func(v view.View) bool { at = v.Self.Samples; return v.Session.Segment == 1 })
		wait("more", func(v view.View) bool { return v.Self.Samples > at+2000 })
		cmd <- view.Command{Action: view.ActQuit}
	})
	n := map[string]int{}
	for _, s := range mem.samples {
		if s.Segment == 1 && s.Lane == stats.Optimized {
			n[s.Strategy]++
		}
	}
	if n["padded"] < n["eager"] {
		t.Fatalf("segment padded, optimized lane ran %v", n)
	}
}
func TestPausedRestart(t *testing.T) {
	drive(t, "none", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		cmd <- view.Command{Action: view.ActPause}
		wait("loaded", func(v view.View) bool { return v.StartNs > 0 })
		var ph view.Phase
		wait("x", func(v view.View) bool { ph = v.Phase; return true })
		if ph != view.PhasePaused {
			t.Errorf("paused before loading, but the screen says %s", ph)
		}
		cmd <- view.Command{Action: view.ActQuit}
	})
}

// TestSamplesComeInTheOrderTheyRan: engines batch by shape, so rows arrive out
// of order; runs, queues and spikes need the order of time.
func TestSamplesComeInTheOrderTheyRan(t *testing.T) {
	cfg := sessionConfig()
	cfg.Rate, cfg.Arrivals = 2000, "constant"
	_, mem := runSession(t, "buffer", cfg, nil)
	for i, s := range mem.samples {
		if i > 0 && s.StartNs < mem.samples[i-1].StartNs {
			t.Fatalf("sample %d began before sample %d", i, i-1)
		}
		if !s.Warmup && s.ResponseNs < s.WallNs {
			t.Fatalf("response %d below service %d", s.ResponseNs, s.WallNs)
		}
	}
	if len(mem.samples) != 66 {
		t.Fatalf("%d samples, want 66", len(mem.samples))
	}
}

// TestEngineThatNeverSpeaks: a program that is no engine ends the session.
func TestEngineThatNeverSpeaks(t *testing.T) {
	old := helloWait
	helloWait = 300 * time.Millisecond
	defer func() { helloWait = old }()
	res, _ := runSession(t, "mute", sessionConfig(), nil)
	if res.Err == nil || !strings.Contains(res.Err.Error(), "has not said hello") {
		t.Fatalf("%+v", res)
	}
}

// TestPausedInTheWarmUp: what goes on after a pause in the warm-up is the
// warm-up, and a run that counts does not say that it warms up.
func TestPausedInTheWarmUp(t *testing.T) {
	drive(t, "none", func(o *Options) { o.Config.Warmup, o.FPS = 4000, 30 }, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("the warm-up", func(v view.View) bool { return v.Self.Samples > 0 })
		cmd <- view.Command{Action: view.ActPause}
		var paused view.View
		wait("pause", func(v view.View) bool { paused = v; return v.Phase == view.PhasePaused && v.Self.CreditInUse == 0 })
		cmd <- view.Command{Action: view.ActPause}
		var next view.View
		wait("another view", func(v view.View) bool { next = v; return v.Phase != view.PhasePaused })
		if paused.Status != "" || next.Phase != view.PhaseWarmup || next.Status != "warming up" {
			t.Errorf("paused it says %q, then %s and %q", paused.Status, next.Phase, next.Status)
		}
		wait("what counts", func(v view.View) bool { next = v; return v.Phase == view.PhaseRunning })
		if next.Status != "" {
			t.Errorf("what counts runs, and the status is %q", next.Status)
		}
		cmd <- view.Command{Action: view.ActQuit}
	})
}

// TestPausedWhereNothingIsSent: a pause and its end send nothing where every
// request failed, and the screen says so.
func TestPausedWhereNothingIsSent(t *testing.T) {
	drive(t, "fails", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("the sentence", func(v view.View) bool { return v.Failing != "" && v.Self.CreditInUse == 0 })
		cmd <- view.Command{Action: view.ActPause}
		cmd <- view.Command{Action: view.ActPause}
		wait("a view after it", func(v view.View) bool {
			if v.Phase != view.PhasePaused {
				t.Errorf("nothing is sent, and the screen says %s", v.Phase)
			}
			return len(v.Events) > 0 && v.Events[len(v.Events)-1].Reason == "resumed"
		})
		cmd <- view.Command{Action: view.ActQuit}
	})
}

// TestWhatATrafficFileDecides: keys do not say that they changed what the file
// says.
func TestWhatATrafficFileDecides(t *testing.T) {
	traffic := make([]plan.TrafficRow, 50_000)
	for i := range traffic {
		traffic[i] = plan.TrafficRow{AtNs: int64(i) * 100_000, Tokens: 20 + i%3}
	}
	_, mem := drive(t, "none", func(o *Options) { o.Traffic, o.Config.Arrivals = traffic, "recorded" }, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", running)
		cmd <- view.Command{Action: view.ActRate, X: 5}
		cmd <- view.Command{Action: view.ActScenario, Arg: "a"}
		wait("the refusals", func(v view.View) bool {
			n := len(v.Notices)
			return n > 1 && strings.Contains(v.Notices[n-2].Text, "have no rate") && strings.Contains(v.Notices[n-1].Text, "no scenarios") && v.Session.Rate == 0 && v.Session.Scenarios == "*"
		})
		cmd <- view.Command{Action: view.ActQuit}
	})
	for _, e := range mem.events {
		if e.Kind == stats.KindToggle {
			t.Errorf("%s", e.Reason)
		}
	}
}
