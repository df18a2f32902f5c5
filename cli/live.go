package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui"
)

// newLiveCmd is the live screen; the root command is one too.
func newLiveCmd(use string) *cobra.Command {
	c := &cobra.Command{
		Use: use, Args: exit.Args(cobra.NoArgs),
		Short: "The live screen (the default)",
		Example: "  tailscope\n  tailscope --config root_cause_prefill_only\n" +
			"  tailscope --model model.onnx --provider webgpu --strategy bucketed",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c.Flags())
			if err != nil {
				return err
			}
			if !c.Flags().Changed("duration") {
				cfg.Duration = 0 // the screen runs until q unless told otherwise
			}
			if !output.Terminal() {
				return exit.Usage(errors.New("the live screen needs a terminal; without one use 'tailscope run'"))
			}
			given, tuned := *cfg, false
			j, err := prepare(c.Context(), cfg, output.Stderr)
			if err != nil {
				return err
			}
			j.opts.Profile, _ = c.Flags().GetInt("profile")
			j.opts.FPS, _ = c.Flags().GetInt("fps")
			o := tui.Options{Plain: isSet(c, "plain"), Steady: c.Flags().Changed("fps"), OnTune: func() { tuned = true }}
			if err := j.live(c.Context(), o, c.OutOrStdout()); err != nil || !tuned {
				return err
			}
			a := usual
			a.usually(&given)
			a.Modes = phases(&given, c.Flags().Changed("mode"))
			dir, err := newTuneFolder(&given, &a)
			if err != nil {
				return err
			}
			return tuneIn(c, &a, &given, dir)
		},
	}
	addRunFlags(c)
	addScreenFlags(c)
	return c
}

// live runs the session with the screen before it.
func (j *job) live(ctx context.Context, o tui.Options, out io.Writer) error {
	views := make(chan view.View, 1)
	commands := make(chan view.Command, 16)
	wanted := make(chan struct{}, 1)
	var frames frameCost
	j.opts.Views, j.opts.Wanted, j.opts.Commands, j.opts.FrameNs = views, wanted, commands, frames.p99
	o.FPS, o.Want, o.OnFrame = cmp.Or(j.opts.FPS, 5), wanted, frames.add

	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	screen, closeScreen := context.WithCancel(context.WithoutCancel(ctx)) // outlives a signal until the folder is finished
	defer closeScreen()
	type ended struct {
		res runner.Result
		err error
	}
	done := make(chan ended, 1)
	end := endingOf(ctx)
	guard.Go("the session", func() {
		var e ended
		defer func() { done <- e }() // also when it panics
		e.res, e.err = j.run(ctx)
		if e.res.Reason == "quit" {
			close(views)
		}
		context.AfterFunc(asked, closeScreen) // a signal, a panic, or the terminal is gone, now or later: nobody will press q
	})
	uiErr := end.show(func() error { return tui.Run(screen, views, commands, o) })
	end.leaving()
	cancel() // the screen is gone: whatever still runs ends
	e := <-done
	if uiErr != nil && !errors.Is(uiErr, tea.ErrInterrupted) && !errors.Is(uiErr, tea.ErrProgramKilled) {
		return errors.Join(fmt.Errorf("screen: %w", uiErr), e.err)
	}
	if e.res.Samples > 0 || e.err == nil {
		printEnd(out, j.opts.Dir, e.res.Missed)
	}
	return e.err
}

// frameCost keeps the cost of the last frames. The screen adds, the session
// reads: an estimate of the p99 as the largest of the last hundred.
type frameCost struct {
	ring [100]atomic.Int64
	n    atomic.Int64
}

func (f *frameCost) add(d time.Duration) { f.ring[(f.n.Add(1)-1)%int64(len(f.ring))].Store(int64(d)) }

// p99 is the largest of the last hundred frames, in nanoseconds.
func (f *frameCost) p99() int64 {
	var m int64
	for i := range f.ring {
		m = max(m, f.ring[i].Load())
	}
	return m
}
