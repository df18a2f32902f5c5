package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/gpu/nvml"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/runner/tune"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/race"
	"github.com/tailscope/tailscope/tui/racing"
)

// tuneFlags are the common flags that mean something to a tune.
var tuneFlags = []string{"engine", "engine-cmd", "provider", "device", "model", "mode", "scenario", "traffic", "batch", "slo", "seed", "recompile-limit", "capture", "check",
	"max-new-tokens", "bucket-edges", "kv-edges", "out", "anonymous", "threads", "cpus", "library", "python", "torch-device", "torch-dtype", "torch-entry", "torch-backend", "torch-mode", "attn", "disable-cudagraphs", "allow-pickle"}

// newTuneCmd finds the best configuration.
func newTuneCmd() *cobra.Command {
	a := asked{}
	c := &cobra.Command{
		Use: "tune", Args: exit.Args(cobra.NoArgs),
		Short: "Race strategies and options, and leave the best configuration",
		Long: "Races strategies, bucket edges and engine options under the configured traffic against each other and against\n" +
			"eager, paired and in random order. What is told to be worse stops costing time; executables are paid over the\n" +
			"horizon; outputs are checked. q or an interrupt ends it with the best so far. It leaves a folder with every\n" +
			"candidate, a configuration that --config takes, and the lines of code that do it. docs/tune.md explains.",
		Example: "  tailscope tune\n  tailscope tune --config root_cause --minimize p50 --duration 3m\n" +
			"  tailscope tune --model model.onnx --slo 50ms --cold-start 2s\n  tailscope tune --resume tailscope-runs/20261128_120000",
		RunE: func(c *cobra.Command, _ []string) error { return runTune(c, &a) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.String("config", "", "`NAME` of a preset, or a file; the preset default if absent")
	for _, rf := range runFlags {
		if slices.Contains(tuneFlags, rf.name) {
			addRunFlag(c, rf)
		}
	}
	f.StringArray("dim", nil, "`NAME=SIZES` of a symbolic dimension, e.g. batch=1,2,4 (repeatable)")
	f.StringArray("option", nil, "`KEY=VALUE` for the engine or provider (repeatable)")
	f.StringArray("set", nil, "`KEY=VALUE`: any key of the configuration (repeatable)")
	f.StringVar(&a.Minimize, "minimize", usual.Minimize, "`WORD`: p99, p50 or mean")
	_ = c.RegisterFlagCompletionFunc("minimize", cobra.FixedCompletions([]string{"p99", "p50", "mean"}, cobra.ShellCompDirectiveNoFileComp))
	f.DurationVar(&a.Duration, "duration", usual.Duration, fmt.Sprintf("of it all, restarts included; %s with PyTorch", slowDuration))
	f.IntVar(&a.Horizon, "horizon", usual.Horizon, "requests over which executables are paid: a p99 counts those that wait for one")
	f.StringVar(&a.Memory, "memory", "", "bound of what a candidate's executables take, e.g. `2GB`")
	f.DurationVar(&a.ColdStart, "cold-start", 0, "bound of the time to make a candidate's executables")
	f.IntVar(&a.Restarts, "restarts", usual.Restarts, "sessions that confirm the pick, each with a fresh worker")
	f.BoolVar(&a.Options, "options", usual.Options, "race options that need a worker of their own, too")
	f.String("resume", "", "`DIR` of a tune that was stopped: it goes on where it was")
	f.Bool("json", false, "print the result as JSON")
	f.Bool("plain", false, "no colours and no drawing characters beyond ASCII")
	return c
}

func runTune(c *cobra.Command, a *asked) error {
	cfg, dir, err := tuneFolder(c, a)
	if err != nil {
		return err
	}
	return tuneIn(c, a, cfg, dir)
}

// tuneIn tunes in a folder that is there.
func tuneIn(c *cobra.Command, a *asked, cfg *configs.Config, dir string) error {
	objective, memory, err := a.parse()
	if err != nil {
		return err
	}
	ready := *cfg
	j, err := prepareWorker(c.Context(), &ready, output.Stderr)
	if err != nil {
		return err
	}
	cfg.Scenarios = ready.Scenarios // with their texts counted
	log, err := os.OpenFile(filepath.Join(dir, "worker.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	logs := worker.NewLog(log, maxLog)
	defer logs.Close() //nolint:errcheck // nothing to lose: stderr of workers that have ended
	o := tune.Options{Config: cfg, Modes: a.Modes, Objective: objective, SLO: cfg.SLO.D(), Memory: memory, ColdStart: a.ColdStart, Duration: a.Duration,
		Horizon: a.Horizon, Restarts: a.Restarts, Setups: a.Options, Traffic: j.opts.Traffic, Dir: dir,
		Open: func(ctx context.Context, cfg *configs.Config) (runner.Options, error) {
			j, err := prepareWorker(ctx, cfg, io.Discard)
			if err != nil {
				return runner.Options{}, err
			}
			j.opts.Engine.Log = logs
			j.workerEnv()
			return j.opts, nil
		},
		FreeMemory: func() float64 { return freeMemory(cfg.Device) },
		Confirm: func(ctx context.Context, cfg *configs.Config, n int) ([]tune.Confirmed, error) {
			return confirmTuned(ctx, cfg, n, dir)
		}}
	defer endingOf(c.Context()).session()()
	res, err := watchTune(c, o)
	if err != nil {
		return fmt.Errorf("%w; what was raced is in %s", err, dir)
	}
	out := c.OutOrStdout()
	if isSet(c, "json") {
		return output.JSON(out, res)
	}
	var tables strings.Builder
	tune.Print(&tables, res)
	fmt.Fprint(out, output.Fit(out, tables.String()))
	for _, line := range tune.Wrap(res.Sentence, min(max(output.Width(out), 80), 120)) {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out, "tune: "+dir)
	output.Next("tailscope run --config " + output.Quote(filepath.Join(dir, tune.ConfigFile)))
	return nil
}

// freeMemory is what of a GPU's memory nobody uses, in bytes; 0 not known.
func freeMemory(device int) float64 {
	src, err := nvml.Open(device)
	if err != nil {
		return 0
	}
	defer src.Close()
	st := src.Read()
	if free := st.MemTotalBytes.OrNaN() - st.MemUsedBytes.OrNaN(); free > 0 {
		return free
	}
	return 0
}

// watchTune runs a tune before a screen, or with a line every few seconds.
func watchTune(c *cobra.Command, o tune.Options) (*tune.Result, error) {
	ctx := c.Context()
	if isSet(c, "json") || !output.Terminal() || os.Getenv("TERM") == "dumb" {
		last, stage := time.Time{}, ""
		o.OnView = func(v view.Race) {
			now, _, _ := strings.Cut(v.Doing, ", ") // what follows is how long it has been at it
			if v.Over != "" || now != stage || time.Since(last) >= pipeEvery {
				last, stage = time.Now(), now
				fmt.Fprintln(output.Stderr, plain.Line(raceLine(v)))
			}
		}
		return tune.Run(ctx, o)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	views := make(chan view.Race, 1)
	o.OnView = func(v view.Race) {
		select {
		case <-views: // newest wins
		default:
		}
		views <- v
	}
	var res *tune.Result
	err := errors.New("the tune ended without a word")
	ended := make(chan struct{})
	guard.Go("a tune", func() {
		defer close(ended)
		defer close(views)
		res, err = tune.Run(ctx, o)
	})
	screenErr := endingOf(ctx).show(func() error {
		return racing.Run(context.WithoutCancel(ctx), views, stop, isSet(c, "plain") || os.Getenv("NO_COLOR") != "", os.Stdout)
	})
	if screenErr != nil {
		stop()
	}
	<-ended
	return res, errors.Join(err, screenErr)
}

// raceLine is how a race stands in a line.
func raceLine(v view.Race) string {
	s := v.Elapsed.Round(time.Second).String() + "  "
	if v.Title == "" {
		if n := len(v.Done); n > 0 {
			return s + v.Doing + "  (so far " + strings.Join(v.Done, "; ") + ")"
		}
		return s + v.Doing
	}
	left, best := 0, (*race.Row)(nil)
	for i := range v.Rows {
		if v.Rows[i].Out == "" {
			left++
		}
		if v.Rows[i].Best {
			best = &v.Rows[i]
		}
	}
	s += fmt.Sprintf("%s  %d requests  %d of %d candidates race", v.Title, v.Blocks, left, len(v.Rows))
	if best != nil {
		s += fmt.Sprintf("  best %s: %s %s ms", best.Name, v.Objective, ms(best.Value.Ns))
		if lo, hi := best.Value.Lo, best.Value.Hi; !math.IsNaN(lo) {
			s += " [" + ms(lo) + ", " + strings.ReplaceAll(ms(hi), "—", "∞") + "]"
		}
	}
	if v.Over != "" {
		s += "  over: " + v.Over
	}
	return s
}

// confirmTuned runs the pick in n sessions below dir.
func confirmTuned(ctx context.Context, cfg *configs.Config, n int, dir string) (out []tune.Confirmed, err error) {
	var dirs []string
	for i := range n {
		c := *cfg
		c.Out, c.Seed = filepath.Join(dir, "confirm"), cfg.Seed+uint64(i)
		j, err := prepare(ctx, &c, io.Discard)
		if err != nil {
			return nil, err
		}
		if _, err := j.run(ctx); err != nil {
			return nil, err
		}
		dirs = append(dirs, j.opts.Dir)
		if ctx.Err() != nil {
			break
		}
	}
	for _, m := range betweenSessions(dirs) {
		x := tune.Confirmed{Mode: m.Mode, N: len(m.Ratios), Ratio: m.Ratio, Lo: m.Lo, Hi: m.Hi}
		for l := range stats.Lane(stats.NumLanes) {
			x.P50[l] = middleOf(dirs, m.Mode, l, func(g *stats.GroupSummary) stats.Num { return g.P50Ms })
			x.P99[l] = middleOf(dirs, m.Mode, l, func(g *stats.GroupSummary) stats.Num { return g.P99Ms })
		}
		out = append(out, x)
	}
	return out, nil
}

// middleOf is the median over sessions of a lane's figure.
func middleOf(dirs []string, mode string, l stats.Lane, of func(*stats.GroupSummary) stats.Num) stats.Num {
	var v []float64
	for _, dir := range dirs {
		s := summaries(dir)[mode]
		if s == nil {
			continue
		}
		for g := range s.Over("*") {
			if g.Lane == l.String() {
				v = append(v, float64(of(g)))
			}
		}
	}
	return stats.Num(quantile.Median(v))
}
