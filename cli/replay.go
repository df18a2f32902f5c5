package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/replay"
	"github.com/tailscope/tailscope/tui"
)

// newReplayCmd is the same screen over a recorded session.
func newReplayCmd() *cobra.Command {
	var speed float64
	var at time.Duration
	var plain bool
	var size string
	var screen int
	c := &cobra.Command{
		Use: "replay DIR", Args: exit.Paths(exit.Args(cobra.ExactArgs(1))),
		Short: "The same screen over a recorded session, with scrubbing",
		Long: "The same screen over a session folder, an export, the journal of a session that still runs or died, or an imported result.\n" +
			"Space plays and pauses, ← and → seek, n and N go from event to event, + and - change the speed.",
		Example: "  tailscope replay tailscope-runs/20261123_101500\n  tailscope replay DIR --speed 8 --at 30s",
		RunE: func(c *cobra.Command, args []string) error {
			rec, err := snapshot.Open(args[0])
			if err != nil {
				return err
			}
			if size != "" {
				return printScreen(c.OutOrStdout(), rec, at, size, screen, plain)
			}
			if !output.Terminal() {
				return exit.Usage(errors.New("replay needs a terminal; without one use --print 120x40, 'tailscope analyze' or 'tailscope report'"))
			}
			if err := play(c.Context(), rec, speed, at, tui.Options{Plain: plain, Output: programOutput(args[0])}); err != nil {
				return err
			}
			output.Next("tailscope analyze " + output.Quote(args[0]))
			return nil
		},
	}
	c.Flags().Float64Var(&speed, "speed", 1, "times as fast as it happened")
	c.Flags().DurationVar(&at, "at", 0, "position to start from, e.g. 30s; unless given, the end of the first interesting minute")
	c.Flags().BoolVar(&plain, "plain", false, "no colours and no drawing characters beyond ASCII")
	c.Flags().StringVar(&size, "print", "", "print one screen of so many cells as text, e.g. 120x40, at --at or the end, and nothing more")
	c.Flags().IntVar(&screen, "view", 1, "with --print: the number of the view")
	return c
}

// printScreen prints one frame: the same figures without a terminal.
func printScreen(w io.Writer, rec *folder.Session, at time.Duration, size string, screen int, plain bool) error {
	var width, height int
	if n, err := fmt.Sscanf(size, "%dx%d", &width, &height); n != 2 || err != nil || width < 1 || height < 1 || width > 1000 || height > 1000 {
		return exit.Usage(fmt.Errorf("--print %q is no size such as 120x40", size))
	}
	if at == 0 {
		at = math.MaxInt64
	}
	v, err := replay.At(rec, at)
	if err != nil {
		return err
	}
	text, err := tui.Text(v, screen, width, height, tui.Options{Plain: plain})
	if err != nil {
		return exit.Usage(err)
	}
	_, err = io.WriteString(w, text)
	return err
}

// play shows the recording until the user quits.
func play(ctx context.Context, rec *folder.Session, speed float64, at time.Duration, o tui.Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	views, commands := make(chan view.View, 1), make(chan view.Command, 16)
	p, err := replay.New(rec, views, commands)
	if err != nil {
		return err
	}
	commands <- view.Command{Action: view.ActReplayRate, X: speed}
	if at == 0 {
		at = p.FirstMinute()
	}
	if at > 0 {
		commands <- view.Command{Action: view.ActReplaySeek, D: at}
	}
	done := make(chan struct{})
	guard.Go("the replay", func() { defer close(done); p.Run(ctx); close(views) })
	err = endingOf(ctx).show(func() error { return tui.Run(ctx, views, commands, o) })
	cancel()
	<-done
	if err != nil {
		return fmt.Errorf("screen: %w", err)
	}
	return nil
}
