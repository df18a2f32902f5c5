package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/between"
)

// restarted is what several sessions of the same came to in one mode.
type restarted struct {
	Mode   string    `json:"mode"`
	Ratios []float64 `json:"ratios"` // optimized ÷ eager of each session, paired
	Ratio  stats.Num `json:"ratio"`  // their geometric mean
	Lo     stats.Num `json:"lo"`     // 95 %, over sessions
	Hi     stats.Num `json:"hi"`
	Told   bool      `json:"told"`
}

// restarts are sessions of the same, each with a worker and an order of its own,
// every second one with the lanes' roles swapped, in one folder that compare takes
// as a side.
type restarts struct {
	cfg        *configs.Config
	dir        string
	caches     []string // kinds of start, one session of each a round
	mayDiverge bool

	threads int // as the sessions had them
	dirs    []string
	starts  []started
	failed  error
}

// run runs n rounds. The error is one that ends them.
func (r *restarts) run(ctx context.Context, n int) error {
	if slices.ContainsFunc(r.caches, func(k string) bool { return k == "warm" || k == "mega" }) {
		if err := errors.Join(makeCaches(r.dir), r.session(ctx, "fill", 0, 1)); err != nil {
			return err
		}
	}
	for i := range n {
		for _, kind := range r.caches {
			if err := r.session(ctx, kind, i, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// session runs session i of n of a kind; fill is one that only fills caches.
func (r *restarts) session(ctx context.Context, kind string, i, n int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c := cached(*r.cfg, kind, r.dir)
	c.Out, c.Seed = filepath.Join(r.dir, kind), r.cfg.Seed+uint64(i)
	fmt.Fprintf(output.Stderr, "%s\n", strings.TrimSpace(fmt.Sprintf("session %d of %d %s", i+1, n, kind)))
	j, err := prepare(ctx, c, output.Stderr)
	if err != nil {
		return err
	}
	j.mayDiverge, j.opts.Swap = r.mayDiverge, i%2 == 1
	r.threads = c.Threads
	_, err = j.headless(ctx, io.Discard, false)
	r.failed = errors.Join(r.failed, err)
	if kind == "fill" {
		return nil
	}
	s, err := startOf(kind, j.opts.Dir)
	r.dirs, r.starts, r.failed = append(r.dirs, j.opts.Dir), append(r.starts, s), errors.Join(r.failed, err)
	return nil
}

// runRestarts runs n sessions of the same, or n rounds of one a kind of start.
// A/A sessions leave this machine's floor.
func runRestarts(ctx context.Context, cfg *configs.Config, n int, caches []string, mayDiverge bool, out io.Writer, asJSON bool) error {
	_, dir, err := folder.NewRunID(cfg.Out, time.Now())
	if err != nil {
		return err
	}
	r := &restarts{cfg: cfg, dir: dir, caches: caches, mayDiverge: mayDiverge, threads: cfg.Threads}
	if err := r.run(ctx, n); err != nil && (ctx.Err() == nil || len(r.dirs) == 0) {
		return errors.Join(r.failed, err)
	}
	modes := betweenSessions(r.dirs)
	var floors map[string]stats.Noise
	if cfg.AA {
		run := *cfg
		run.Threads = r.threads
		var each []map[string]*stats.SummaryFile
		for _, dir := range r.dirs {
			each = append(each, summaries(dir))
		}
		floors, err = snapshot.KeepFloors(&run, each)
		r.failed = errors.Join(r.failed, err)
	}
	if asJSON {
		return errors.Join(r.failed, json.NewEncoder(plain.JSONWriter(out)).Encode(map[string]any{"schema": "tailscope.restarts/1", "dir": dir, "sessions": r.dirs, "modes": modes, "floors": floors, "starts": r.starts}))
	}
	for _, m := range modes {
		fmt.Fprintln(out, m.sentence())
	}
	for _, mode := range slices.Sorted(maps.Keys(floors)) {
		fmt.Fprintln(out, floorSentence(mode, floors[mode]))
	}
	printStartups(out, r.starts)
	fmt.Fprintf(out, "%d sessions: %s\n", len(r.dirs), dir)
	output.Next("tailscope compare OTHER " + output.Quote(dir) + ", which compares them with others, session by session")
	return r.failed
}

// betweenSessions takes the paired ratio of each session and mode.
func betweenSessions(dirs []string) (out []restarted) {
	for _, dir := range dirs {
		for mode, s := range summaries(dir) {
			i := slices.IndexFunc(out, func(r restarted) bool { return r.Mode == mode })
			if i < 0 {
				i, out = len(out), append(out, restarted{Mode: mode})
			}
			if p := s.Pair(); p != nil && p.RatioGeomean > 0 {
				out[i].Ratios = append(out[i].Ratios, float64(p.RatioGeomean))
			}
		}
	}
	for i := range out {
		ones := slices.Repeat([]float64{1}, len(out[i].Ratios))
		c := between.Compare(ones, out[i].Ratios, nil) // one side without variation: a t interval of the other
		out[i].Ratio, out[i].Lo, out[i].Hi, out[i].Told = stats.Num(c.Ratio), stats.Num(c.Lo), stats.Num(c.Hi), c.Told()
	}
	slices.SortFunc(out, func(a, b restarted) int { return int(stats.ModeOf(a.Mode)) - int(stats.ModeOf(b.Mode)) })
	return out
}

// floorSentence says what a machine's A/A sessions come to.
func floorSentence(mode string, n stats.Noise) string {
	percent := func(s stats.Statistic) string { return fmt.Sprintf("%.1f %%", 100*n.Shares[s]) }
	s := fmt.Sprintf("%s: noise floor of this machine, engine and model from %d A/A sessions: %s of the median, %s of the mean, %s of the p99. Later runs take it for theirs.",
		mode, n.Sessions, percent(stats.Median), percent(stats.Mean), percent(stats.P99))
	if n.Shares[stats.Median] > stats.SessionShare || n.Shares[stats.P99] > wideP99 {
		s += " It is wide, as of a busy machine or of short sessions, and a smaller difference will not be told: make it again when the machine is quiet."
	}
	return s
}

// wideP99 is a floor of the p99, as a share, that hides what one looks for.
const wideP99 = .10

func (r *restarted) sentence() string {
	switch n := len(r.Ratios); {
	case n == 0:
		return r.Mode + ": no session has pairs."
	case math.IsNaN(float64(r.Lo)):
		return fmt.Sprintf("%s: optimized ÷ eager is %.3f in one session; how sessions vary is not known.", r.Mode, float64(r.Ratio))
	case !r.Told:
		return fmt.Sprintf("%s: not told apart over %d sessions: optimized ÷ eager %.3f [%.3f, %.3f].", r.Mode, n, float64(r.Ratio), float64(r.Lo), float64(r.Hi))
	default:
		return fmt.Sprintf("%s: optimized ÷ eager %.3f [%.3f, %.3f] over %d sessions.", r.Mode, float64(r.Ratio), float64(r.Lo), float64(r.Hi), n)
	}
}
