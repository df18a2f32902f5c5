package runner

import (
	"strings"
	"testing"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// TestEveryRequestFails: a run does not go on when nothing answers, and its
// events do not repeat one sentence a request.
func TestEveryRequestFails(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps = 0
	began := time.Now()
	res, mem := runSession(t, "fails", cfg, nil)
	if res.Err == nil || !strings.Contains(res.Err.Error(), "20 requests of the") || !strings.Contains(res.Err.Error(), "copies are not possible here") {
		t.Fatalf("%+v", res)
	}
	if len(mem.samples) > 80 || time.Since(began) > 20*time.Second {
		t.Errorf("%d samples in %v", len(mem.samples), time.Since(began))
	}
	failures := map[string]int{}
	n := 0
	for _, e := range mem.events {
		if e.Kind != stats.KindError || e.Request == nil {
			continue
		}
		n++
		failures[e.Lane]++
		if k, ok := e.Extra["repeats"].(int); ok {
			failures[e.Lane] += k - 1
		}
	}
	if n > 4 || failures["eager"] < failLimit || failures["optimized"] < failLimit-1 {
		t.Errorf("%d events count %v failures", n, failures)
	}
}

// TestFewFailuresGoOn: what fails less often than that is counted, and the run
// goes on.
func TestFewFailuresGoOn(t *testing.T) {
	res, mem := runSession(t, "fails:15", sessionConfig(), nil)
	if res.Err != nil || res.Reason != "repetitions" {
		t.Fatalf("%+v", res)
	}
	failed := 0
	for _, s := range mem.samples {
		if s.Failed {
			failed++
		}
	}
	if k := mem.kinds(); failed != 30 || k[stats.KindError] != 4 {
		t.Errorf("%d failed, events %v", failed, k)
	}
}

// TestLiveScreenStopsSending: the live screen stays, says why, and sends again
// when it is told to.
func TestLiveScreenStopsSending(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps, cfg.Warmup = 0, 0
	views, commands := make(chan view.View, 1), make(chan view.Command)
	done := make(chan Result, 1)
	go func() {
		res, _ := runSession(t, "fails:30", cfg, func(o *Options) { o.Views, o.Commands = views, commands })
		done <- res
	}()
	wait := waiter(t, views, 20*time.Second)
	wait("the sentence", func(v view.View) bool {
		return strings.Contains(v.Failing, "copies are not possible here") && v.Self.CreditInUse == 0
	})
	commands <- view.Command{Action: view.ActSegment}
	wait("samples that succeed", func(v view.View) bool { return v.Failing == "" && v.Self.Samples > 100 })
	commands <- view.Command{Action: view.ActQuit}
	if res := <-done; res.Err != nil || res.Reason != "quit" {
		t.Fatalf("%+v", res)
	}
}
