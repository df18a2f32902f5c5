package replay

import (
	"context"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/view"
)

// TestSeekPausedFar: a seek beyond what one tick takes in catches up although
// the replay is paused.
func TestSeekPausedFar(t *testing.T) {
	rec := record(t, 600, false)
	views, cmds := make(chan view.View, 1), make(chan view.Command)
	p := must.Get(New(rec, views, cmds))(t)
	p.burst = 100
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go p.Run(ctx)
	cmds <- view.Command{Action: view.ActPause}
	cmds <- view.Command{Action: view.ActReplaySeek, D: time.Hour}
	for deadline := time.After(time.Minute); ; {
		select {
		case v := <-views:
			if v.Self.Samples == 1200 {
				return
			}
		case <-deadline:
			t.Fatal("the screen never shows all samples of the position")
		}
	}
}

// A recording opens at the end of the first minute in which something happened,
// a shorter one at its end.
func TestARecordingOpensWhereSomethingHappened(t *testing.T) {
	for pairs, want := range map[int]time.Duration{200: 0, 9000: time.Minute} { // pairs are 10 ms apart, the first compiles
		p := must.Get(New(record(t, pairs, false), make(chan view.View, 1), nil))(t)
		if want == 0 {
			want = time.Duration(p.lenNs)
		}
		if got := p.FirstMinute(); got < want || got > want+time.Second {
			t.Errorf("%d pairs: %v, want %v", pairs, got, want)
		}
	}
}
