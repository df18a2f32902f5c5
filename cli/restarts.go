package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
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

// runRestarts runs n sessions of the same, each with a worker of its own and
// an order of its own, every second one with the lanes' roles swapped, into one
// folder that compare takes as a side. A/A sessions leave this machine's floor.
func runRestarts(ctx context.Context, cfg *configs.Config, n int, mayDiverge bool, out io.Writer, asJSON bool) error {
	_, dir, err := folder.NewRunID(cfg.Out, time.Now())
	if err != nil {
		return err
	}
	var failed error
	var dirs []string
	threads := cfg.Threads
	for i := range n {
		c := *cfg
		c.Out, c.Seed = dir, cfg.Seed+uint64(i)
		fmt.Fprintf(output.Stderr, "session %d of %d\n", i+1, n)
		j, err := prepare(ctx, &c, output.Stderr)
		if err != nil {
			return errors.Join(failed, err)
		}
		j.mayDiverge, j.opts.Swap = mayDiverge, i%2 == 1
		threads = c.Threads
		_, err = j.headless(ctx, io.Discard, false)
		dirs = append(dirs, j.opts.Dir)
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	modes := betweenSessions(dirs)
	var floors map[string]stats.Noise
	if cfg.AA {
		run := *cfg
		run.Threads = threads
		var each []map[string]*stats.SummaryFile
		for _, dir := range dirs {
			each = append(each, summaries(dir))
		}
		floors, err = snapshot.KeepFloors(&run, each)
		failed = errors.Join(failed, err)
	}
	if asJSON {
		return errors.Join(failed, json.NewEncoder(plain.JSONWriter(out)).Encode(map[string]any{"dir": dir, "sessions": dirs, "modes": modes, "floors": floors}))
	}
	for _, m := range modes {
		fmt.Fprintln(out, m.sentence())
	}
	for _, mode := range slices.Sorted(maps.Keys(floors)) {
		fmt.Fprintln(out, floorSentence(mode, floors[mode]))
	}
	fmt.Fprintf(out, "%d sessions: %s\nNext: 'tailscope compare OTHER %s' compares them with others, session by session.\n", len(dirs), dir, dir)
	return failed
}

// betweenSessions takes the paired ratio of each session and mode.
func betweenSessions(dirs []string) (out []restarted) {
	for _, dir := range dirs {
		for mode, s := range summaries(dir) {
			i := slices.IndexFunc(out, func(r restarted) bool { return r.Mode == mode })
			if i < 0 {
				i, out = len(out), append(out, restarted{Mode: mode})
			}
			for k := range s.Pairs {
				if p := &s.Pairs[k]; p.Scenario == "*" && p.Segment == "*" && p.RatioGeomean > 0 {
					out[i].Ratios = append(out[i].Ratios, float64(p.RatioGeomean))
				}
			}
		}
	}
	for i := range out {
		ones := slices.Repeat([]float64{1}, len(out[i].Ratios))
		c := between.Compare(ones, out[i].Ratios, nil) // one side without variation: a t interval of the other
		out[i].Ratio, out[i].Lo, out[i].Hi, out[i].Told = stats.Num(c.Ratio), stats.Num(c.Lo), stats.Num(c.Hi), c.Told()
	}
	slices.SortFunc(out, func(a, b restarted) int { return modeOrder(a.Mode) - modeOrder(b.Mode) })
	return out
}

func modeOrder(name string) int {
	m, err := stats.ParseMode(name)
	if err != nil {
		return stats.NumModes
	}
	return int(m)
}

// floorSentence says what a machine's A/A sessions come to.
func floorSentence(mode string, n stats.Noise) string {
	percent := func(s stats.Statistic) string { return fmt.Sprintf("%.1f %%", 100*n.Shares[s]) }
	return fmt.Sprintf("%s: noise floor of this machine, engine and model from %d A/A sessions: %s of the median, %s of the mean, %s of the p99. Later runs take it for theirs.",
		mode, n.Sessions, percent(stats.Median), percent(stats.Mean), percent(stats.P99))
}

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
