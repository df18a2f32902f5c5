package runner

import (
	"fmt"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// A run that time ends says what of its plan it did not come to.
func TestWhatADurationCutsIsSaid(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.MaxNewTokens = []string{"prefill", "kv_decode", "e2e_kv"}, 4
	cfg.Reps, cfg.Duration = 1_000_000, configs.Duration(300*time.Millisecond)
	res, mem := runSession(t, "none", cfg, nil)
	if res.Err != nil || res.Reason != "duration" {
		t.Fatalf("%+v", res)
	}
	done := 0
	for _, s := range mem.samples {
		if !s.Warmup && s.Lane == stats.Eager {
			done++
		}
	}
	want := fmt.Sprintf("The run ended before its plan: prefill was cut short after %d of 3000000 requests; kv_decode and e2e_kv were not reached.", done)
	if done == 0 || res.Missed != want {
		t.Errorf("%q, want %q", res.Missed, want)
	}
	last := mem.events[len(mem.events)-1]
	if last.Kind != stats.KindMark || last.Reason != res.Missed {
		t.Errorf("the last event is %+v", last)
	}
}

func TestAScenarioThatHadNoTurnIsSaid(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps = 0
	s := must.Get(NewSession(Options{Config: cfg, Sink: &memory{}}))(t)
	s.end = &Result{Reason: "until"}
	p := must.Get(plan.New(s.cfg, "prefill", &protocol.Model{}, nil))(t)
	s.queue.plans["prefill"] = p
	for lane := range stats.Lane(stats.NumLanes) {
		s.join.nth[runKey{mode: stats.Prefill, lane: lane, scenario: "a"}] = new(int32(7))
	}
	s.noteMissed()
	if want := "The run ended before its plan: prefill ran without the scenario b."; s.end.Missed != want {
		t.Errorf("%q, want %q", s.end.Missed, want)
	}
}

func TestACompleteRunMissesNothing(t *testing.T) {
	if res, _ := runSession(t, "none", sessionConfig(), nil); res.Missed != "" {
		t.Errorf("%q", res.Missed)
	}
}

// The live screen says it too, in its last view.
func TestTheLastViewSaysWhatWasMissed(t *testing.T) {
	cfg := sessionConfig()
	cfg.Modes, cfg.MaxNewTokens = []string{"prefill", "kv_decode"}, 4
	cfg.Reps, cfg.Duration = 1_000_000, configs.Duration(200*time.Millisecond)
	views := make(chan view.View, 1)
	res, _ := runSession(t, "none", cfg, func(o *Options) { o.Views = views })
	if v := <-views; v.Phase != view.PhaseDone || res.Missed == "" || v.Status != res.Missed {
		t.Errorf("phase %q, status %q, missed %q", v.Phase, v.Status, res.Missed)
	}
}

// An engine with one lane ran what that lane ran, in whatever pairing.
func TestOneLaneAloneMissesNothing(t *testing.T) {
	for _, pairing := range []string{"interleaved", "sequential"} {
		cfg := sessionConfig()
		cfg.Pairing, cfg.Reps, cfg.Duration = pairing, 0, configs.Duration(300*time.Millisecond)
		res, _ := runSession(t, "onelane", cfg, nil)
		if res.Err != nil || res.Reason != "duration" || res.Missed != "" {
			t.Errorf("%s: %+v", pairing, res)
		}
		cfg.Reps = 1_000_000
		res, mem := runSession(t, "onelane", cfg, nil)
		done := 0
		for _, s := range mem.samples {
			if s.Lane == stats.Eager {
				t.Fatalf("%s: a sample of the lane that the engine lacks", pairing)
			}
			if !s.Warmup {
				done++
			}
		}
		if want := fmt.Sprintf("The run ended before its plan: prefill was cut short after %d of 3000000 requests.", done); done == 0 || res.Missed != want {
			t.Errorf("%s: %q, want %q", pairing, res.Missed, want)
		}
		cfg.Reps, cfg.Duration, cfg.Until = 0, configs.Duration(20*time.Second), "p50 within 80 %"
		if res, _ = runSession(t, "onelane", cfg, nil); res.Err != nil || res.Reason != "until" {
			t.Errorf("%s: %+v", pairing, res)
		}
	}
}

// What is warmed up by a key runs in the lanes that there are.
func TestOneLaneIsWarmedUpAlone(t *testing.T) {
	_, mem := drive(t, "onelane", nil, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("samples", running)
		cmd <- view.Command{Action: view.ActWarm}
		wait("the warm-up", func(v view.View) bool { return v.Session.Segment == 1 && v.Warming == 0 && v.Self.Samples > 100 })
		cmd <- view.Command{Action: view.ActQuit}
	})
	warm := 0
	for _, s := range mem.samples {
		if s.Lane == stats.Eager {
			t.Fatal("a sample of the lane that the engine lacks")
		}
		if s.Warmup {
			warm++
		}
	}
	if warm != 3 {
		t.Errorf("%d warm-ups, want one a prompt length", warm)
	}
}

func TestAnEngineWithoutALaneIsRefused(t *testing.T) {
	res, _ := runSession(t, "nolane", sessionConfig(), nil)
	if res.Err == nil || res.Err.Error() != "the engine test cannot run a request: it has neither the lane eager nor optimized" {
		t.Errorf("%+v", res)
	}
}

// A sequential run that ended in its first lane did not come to the second.
func TestALaneThatHadNoTurnIsSaid(t *testing.T) {
	cfg := sessionConfig()
	cfg.Pairing, cfg.Reps, cfg.Duration = "sequential", 1_000_000, configs.Duration(300*time.Millisecond)
	res, _ := runSession(t, "none", cfg, nil)
	if want := "The run ended before its plan: prefill was cut short after 0 of 3000000 requests without the optimized lane."; res.Missed != want {
		t.Errorf("%q, want %q", res.Missed, want)
	}
}
