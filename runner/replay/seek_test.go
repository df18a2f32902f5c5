package replay

import (
	"context"
	"testing"
	"time"

	"tailscope/runner/view"
)

func TestSeekPausedFar(t *testing.T) {
	rec := record(t, 110_000, false)
	views, cmds := make(chan view.View, 1), make(chan view.Command)
	p, err := New(rec, views, cmds)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go p.Run(ctx)
	cmds <- view.Command{Action: view.ActPause}
	cmds <- view.Command{Action: view.ActReplaySeek, D: time.Hour}
	time.Sleep(3 * time.Second)
	cmds <- view.Command{Action: view.ActReplayRate, X: 1}
	time.Sleep(300 * time.Millisecond)
	if v := <-views; v.Self.Samples != 220_000 {
		t.Fatalf("at the end of 220,000 samples the screen stands at %d", v.Self.Samples)
	}
}
