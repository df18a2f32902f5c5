package runner

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// A segment's row says what changed, also where strategy, pairing and scenario
// are those of the row above.
func TestASegmentIsNamedAfterWhatChanged(t *testing.T) {
	commands := []view.Command{{Action: view.ActRate, X: 900}, {Action: view.ActStrategy, Arg: "bucketed"}, {Action: view.ActEdges, Edges: []int{3000, 9000}},
		{Action: view.ActRate, X: 0}, {Action: view.ActPairing, Arg: "sequential"}, {Action: view.ActSegment}}
	want := []string{"variable, 900/s", "bucketed", "bucketed, edges 3000 9000", "bucketed, closed loop", "bucketed sequential", "bucketed sequential, marked"}
	res, mem := drive(t, "none", func(o *Options) { o.Config.Reps = 0 }, func(cmd chan<- view.Command, wait func(string, func(view.View) bool)) {
		for i, c := range commands {
			cmd <- c
			wait(want[i], func(v view.View) bool { return v.Session.Segment == int32(i+1) })
		}
		cmd <- view.Command{Action: view.ActQuit}
	})
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	var got []string
	for _, e := range mem.events {
		if label, ok := e.Extra["label"].(string); ok && e.Kind == stats.KindSegment {
			got = append(got, label)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("segments are named %q, want %q", got, want)
	}
}
