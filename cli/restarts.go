package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plain"
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
// an order of its own, into one folder that compare takes as a side.
func runRestarts(ctx context.Context, cfg *configs.Config, n int, mayDiverge bool, out io.Writer, asJSON bool) error {
	_, dir, err := folder.NewRunID(cfg.Out, time.Now())
	if err != nil {
		return err
	}
	var failed error
	var dirs []string
	for i := range n {
		c := *cfg
		c.Out, c.Seed = dir, cfg.Seed+uint64(i)
		fmt.Fprintf(output.Stderr, "session %d of %d\n", i+1, n)
		j, err := prepare(ctx, &c, output.Stderr)
		if err != nil {
			return errors.Join(failed, err)
		}
		j.mayDiverge = mayDiverge
		_, err = j.headless(ctx, io.Discard, false)
		dirs = append(dirs, j.opts.Dir)
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	modes := betweenSessions(dirs)
	if asJSON {
		return errors.Join(failed, json.NewEncoder(plain.JSONWriter(out)).Encode(map[string]any{"dir": dir, "sessions": dirs, "modes": modes}))
	}
	for _, m := range modes {
		fmt.Fprintln(out, m.sentence())
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
