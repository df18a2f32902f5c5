package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/verdict"
)

// newRunCmd is the same work without a screen.
func newRunCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "run", Args: exit.Args(cobra.NoArgs),
		Short: "The same without a screen: the controlled, repeatable run",
		Example: "  tailscope run --config root_cause_prefill_only --seed 7 --out results\n" +
			"  tailscope run --strategy padded --duration 30s --json",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c.Flags())
			if err != nil {
				return err
			}
			if cfg.Reps == 0 && cfg.Duration == 0 && cfg.Until == "" && cfg.Traffic == "" {
				return exit.Usage(errors.New("this run would not end: give --reps, --duration or --until"))
			}
			if len(cfg.Modes) > 1 && cfg.Reps == 0 && cfg.Traffic == "" {
				return exit.Usage(fmt.Errorf("without --reps the first mode never ends, so %v would never run: give --reps, or one --mode a run", cfg.Modes[1:]))
			}
			asJSON, allow := isSet(c, "json"), isSet(c, "allow-divergence")
			word, _ := c.Flags().GetString("summary")
			ctx, err := withJobSummary(c.Context(), word)
			if err != nil {
				return err
			}
			if c.Flags().Changed("profile") {
				cfg.Profile, _ = c.Flags().GetInt("profile")
			}
			if len(cfg.Sweeps) > 0 {
				return runSweeps(ctx, cfg, c.OutOrStdout(), asJSON)
			}
			if len(cfg.Sweep) > 0 {
				return runSweep(ctx, cfg, c.OutOrStdout(), asJSON)
			}
			if n, _ := c.Flags().GetInt("restarts"); n > 1 || c.Flags().Changed("caches") {
				text, _ := c.Flags().GetString("caches")
				caches, err := parseCaches(text, cfg)
				if err != nil {
					return err
				}
				return runRestarts(ctx, cfg, n, caches, allow, c.OutOrStdout(), asJSON)
			}
			j, err := prepare(ctx, cfg, output.Stderr)
			if err != nil {
				return err
			}
			j.opts.Profile, j.mayDiverge = cfg.Profile, allow
			_, err = j.headless(ctx, c.OutOrStdout(), asJSON)
			return err
		},
	}
	addRunFlags(c)
	c.Flags().Bool("json", false, "print the result as JSON")
	c.Flags().Int("restarts", 1, "sessions to run one after the other, each with a fresh worker and an order of its own, into one folder")
	c.Flags().String("caches", "", "with --restarts, PyTorch: `KINDS` of start to compare, of cold,regional,warm,mega (caches of compiled kernels empty, and repeated blocks compiled once; filled; loaded from one file)")
	c.Flags().String("summary", "", "`WHERE` each session's report is appended as a job summary: github, the file that GITHUB_STEP_SUMMARY names")
	c.Flags().Bool("allow-divergence", false, "exit 0 though the lanes' outputs differ")
	return c
}

// headless runs the session with progress on stderr and the result on out.
func (j *job) headless(ctx context.Context, out io.Writer, asJSON bool) (runner.Result, error) {
	p := &progressLine{w: os.Stderr, tty: term.IsTerminal(int(os.Stderr.Fd())), began: time.Now()}
	j.opts.OnStatus = p.show
	res, err := j.run(ctx)
	p.clear()
	if err == nil && res.Reason == "interrupted" {
		err = errors.New("interrupted; what was measured is in " + j.opts.Dir)
	}
	if file, ok := ctx.Value(jobSummary{}).(string); ok {
		err = errors.Join(err, appendReport(file, j.opts.Dir))
	}
	if err == nil {
		err = tooManyFailed(j.opts.Dir)
	}
	if err == nil && !j.mayDiverge {
		err = diverged(summaries(j.opts.Dir))
	}
	if asJSON {
		if jerr := json.NewEncoder(plain.JSONWriter(out)).Encode(runJSON(j, res, err)); jerr != nil {
			return res, errors.Join(err, jerr)
		}
		return res, err
	}
	if res.Samples > 0 || err == nil {
		printEnd(out, j.opts.Dir, res.Missed)
	}
	return res, err
}

// tooManyFailed is the error of a run in which a lane of a mode answered no
// request, or failed more often than is tolerable: its figures are of the others.
func tooManyFailed(dir string) error {
	s, err := folder.Failed(dir)
	if err == nil && s != "" {
		err = errors.New(s)
	}
	return err
}

// diverged is the error of a run whose lanes compute different things: which of
// them is faster is beside the point.
func diverged(sums map[string]*stats.SummaryFile) error {
	for m := range stats.Mode(stats.NumModes) {
		if s := sums[m.String()]; s != nil && s.Paradox.Verdict == verdict.Divergence {
			return fmt.Errorf("%s: the lanes' outputs differ; --allow-divergence if that is meant", m)
		}
	}
	return nil
}

// runJSON is what run --json prints: where the session is and what it found.
func runJSON(j *job, res runner.Result, err error) map[string]any {
	m := map[string]any{"schema": "tailscope.run/1", "dir": j.opts.Dir, "run_id": j.opts.RunID, "reason": res.Reason, "samples": res.Samples,
		"summaries": summaries(j.opts.Dir)}
	if res.Missed != "" {
		m["missed"] = res.Missed
	}
	if err != nil {
		m["error"] = err.Error()
	}
	return m
}

// pipeEvery is how often a run in a pipe says how far it is.
const pipeEvery = 3 * time.Second

// progressLine shows how far a run is: one line rewritten on a terminal, a
// line every few seconds elsewhere.
type progressLine struct {
	w     io.Writer
	tty   bool
	began time.Time
	last  time.Time
	shown bool
}

func (p *progressLine) show(s runner.Progress) {
	if !p.tty && time.Since(p.last) < pipeEvery {
		return
	}
	p.last = time.Now()
	text := plain.Line(progressText(s, time.Since(p.began)))
	if p.tty {
		if cols := output.Width(p.w); cols > 1 {
			text = ansi.Truncate(text, cols-1, "…") // a line that wraps cannot be written again
		}
		fmt.Fprint(p.w, "\r\x1b[K"+text)
		p.shown = true
		return
	}
	fmt.Fprintln(p.w, text)
}

func (p *progressLine) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func progressText(s runner.Progress, spent time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", s.Phase, spent.Round(time.Second))
	if s.Status != "" {
		fmt.Fprintf(&b, "  %s", s.Status)
	}
	if s.Done >= 0 {
		fmt.Fprintf(&b, "  %3.0f %%", s.Done*100)
		if s.Left > 0 {
			fmt.Fprintf(&b, ", %s left", s.Left.Round(time.Second))
		}
	}
	if n := s.Samples[0] + s.Samples[1]; n > 0 {
		fmt.Fprintf(&b, "  %s n %d+%d  p50 %s / %s", s.Mode, s.Samples[0], s.Samples[1], ms(s.P50[0]), ms(s.P50[1]))
		if min(s.Samples[0], s.Samples[1]) >= quantile.Need(.99) {
			fmt.Fprintf(&b, "  p99 %s / %s", ms(s.P99[0]), ms(s.P99[1]))
		}
		b.WriteString(" ms (eager / optimized)")
	}
	return b.String()
}

// ms prints nanoseconds as milliseconds with three significant digits; — for
// what is not known.
func ms(ns float64) string {
	if math.IsNaN(ns) || math.IsInf(ns, 0) {
		return "—"
	}
	v := ns / 1e6
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
