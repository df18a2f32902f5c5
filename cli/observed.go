package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/tui"
)

// What exec, watch and attach share: a session whose work is not ours.

// addObservedFlags adds those common flags that are named, and what a command
// needs that has a screen where there is a terminal and goes without elsewhere.
func addObservedFlags(c *cobra.Command, names ...string) {
	c.Flags().SortFlags = false
	for _, rf := range runFlags {
		if slices.Contains(append(names, "out", "max-disk", "gpu-interval", "duration"), rf.name) {
			addRunFlag(c, rf)
		}
	}
	c.Flags().Bool("json", false, "no screen; print the result as JSON")
	c.Flags().Bool("headless", false, "no screen, on a terminal too")
	addScreenFlags(c)
}

// addScreenFlags adds those flags of the live screen that every command with
// one has.
func addScreenFlags(c *cobra.Command) {
	c.Flags().Int("fps", 5, fmt.Sprintf("views a second, 1 to 30, kept whatever they cost, of figures renewed five times a second; unless given, 5, and fewer above %g %% of a core", tui.SlowerAbove))
	c.Flags().Bool("plain", false, "no colours and no drawing characters beyond ASCII")
}

// observedConfig is the configuration of an observed session: nothing is
// planned, repeated, checked or pinned.
func observedConfig(c *cobra.Command, engine, model string) (*configs.Config, error) {
	cfg, err := configs.Load("default")
	if err != nil {
		return nil, err
	}
	cfg.Name, cfg.Engine, cfg.Model, cfg.CPUs = engine, engine, model, "all"
	cfg.Modes, cfg.Strategy, cfg.EagerInputs = []string{"forward"}, "variable", "same"
	cfg.Warmup, cfg.Reps, cfg.Duration, cfg.Check, cfg.Threads, cfg.Until = 0, 0, 0, 0, 1, ""
	cfg.Scenarios = nil
	if err := setFlags(c.Flags(), cfg); err != nil {
		return nil, err
	}
	return cfg, nil
}

// prepareObserved makes the job of an engine that is this program again, with
// the arguments args.
func prepareObserved(ctx context.Context, cfg *configs.Config, args ...string) (*job, error) {
	if err := cfg.Validate(); err != nil {
		return nil, exit.Usage(err)
	}
	place, err := worker.Placer(cfg.CPUs)
	if err != nil {
		return nil, exit.Usage(err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	j := &job{cfg: cfg, opts: runner.Options{Config: cfg, Place: place, Model: cfg.Model}}
	j.opts.Engine.Argv = append([]string{self, "worker"}, args...)
	return j, j.begin(ctx)
}

// hasScreen tells whether a command is to show a screen: there is a terminal,
// and nothing asks for text.
func hasScreen(c *cobra.Command) bool {
	return !isSet(c, "json") && !isSet(c, "headless") && output.Terminal()
}

// show runs the session, with the screen or without.
func (j *job) show(ctx context.Context, c *cobra.Command) error {
	if hasScreen(c) {
		j.opts.FPS, _ = c.Flags().GetInt("fps")
		return j.live(ctx, tui.Options{Plain: isSet(c, "plain"), Steady: c.Flags().Changed("fps"), Output: programOutput(j.opts.Dir)}, c.OutOrStdout())
	}
	_, err := j.headless(ctx, c.OutOrStdout(), isSet(c, "json"))
	if !isSet(c, "json") {
		printSayings(c.OutOrStdout(), j.opts.Dir)
	}
	return err
}

// sayings are the findings of an observed session that stand in its events:
// those whose extra has one of the keys.
var sayings = []string{"identity_check", "advice", "stratified", "overlapping", "capture_sizes"}

// printSayings prints the last of each finding.
func printSayings(w io.Writer, dir string) {
	rec, err := snapshot.Open(dir)
	if err != nil {
		return // the folder was said
	}
	last := map[string]string{}
	_, _ = rec.Records(func(r *journal.Record) error {
		for _, key := range sayings {
			if _, ok := r.Event.Extra[key]; ok && r.Kind == journal.KindEvent {
				last[key+r.Event.Lane] = r.Event.Reason
			}
		}
		return nil
	})
	for _, key := range slices.Sorted(maps.Keys(last)) {
		fmt.Fprintln(w, last[key])
	}
}
