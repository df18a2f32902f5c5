package tune

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Result is what a tune found, as tune.json has it. Times are milliseconds.
type Result struct {
	Schema    string            `json:"schema"` // tailscope.tune/1
	Dir       string            `json:"dir"`
	Model     string            `json:"model"`
	Engine    string            `json:"engine"`
	Provider  string            `json:"provider"`
	Device    string            `json:"device"`
	Objective string            `json:"objective"`
	Horizon   int               `json:"horizon_requests"`
	Seconds   float64           `json:"seconds"`
	Races     []RaceResult      `json:"races"`
	Strategy  string            `json:"strategy"`
	Edges     []int             `json:"bucket_edges,omitempty"`
	Set       map[string]string `json:"set,omitempty"` // options of the pick beside its strategy
	Confirmed []Confirmed       `json:"confirmed,omitempty"`
	Doubt     string            `json:"doubt,omitempty"` // why it is not confirmed
	NotTried  []string          `json:"not_tried"`
	Sentence  string            `json:"sentence"`

	code string
}

// RaceResult is one race.
type RaceResult struct {
	Name   string    `json:"name"`
	Mode   string    `json:"mode"`
	Blocks int       `json:"blocks"`
	Over   string    `json:"over"`
	Ahead  stats.Num `json:"ahead_ms"` // what making executables before it took
	Rows   []Row     `json:"candidates"`
	Pick   int       `json:"pick"` // its place; −1: none, or too few requests to choose by
	Few    bool      `json:"few"`  // too few requests for the p99s: a lower quantile picked
}

// Row is a candidate of a race.
type Row struct {
	Name        string    `json:"name"`
	N           int       `json:"n"`
	Value       stats.Num `json:"objective_ms"`
	Lo          stats.Num `json:"objective_lo_ms"` // 95 %, at whatever moment one looks
	Hi          stats.Num `json:"objective_hi_ms"` // null: too few requests bound it
	Mean        stats.Num `json:"mean_ms"`
	P50         stats.Num `json:"p50_ms"`
	P99         stats.Num `json:"p99_ms"`
	Limit       stats.Num `json:"limit_share"`        // of the limit, the median over requests; null where it is not known
	Executables int       `json:"requests_that_wait"` // for an executable, of the horizon's
	Made        int       `json:"requests_that_made_one"`
	Cold        stats.Num `json:"making_them_ms"`
	Bytes       stats.Num `json:"executables_bytes"`
	Out         string    `json:"out,omitempty"`
	Told        bool      `json:"told"` // out by a test, not by a bound or because it cannot run
	Pick        bool      `json:"pick"`
}

// msOf is nothing where there is no bound: JSON knows no infinity.
func msOf(ns float64) stats.Num {
	if math.IsInf(ns, 0) {
		ns = math.NaN()
	}
	return stats.Num(ns / 1e6)
}

// raceResult is a race as it stands.
func (t *tuner) raceResult(h *heat) RaceResult {
	r := RaceResult{Name: h.name, Mode: h.mode, Blocks: h.race.Blocks(), Over: h.race.Over(), Ahead: stats.Num(h.ahead.Seconds() * 1e3), Pick: h.pick(), Few: h.race.Few()}
	for i, x := range h.race.Standing() {
		r.Rows = append(r.Rows, Row{Name: x.Name, N: x.N, Value: msOf(x.Value.Ns), Lo: msOf(x.Value.Lo), Hi: msOf(x.Value.Hi), Mean: msOf(x.Mean), P50: msOf(x.P50), P99: msOf(x.P99), Limit: stats.Num(x.Limit),
			Executables: h.cands[i].firsts, Made: x.Made, Cold: msOf(x.ColdNs), Bytes: stats.Num(t.bytes(h, i, x)), Out: x.Out, Told: x.Told, Pick: i == r.Pick})
	}
	return r
}

// picked is the strategy that the races chose, and the edges of bucketed.
func (t *tuner) picked() (plan.Strategy, []int) {
	st, edges := plan.Strategy{Prefill: "eager", Decode: "eager"}, []int(nil)
	both := t.mode() == "e2e_kv"
	for _, h := range t.heats {
		i := h.pick()
		if i < 0 || h.name == optionsHeat {
			continue
		}
		c := h.cands[i]
		if h.mode == "kv_decode" {
			if st.Decode = c.strategy.Decode; !both {
				st.Prefill = c.strategy.Prefill // untimed, but its padding is part of what was raced
			}
			continue
		}
		st.Prefill, edges = c.strategy.Prefill, c.edges
		if h.mode == "forward" {
			st.Decode = c.strategy.Decode
		}
	}
	if st.Prefill == string(stats.Chunked) && both && t.first.ready.Lacks("e2e_kv", st) != "" {
		st.Prefill, edges = t.unchunked() // the two have no cache in common
	}
	if edges == nil {
		edges = t.cfg.BucketEdges
	}
	return st, edges
}

// unchunked is the best of prefill's race beside chunked: of those that race still,
// else of those told to be worse.
func (t *tuner) unchunked() (prefill string, edges []int) {
	prefill, told, least := "eager", true, math.Inf(1)
	for _, h := range t.heats {
		if h.mode != "prefill" {
			continue
		}
		for i, row := range h.race.Standing() {
			c, ns := &h.cands[i], row.Value.Ns
			if c.strategy.Prefill == string(stats.Chunked) || row.Out != "" && !row.Told || !finite(ns) || row.N < quantile.Need(.5) {
				continue
			}
			if told && !row.Told || told == row.Told && ns < least {
				prefill, edges, told, least = c.strategy.Prefill, c.edges, row.Told, ns
			}
		}
	}
	return prefill, edges
}

// result puts together what the races found, and the configuration of the pick.
func (t *tuner) result() (*Result, *configs.Config, error) {
	l := t.first.ready.Loaded
	st, edges := t.picked()
	res := &Result{Schema: "tailscope.tune/1", Dir: t.o.Dir, Model: t.cfg.Model, Engine: t.cfg.Engine, Provider: l.Provider, Device: l.Device,
		Objective: t.o.Objective.String(), Horizon: t.o.Horizon, Strategy: st.String(), Edges: edges, NotTried: t.notTried}
	for _, h := range t.heats {
		r := t.raceResult(h)
		res.Races = append(res.Races, r)
		if r.Pick < 0 {
			continue
		}
		if h.name == optionsHeat {
			if res.Set = t.setups[h.cands[r.Pick].setup].Set; h.cands[r.Pick].lane == stats.Eager {
				res.Strategy = "eager"
			}
		}
	}
	res.NotTried = append(res.NotTried, "other lengths of cache, compiles in the background, batch sizes other than "+strconv.Itoa(max(t.cfg.Batch, 1)))
	cfg, err := t.tuned(res, t.firstsOf(res))
	if err != nil {
		return nil, nil, err
	}
	res.code = code(res, cfg, l)
	return res, cfg, nil
}

// aheadAtMost is how many executables are made before the first request.
const aheadAtMost = 64

// tuned is the configuration of the pick.
func (t *tuner) tuned(res *Result, firsts int) (*configs.Config, error) {
	cfg, err := setup{Set: res.Set}.config(t.cfg)
	if err != nil {
		return nil, err
	}
	cfg.Name, cfg.Extends, cfg.Sweep = "tuned", "", nil
	cfg.Strategy, cfg.BucketEdges, cfg.Modes, cfg.EagerInputs = res.Strategy, res.Edges, []string{t.mode()}, "raw"
	cfg.Reps, cfg.Warmup, cfg.Until, cfg.AA, cfg.Noise, cfg.Compile, cfg.Route = 0, 0, "", false, "", "inline", ""
	if firsts > 0 && firsts <= aheadAtMost {
		cfg.Compile = "warmup"
	}
	cfg.Duration = configs.Duration(30 * time.Second)
	return cfg, cfg.Validate()
}

// confirm runs the pick in sessions of its own.
func (t *tuner) confirm(ctx context.Context, res *Result, cfg *configs.Config) {
	left := max(0, time.Until(t.began.Add(t.o.Duration)))
	warm := t.restart(t.firstsOf(res))
	n, each := t.o.Restarts, time.Duration(0)
	for ; n > 0; n-- {
		if each = left/time.Duration(n) - warm - time.Second; each >= leastRequests {
			break
		}
	}
	switch {
	case res.Strategy == "eager":
		res.Doubt = "the pick is what the eager lane runs: there is nothing to confirm"
	case t.o.Restarts == 0 || t.o.Confirm == nil:
		res.Doubt = "no restarts were asked for"
	case ctx.Err() != nil:
		res.Doubt = "it was stopped before its restarts"
	case n == 0:
		res.Doubt = fmt.Sprintf("%s were left, and a restart takes about %s before its first request", round(left), round(warm))
	default:
		t.say(fmt.Sprintf("confirming the pick by %d restarts of %s", n, round(each)))
		own := *cfg
		own.Duration = configs.Duration(each)
		var err error
		if res.Confirmed, err = t.o.Confirm(ctx, &own, n); err != nil {
			res.Doubt = "a restart failed: " + err.Error()
		}
		res.Confirmed = slices.DeleteFunc(res.Confirmed, func(c Confirmed) bool { return c.N == 0 || c.Ratio.Missing() })
		if len(res.Confirmed) == 0 && res.Doubt == "" {
			res.Doubt = fmt.Sprintf("in %s a restart answered too few requests", round(each))
		}
	}
	res.Seconds = time.Since(t.began).Seconds()
	res.Sentence = res.sentence()
}

// firstsOf is how many executables a session of the pick makes.
func (t *tuner) firstsOf(res *Result) (n int) {
	for _, r := range res.Races {
		if r.Pick >= 0 && r.Name != optionsHeat {
			n += r.Rows[r.Pick].Executables
		}
	}
	return n
}

// order sorts rows for reading: the pick, those that race by their objective,
// those that are out by how long they were in.
func order(rows []Row) []Row {
	out := slices.Clone(rows)
	rank := func(r Row) int {
		switch {
		case r.Pick:
			return 0
		case r.Out == "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b Row) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		if rank(a) == 2 {
			return b.N - a.N
		}
		return int(math.Copysign(1, float64(a.Value-b.Value)))
	})
	return out
}
