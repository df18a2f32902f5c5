package runner

import (
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/view"
)

// A screen that asks for views gets one for each time it asks, and none that it
// did not ask for but those that tell something of weight.
func TestViewsAreMadeWhenTheyAreWanted(t *testing.T) {
	cfg := sessionConfig()
	cfg.Reps, cfg.Duration = 1_000_000, configs.Duration(2*time.Second)
	views, wanted, told := make(chan view.View, 1), make(chan struct{}, 1), make(chan int)
	const asked = 5
	go func() {
		n, running := 0, 0
		for v := range views {
			n++
			if v.Phase != view.PhaseRunning {
				continue
			}
			if running++; running <= asked {
				wanted <- struct{}{}
			}
		}
		told <- n - min(running, asked)
	}()
	wanted <- struct{}{}
	res, _ := runSession(t, "none", cfg, func(o *Options) { o.Views, o.Wanted, o.FPS = views, wanted, maxFPS })
	close(views)
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	if extra := <-told; extra > 15 { // starting, loading, the end; two seconds have 60 views at 30 a second
		t.Errorf("%d views that nobody asked for", extra)
	}
}

// What is asked of an idle session, or of one that has nothing new, comes soon
// all the same.
func TestAWantedViewComes(t *testing.T) {
	views, wanted, commands := make(chan view.View, 1), make(chan struct{}, 1), make(chan view.Command, 1)
	cfg := sessionConfig()
	cfg.Reps = 0
	ended := make(chan Result, 1)
	go func() {
		res, _ := runSession(t, "none", cfg, func(o *Options) { o.Views, o.Wanted, o.Commands = views, wanted, commands })
		ended <- res
	}()
	get := func(what string, ok func(view.View) bool) {
		t.Helper()
		for end := time.After(30 * time.Second); ; {
			select {
			case wanted <- struct{}{}:
			default:
			}
			select {
			case v := <-views:
				if ok(v) {
					return
				}
			case <-end:
				t.Fatal(what)
			}
		}
	}
	get("no samples", func(v view.View) bool { return v.Self.Samples > 20 })
	commands <- view.Command{Action: view.ActPause}
	get("not paused", func(v view.View) bool { return v.Phase == view.PhasePaused && v.Self.CreditInUse == 0 })
	for range 3 {
		get("no view of a paused session", func(view.View) bool { return true })
	}
	commands <- view.Command{Action: view.ActQuit}
	if res := <-ended; res.Err != nil {
		t.Fatal(res.Err)
	}
}

// TestDroppedViewsAreCounted: what the manifest says of views that nobody saw is
// what the header of the screen said.
func TestDroppedViewsAreCounted(t *testing.T) {
	views := make(chan view.View, 1)
	cfg := sessionConfig()
	cfg.Reps = 400
	res, _ := runSession(t, "none", cfg, func(o *Options) { o.Views, o.Commands = views, commandsOf(view.ActMark, view.ActMark, view.ActMark) })
	last := <-views
	if res.Err != nil || res.Dropped == 0 || res.Dropped != last.Self.Dropped+1 { // the last one replaced one more
		t.Errorf("%+v, and the last view says that %d were dropped", res, last.Self.Dropped)
	}
}

// commandsOf is a channel of commands that somebody has typed already.
func commandsOf(actions ...view.Action) <-chan view.Command {
	c := make(chan view.Command, len(actions))
	for _, a := range actions {
		c <- view.Command{Action: a}
	}
	return c
}
