package tune

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/race"
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
	Name   string `json:"name"`
	Mode   string `json:"mode"`
	Blocks int    `json:"blocks"`
	Over   string `json:"over"`
	Rows   []Row  `json:"candidates"`
	Pick   int    `json:"pick"` // its place; −1: none, or too few requests to choose by
	Few    bool   `json:"few"`  // too few requests for the p99s: a lower quantile picked
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
	r := RaceResult{Name: h.name, Mode: h.mode, Blocks: h.race.Blocks(), Over: h.race.Over(), Pick: h.pick(), Few: h.race.Few()}
	for i, x := range h.race.Standing() {
		r.Rows = append(r.Rows, Row{Name: x.Name, N: x.N, Value: msOf(x.Value.Ns), Lo: msOf(x.Value.Lo), Hi: msOf(x.Value.Hi), Mean: msOf(x.Mean), P50: msOf(x.P50), P99: msOf(x.P99),
			Executables: h.cands[i].firsts, Made: x.Made, Cold: msOf(x.ColdNs), Bytes: stats.Num(t.bytes(h, i, x)), Out: x.Out, Told: x.Told, Pick: i == r.Pick})
	}
	return r
}

// result puts together what the races found, and the configuration of the pick.
func (t *tuner) result() (*Result, *configs.Config, error) {
	l := t.first.ready.Loaded
	st, edges := t.picked()
	res := &Result{Schema: "tailscope.tune/1", Dir: t.o.Dir, Model: t.cfg.Model, Engine: t.cfg.Engine, Provider: l.Provider, Device: l.Device,
		Objective: t.o.Objective.String(), Horizon: t.o.Horizon, Strategy: st.String(), Edges: edges, NotTried: t.notTried}
	firsts := 0
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
			continue
		}
		firsts += r.Rows[r.Pick].Executables
	}
	res.NotTried = append(res.NotTried, "other lengths of cache, compiles in the background, batch sizes other than "+strconv.Itoa(max(t.cfg.Batch, 1)))
	cfg, err := t.tuned(res, firsts)
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
	left := time.Until(t.began.Add(t.o.Duration))
	n := t.o.Restarts
	each := left/time.Duration(max(n, 1)) - t.first.startNs - time.Second
	switch {
	case res.Strategy == "eager":
		res.Doubt = "the pick is what the eager lane runs: there is nothing to confirm"
	case n == 0 || t.o.Confirm == nil:
		res.Doubt = "no restarts were asked for"
	case ctx.Err() != nil:
		res.Doubt = "it was stopped before its restarts"
	case each < time.Second:
		res.Doubt = fmt.Sprintf("%s were left, too few for %d restarts of %s", round(max(0, left)), n, round(t.first.startNs))
	default:
		t.say(fmt.Sprintf("confirming the pick by %d restarts of %s", n, round(each)))
		own := *cfg
		own.Duration = configs.Duration(each)
		var err error
		if res.Confirmed, err = t.o.Confirm(ctx, &own, n); err != nil {
			res.Doubt = "a restart failed: " + err.Error()
		}
	}
	res.Seconds = time.Since(t.began).Seconds()
	res.Sentence = res.sentence()
}

// sentence says what is gained, what it costs, how sure, and what was not tried.
func (r *Result) sentence() string {
	var parts []string
	for i := range r.Races {
		if s := r.Races[i].sentence(r); s != "" {
			parts = append(parts, s)
		}
	}
	for _, c := range r.Confirmed {
		parts = append(parts, c.sentence())
	}
	if r.Doubt != "" {
		parts = append(parts, "Not confirmed: "+r.Doubt+".")
	}
	parts = append(parts, "Not tried: "+strings.Join(r.NotTried, "; ")+".")
	return strings.Join(parts, " ")
}

// sentence of a race: pick against eager, its costs, and whom it was told from.
func (r *RaceResult) sentence(res *Result) string {
	if r.Pick < 0 {
		return r.nothing()
	}
	p, e := r.Rows[r.Pick], r.Rows[0]
	if p.N < quantile.Need(.5) {
		return fmt.Sprintf("%s: %s alone is left, the others are out by what the table says; %s timed, too few for quantiles.", r.Name, p.Name, requests(p.N))
	}
	s := fmt.Sprintf("%s: %s takes %s at p50 and %s at p99", r.Name, p.Name, ms(p.P50), ms(p.P99))
	if r.Pick != 0 {
		s += fmt.Sprintf(", eager %s and %s", ms(e.P50), ms(e.P99))
		s += fmt.Sprintf("; %s of %d wait for an executable, about %s in all, and these take %s", requests(p.Executables), res.Horizon, ms(p.Cold), bytesText(float64(p.Bytes)))
	}
	told, open, never := 0, []string(nil), []string(nil)
	for i, x := range r.Rows {
		switch {
		case i == r.Pick:
		case x.Told:
			told++
		case x.Out != "":
			never = append(never, x.Name)
		default:
			open = append(open, x.Name)
		}
	}
	s += fmt.Sprintf(". By %s over %d requests %d of %d others are told to be worse (95 %%, at whatever moment one looks)", res.Objective, res.Horizon, told, len(r.Rows)-1)
	if len(open) > 0 {
		s += "; not told apart: " + strings.Join(open, ", ")
	}
	if len(never) > 0 {
		s += "; out by what the table says: " + strings.Join(never, ", ")
	}
	need := quantile.Need(.99)
	if r.Few && len(open) > 0 {
		s += fmt.Sprintf("; their p99s rest on fewer than %d requests, so the least p%g of those left was taken", need, 100*race.Instead)
	} else if n := min(p.N, e.N); n < need {
		s += fmt.Sprintf("; p99 rests on %s, %d are needed", requests(n), need)
	}
	return s + "."
}

// nothing says why a race chose none.
func (r *RaceResult) nothing() string {
	most, left := 0, false
	for _, x := range r.Rows {
		if x.Out == "" {
			most, left = max(most, x.N), true
		}
	}
	if !left {
		return r.Name + ": no candidate is left."
	}
	return fmt.Sprintf("%s: nothing is chosen, by %s a candidate at most; %d are needed, its time was too short.", r.Name, requests(most), quantile.Need(.5))
}

func (c *Confirmed) sentence() string {
	restarts := "restarts"
	if c.N == 1 {
		restarts = "restart"
	}
	s := fmt.Sprintf("%d %s of %s: optimized ÷ eager %.3f", c.N, restarts, c.Mode, float64(c.Ratio))
	if !c.Lo.Missing() && !c.Hi.Missing() {
		s += fmt.Sprintf(" [%.3f, %.3f] between sessions", float64(c.Lo), float64(c.Hi))
	}
	e, o := stats.Eager, stats.Optimized
	return s + fmt.Sprintf("; p50 %s against %s, p99 %s against %s.", ms(c.P50[o]), ms(c.P50[e]), ms(c.P99[o]), ms(c.P99[e]))
}

func ms(v stats.Num) string {
	if x := float64(v); finite(x) {
		return digits(x) + " ms"
	}
	return "an unknown time"
}

// digits are the first three, without an exponent.
func digits(x float64) string {
	if math.Abs(x) >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

func bytesText(b float64) string {
	if math.IsNaN(b) || b <= 0 {
		return "memory that the engine does not count"
	}
	return mib(b)
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
