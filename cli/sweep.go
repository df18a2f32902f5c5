package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// sweepPoint is one combination of the swept keys and what it came to.
type sweepPoint struct {
	Values map[string]string             `json:"values"`
	Dir    string                        `json:"dir"`
	Error  string                        `json:"error,omitempty"`
	Modes  map[string]*stats.SummaryFile `json:"-"`
	Real   map[string]folder.Judged      `json:"compiler_real,omitempty"` // by mode, of the optimized lane
}

// runSweep runs one session for each combination of the swept values, and
// writes one table over all of them beside the session folders.
func runSweep(ctx context.Context, cfg *configs.Config, out io.Writer, asJSON bool) error {
	keys, points, err := sweepPoints(cfg)
	if err != nil {
		return exit.Usage(err)
	}
	var failed error
	for i := range points {
		p := &points[i]
		fmt.Fprintf(output.Stderr, "sweep %d of %d: %s\n", i+1, len(points), describePoint(keys, p.Values))
		if err := runPoint(ctx, cfg, keys, p); err != nil {
			p.Error = err.Error()
			failed = errors.Join(failed, fmt.Errorf("%s: %w", describePoint(keys, p.Values), err))
			fmt.Fprintln(output.Stderr, "  "+err.Error())
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := writeSweep(keys, points); err != nil {
		return errors.Join(failed, err)
	}
	if asJSON {
		return errors.Join(failed, json.NewEncoder(plain.JSONWriter(out)).Encode(points))
	}
	printSweep(out, keys, points)
	for _, line := range append(crossovers(keys, points), attribution(keys, points)...) {
		fmt.Fprintln(out, line)
	}
	return failed
}

// runSweeps runs several sweeps, each with its own table.
func runSweeps(ctx context.Context, cfg *configs.Config, out io.Writer, asJSON bool) error {
	var failed error
	for _, s := range cfg.Sweeps {
		c := *cfg
		c.Sweep, c.Sweeps = s.Over, nil
		if !asJSON {
			fmt.Fprintf(out, "%s\n", s.Name)
		}
		failed = errors.Join(failed, runSweep(ctx, &c, out, asJSON))
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// sweepPoints is the product of the swept values, in the order of the keys.
func sweepPoints(cfg *configs.Config) (keys []string, points []sweepPoint, err error) {
	keys = slices.Sorted(maps.Keys(cfg.Sweep))
	points = []sweepPoint{{Values: map[string]string{}}}
	for _, k := range keys {
		var next []sweepPoint
		for _, p := range points {
			for _, v := range cfg.Sweep[k] {
				vals := maps.Clone(p.Values)
				vals[k] = fmt.Sprint(v)
				next = append(next, sweepPoint{Values: vals})
			}
		}
		if points = next; len(points) > 1000 {
			return nil, nil, fmt.Errorf("sweep: more than 1,000 sessions")
		}
	}
	for _, p := range points { // every point is checked before the first runs
		if _, err := pointConfig(cfg, keys, p.Values); err != nil {
			return nil, nil, fmt.Errorf("sweep %s: %w", describePoint(keys, p.Values), err)
		}
	}
	return keys, points, nil
}

// pointConfig is the configuration with the point's values set.
func pointConfig(cfg *configs.Config, keys []string, values map[string]string) (*configs.Config, error) {
	c := *cfg
	c.Sweep, c.Sweeps = nil, nil
	for _, k := range keys {
		if err := c.Set(k, values[k]); err != nil {
			return nil, err
		}
	}
	return &c, c.Validate()
}

func runPoint(ctx context.Context, cfg *configs.Config, keys []string, p *sweepPoint) error {
	c, err := pointConfig(cfg, keys, p.Values)
	if err != nil {
		return err
	}
	j, err := prepare(ctx, c, output.Stderr)
	if err != nil {
		return err
	}
	j.opts.Profile = c.Profile
	res, err := j.headless(ctx, io.Discard, false)
	if res.Missed != "" {
		fmt.Fprintln(output.Stderr, "  "+res.Missed)
	}
	p.Dir, p.Modes = j.opts.Dir, summaries(j.opts.Dir)
	if ev, err := folder.ReadEvidence(p.Dir); err == nil {
		p.Real = ev.Modes
	}
	return err
}

func describePoint(keys []string, values map[string]string) string {
	var parts []string
	for _, k := range keys {
		parts = append(parts, k+"="+values[k])
	}
	return strings.Join(parts, " ")
}

// sweepRows is the table: the swept values, then one row a mode and lane.
func sweepRows(keys []string, points []sweepPoint) (head []string, rows [][]string) {
	head = append(slices.Clone(keys), "mode", "lane", "n", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms", "compiler_real", "session")
	exact := func(v stats.Num) string {
		if v.Missing() {
			return ""
		}
		return strconv.FormatFloat(float64(v), 'f', 6, 64)
	}
	for _, p := range points {
		for m := range stats.Mode(stats.NumModes) {
			s := p.Modes[m.String()]
			if s == nil {
				continue
			}
			for g := range s.Over("*") {
				real := "" // of a lane that was to compile
				if g.Lane == stats.Optimized.String() {
					real = p.Real[m.String()].CompilerReal
				}
				var row []string
				for _, k := range keys {
					row = append(row, p.Values[k])
				}
				rows = append(rows, append(row, g.Mode, g.Lane, strconv.Itoa(g.N), exact(g.MeanMs), exact(g.P50Ms), exact(g.P95Ms), exact(g.P99Ms), exact(g.MaxMs), real, filepath.Base(p.Dir)))
			}
		}
	}
	return head, rows
}

// writeSweep writes sweep_<first session>.csv, and a picture a mode, beside
// the session folders.
func writeSweep(keys []string, points []sweepPoint) error {
	name := ""
	for _, p := range points {
		if p.Dir != "" {
			name = filepath.Join(filepath.Dir(p.Dir), "sweep_"+filepath.Base(p.Dir))
			break
		}
	}
	if name == "" {
		return nil
	}
	f, err := os.Create(name + ".csv")
	if err != nil {
		return fmt.Errorf("write the sweep's table: %w", err)
	}
	head, rows := sweepRows(keys, points)
	for _, row := range rows {
		for i := range row {
			row[i] = plain.Cell(row[i])
		}
	}
	w := csv.NewWriter(f)
	err = w.WriteAll(append([][]string{head}, rows...))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the sweep's table: %w", err)
	}
	if err := plotSweep(name, keys, points); err != nil {
		return fmt.Errorf("write the sweep's picture: %w", err)
	}
	fmt.Fprintf(output.Stderr, "table and pictures: %s*\n", name)
	return nil
}

func printSweep(w io.Writer, keys []string, points []sweepPoint) {
	head, rows := sweepRows(keys, points)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range append([][]string{head}, rows...) {
		fmt.Fprintln(tw, strings.Join(r, "\t")+"\t")
	}
	_ = tw.Flush() // a closed stdout is the reader's choice
	if i := slices.Index(head, "n"); slices.ContainsFunc(rows, func(r []string) bool { n, err := strconv.Atoi(r[i]); return err == nil && n < quantile.Need(.99) }) {
		fmt.Fprintf(w, "A p99 wants %d samples a lane (n): one of fewer says little. Points differ by what the machine did meanwhile, too.\n", quantile.Need(.99))
	}
}
