package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/creack/pty"
	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/sys"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/between"
	"github.com/tailscope/tailscope/stats/quantile"
)

// newBenchCmd measures what the profiler costs what it measures.
func newBenchCmd() *cobra.Command {
	var rounds int
	c := &cobra.Command{
		Use: "bench", Args: exit.Args(cobra.NoArgs),
		Short: "What the profiler costs what it measures: the screen on against off",
		Long: "Runs the same plan in turn without a screen, with the live screen at 30 views a second in a pseudo-terminal, and\n" +
			"without again. Each run is a restart, and the restart is the unit: intervals are Welch's over the logs of each\n" +
			"run's p50 and p99. Off against off is the noise that the machine itself makes. Compiles are left out.\n" +
			"Budget: 1.02 at p50, 1.05 at p99.",
		Example: "  tailscope bench\n  tailscope bench --rounds 16 --duration 8s --model model.onnx --provider cuda",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c.Flags())
			if err != nil {
				return err
			}
			if rounds < 2 {
				return exit.Usage(errors.New("--rounds: an interval needs 2 or more"))
			}
			if !c.Flags().Changed("duration") {
				cfg.Duration = configs.Duration(4 * time.Second)
			}
			if !c.Flags().Changed("strategy") && !c.Flags().Changed("config") {
				cfg.Strategy = "padded" // few shapes: what is compared is no compile
			}
			cfg.Reps, cfg.Until, cfg.Modes = 0, "", cfg.Modes[:1]
			return runBench(c.Context(), cfg, rounds, c.OutOrStdout(), isSet(c, "json"))
		},
	}
	addRunFlags(c)
	c.Flags().IntVar(&rounds, "rounds", 8, "`N` rounds of three runs each")
	c.Flags().Bool("json", false, "print the result as JSON")
	return c
}

// benchRun is what one run came to, by lane.
type benchRun map[string]benchLane

// benchLane is one lane of one run: ms, and the kernel's counters a request.
type benchLane struct {
	N        int     `json:"n"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	RunDelay float64 `json:"run_delay_ms"`
	Switches float64 `json:"involuntary_switches"`
	Faults   float64 `json:"minor_faults"`
}

// benchArms are the three runs of a round; the middle one has the screen.
var benchArms = []string{"off", "on", "off again"}

// runBench runs the rounds, the arms in an order that turns each round, so that
// a drift of the machine falls on all alike.
func runBench(ctx context.Context, cfg *configs.Config, rounds int, out io.Writer, asJSON bool) error {
	tmp, err := os.MkdirTemp("", "tailscope-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	runs := map[string][]benchRun{}
	for r := range rounds {
		for i := range benchArms {
			arm := benchArms[(r+i)%len(benchArms)]
			fmt.Fprintf(output.Stderr, "bench: round %d of %d, screen %s\n", r+1, rounds, arm)
			one := *cfg
			one.Seed, one.Out = cfg.Seed+uint64(r), filepath.Join(tmp, fmt.Sprint(r, "-", i))
			run, err := benchOne(ctx, &one, arm == "on")
			if err != nil {
				return fmt.Errorf("screen %s: %w", arm, err)
			}
			runs[arm] = append(runs[arm], run)
		}
	}
	rows := benchRows(runs)
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"schema": "tailscope.bench/1", "rounds": rounds, "rows": rows, "runs": runs})
	}
	printBench(out, rows, runs)
	return nil
}

// benchOne runs this program once and reads what it measured.
func benchOne(ctx context.Context, cfg *configs.Config, screen bool) (benchRun, error) {
	if err := os.MkdirAll(cfg.Out, 0o755); err != nil {
		return nil, err
	}
	yaml, err := cfg.YAML()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(cfg.Out, "bench.yaml")
	if err := os.WriteFile(file, yaml, 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if screen {
		err = underScreen(ctx, exec.CommandContext(ctx, self, "--config", file, "--fps", "30", "--duration", time.Duration(cfg.Duration).String()), cfg.Out)
	} else {
		var text []byte
		if text, err = exec.CommandContext(ctx, self, "run", "--config", file).CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, lastLine(string(text)))
		}
	}
	if err != nil {
		return nil, err
	}
	dirs, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(cfg.Out), "*", folder.ManifestName))
	if len(dirs) != 1 {
		return nil, fmt.Errorf("no session in %s", cfg.Out)
	}
	return readBench(filepath.Dir(dirs[0]))
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// underScreen runs the live screen in a pseudo-terminal of 200×60 and presses q
// when its folder is finished.
func underScreen(ctx context.Context, c *exec.Cmd, out string) error {
	c.Env = append(os.Environ(), "TERM=xterm-256color")
	f, err := pty.StartWithSize(c, &pty.Winsize{Cols: 200, Rows: 60})
	if err != nil {
		return fmt.Errorf("a pseudo-terminal for the screen: %w", err)
	}
	defer f.Close()
	read := make(chan struct{})
	guard.Go("the screen's output", func() { defer close(read); _, _ = io.Copy(io.Discard, f) }) // ends with the program
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for finished := false; !finished; {
		select {
		case <-read:
			return errors.Join(errors.New("the screen ended by itself"), c.Wait())
		case <-ctx.Done():
			_ = c.Process.Kill()
		case <-tick.C:
			finished = sessionFinished(out)
		}
	}
	if _, err := f.WriteString("q"); err != nil {
		return err
	}
	<-read
	return c.Wait()
}

// sessionFinished reports whether the session below out has its files.
func sessionFinished(out string) bool {
	files, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(out), "*", folder.ManifestName))
	if len(files) != 1 {
		return false
	}
	m, err := folder.ReadManifest(filepath.Dir(files[0]))
	return err == nil && m.State != string(folder.StateRunning)
}

// readBench reads a session's requests that count and hold no compile.
func readBench(dir string) (benchRun, error) {
	f, err := folder.Open(dir)
	if err != nil {
		return nil, err
	}
	ms, lanes := map[string][]float64{}, benchRun{}
	_, err = f.Records(func(r *journal.Record) error {
		s := &r.Sample
		if r.Kind != journal.KindSample || s.Warmup || s.Failed || s.CompileNs > 0 {
			return nil
		}
		known := func(n int64) float64 { return float64(max(n, 0)) } // unknown: 0
		name := s.Lane.String()
		l := lanes[name]
		l.N, l.RunDelay, l.Switches, l.Faults = l.N+1, l.RunDelay+known(s.RunDelayNs)/1e6, l.Switches+known(s.NIvCSw), l.Faults+known(s.MinFlt)
		lanes[name], ms[name] = l, append(ms[name], float64(s.WallNs)/1e6)
		return nil
	})
	for name, l := range lanes {
		n := float64(l.N)
		slices.Sort(ms[name])
		l.P50, l.P99 = quantile.Percentile(ms[name], 0.5), quantile.Percentile(ms[name], 0.99)
		l.RunDelay, l.Switches, l.Faults = l.RunDelay/n, l.Switches/n, l.Faults/n
		lanes[name] = l
	}
	if err == nil && len(lanes) == 0 {
		err = fmt.Errorf("%s holds no request that counts", dir)
	}
	return lanes, err
}

// benchRow is one quantile of one lane: on against off, and off against off.
type benchRow struct {
	Lane     string         `json:"lane"`
	Quantile string         `json:"quantile"`
	Budget   float64        `json:"budget"`
	On       between.Change `json:"-"`
	Noise    between.Change `json:"-"`
	Ratio    float64        `json:"ratio"`
	Lo       float64        `json:"lo"`
	Hi       float64        `json:"hi"`
	Verdict  string         `json:"verdict"`
}

func benchRows(runs map[string][]benchRun) (rows []benchRow) {
	for _, lane := range stats.Lanes {
		for _, q := range []struct {
			name   string
			budget float64
			of     func(benchLane) float64
		}{{"p50", 1.02, func(l benchLane) float64 { return l.P50 }}, {"p99", 1.05, func(l benchLane) float64 { return l.P99 }}} {
			values := func(arms ...string) (v []float64) {
				for _, arm := range arms {
					for _, r := range runs[arm] {
						if l, ok := r[lane]; ok {
							v = append(v, q.of(l))
						}
					}
				}
				return v
			}
			on := between.Compare(values("off", "off again"), values("on"), nil)
			row := benchRow{Lane: lane, Quantile: q.name, Budget: q.budget, On: on, Noise: between.Compare(values("off"), values("off again"), nil),
				Ratio: on.Ratio, Lo: on.Lo, Hi: on.Hi}
			switch {
			case math.IsNaN(on.Lo):
				continue
			case on.Hi <= q.budget:
				row.Verdict = "met"
			case on.Lo > q.budget:
				row.Verdict = "not met"
			default:
				row.Verdict = fmt.Sprintf("undecided: so many rounds show a change of %.0f %%", 100*on.Smallest)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func printBench(out io.Writer, rows []benchRow, runs map[string][]benchRun) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "lane\tquantile\toff ms\ton ms\ton ÷ off\t95 %\toff ÷ off\t95 %\tbudget\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%.3f\t%.3f\t%.3f to %.3f\t%.3f\t%.3f to %.3f\t%.2f: %s\t\n", r.Lane, r.Quantile, r.On.A, r.On.B, r.On.Ratio, r.On.Lo, r.On.Hi,
			r.Noise.Ratio, r.Noise.Lo, r.Noise.Hi, r.Budget, r.Verdict)
	}
	_ = w.Flush() // out is told below
	fmt.Fprintln(out, "\nThe kernel's counters of the worker, a request (mean over runs):")
	w = tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "lane\tscreen\tms runnable but not running\tinvoluntary switches\tminor faults\trequests a run\t")
	for _, lane := range stats.Lanes {
		for _, arm := range benchArms {
			var sum benchLane
			n := float64(len(runs[arm]))
			for _, r := range runs[arm] {
				l := r[lane]
				sum.N, sum.RunDelay, sum.Switches, sum.Faults = sum.N+l.N, sum.RunDelay+l.RunDelay, sum.Switches+l.Switches, sum.Faults+l.Faults
			}
			if sum.N > 0 {
				fmt.Fprintf(w, "%s\t%s\t%.4f\t%.4f\t%.2f\t%.0f\t\n", lane, arm, sum.RunDelay/n, sum.Switches/n, sum.Faults/n, float64(sum.N)/n)
			}
		}
	}
	_ = w.Flush()
}
