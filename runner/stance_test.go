package runner

import (
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// TestStanceOutlivesTheWorker changes the stance, kills the worker, and finds
// the stance in what the next worker was told; the change is a toggle and
// starts a segment.
func TestStanceOutlivesTheWorker(t *testing.T) {
	res, mem := drive(t, "die:30", func(o *Options) {
		o.Config.Reps, o.Config.Warmup = 0, 0
		o.Config.Scenarios = []configs.Scenario{{Name: "a", Prompts: []configs.Prompt{{Tokens: 4000}}}}
	}, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		wait("the stance of the start", func(v view.View) bool { return v.Self.Samples > 4 && v.Session.Stance == "default" })
		cmd <- view.Command{Action: view.ActStance}
		gen := int32(0)
		wait("the next stance", func(v view.View) bool { gen = v.Session.Generation; return v.Session.Stance == "eager_on_recompile" })
		wait("another worker", func(v view.View) bool { return v.Session.Generation > gen && v.Phase == view.PhaseRunning })
		cmd <- view.Command{Action: view.ActQuit}
	})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	is := func(kind stats.Kind, part string) func(stats.Event) bool {
		return func(e stats.Event) bool { return e.Kind == kind && strings.Contains(e.Reason, part) }
	}
	if !slices.ContainsFunc(mem.events, is(stats.KindToggle, "stance default → eager_on_recompile")) {
		t.Error("no toggle event for the stance")
	}
	restart := slices.IndexFunc(mem.events, is(stats.KindWorkerRestart, ""))
	if restart < 0 || !slices.ContainsFunc(mem.events[restart:], is(stats.KindLoaded, "eager_on_recompile")) {
		t.Errorf("the worker after the death (event %d) was not told the stance", restart)
	}
	if last := mem.samples[len(mem.samples)-1]; last.Segment == 0 {
		t.Error("the stance began no segment")
	}
}
