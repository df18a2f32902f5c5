package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/race"
)

// heat is one race of the tune.
type heat struct {
	name  string // prefill, kv_decode, forward; options
	key   string // in the journal
	mode  string
	cands []candidate
	race  *race.Race
	plan  *plan.Plan
	began time.Time // of the race itself: its executables are made
	until time.Time
	shown time.Time

	ahead  time.Duration // what making executables before it took
	before []int64       // ns that each candidate's requests took until then
}

// errEager is the end of a tune without a baseline.
var errEager = errors.New("the eager lane answers nothing")

// newHeat prepares a race and tells it what the journal knows of it.
func (t *tuner) newHeat(name, mode string, cands []candidate, until time.Time) (*heat, error) {
	var cs []race.Candidate
	var names []string
	for _, c := range cands {
		cs, names = append(cs, race.Candidate{Name: c.name, Firsts: c.firsts}), append(names, c.name)
	}
	h := &heat{name: name, mode: mode, cands: cands, began: time.Now(), until: until}
	h.race = race.New(cs, race.Options{Objective: t.o.Objective, Horizon: t.o.Horizon, SLONs: int64(t.o.SLO), Seed: t.cfg.Seed})
	for i, c := range cands {
		if c.lacks != "" {
			h.race.Drop(i, "cannot be run: "+c.lacks)
		}
	}
	h.key = name
	if name == optionsHeat {
		h.key += ": " + strings.Join(names, "; ") // which of them had time may differ
	}
	if err := t.journal.replay(h.key, names, h.race); err != nil {
		return nil, err
	}
	var err error
	h.plan, err = t.traffic(mode, t.cfg.Seed+uint64(1000+h.race.Blocks()))
	return h, err
}

// begin begins the race proper, which is to be over at until.
func (t *tuner) begin(h *heat, until time.Time) error {
	h.began, h.until, h.before = time.Now(), until, make([]int64, len(h.cands))
	for i := range h.cands {
		h.before[i] = h.race.SpentNs(i)
	}
	return t.dear(h)
}

// run runs the race until it is over, its time is, or ctx is done.
func (t *tuner) run(ctx context.Context, h *heat) error {
	for h.race.Over() == "" {
		switch {
		case ctx.Err() != nil:
			h.race.Stop("it was stopped")
			continue
		case time.Now().After(h.until):
			h.race.Stop("its time was over")
			continue
		}
		it, ok := h.plan.Next()
		if !ok { // recorded traffic: once more
			var err error
			if h.plan, err = t.traffic(h.mode, t.cfg.Seed+uint64(h.race.Blocks())); err != nil {
				return err
			}
			continue
		}
		block, err := t.block(ctx, h, it)
		if ctx.Err() != nil {
			continue
		}
		if err == nil && len(block) > 0 {
			err = t.journal.add(entry{Race: h.key, Block: block})
		}
		if err != nil {
			return err
		}
		h.race.Tell(block)
		if h.race.Blocks() == lateBlocks {
			err = t.dear(h)
		}
		if err := cmp.Or(err, t.bounds(h)); err != nil {
			return err
		}
		t.show(h, false)
	}
	t.show(h, true)
	return nil
}

// block runs one request in every candidate that races, worker by worker: two
// never compute at once.
func (t *tuner) block(ctx context.Context, h *heat, it plan.Item) ([]race.Obs, error) {
	byWorker, order := map[int][]int{}, []int{}
	for _, i := range h.race.Ask() {
		s := h.cands[i].setup
		if h.cands[i].late && h.race.Blocks() < lateBlocks {
			continue
		}
		if byWorker[s] == nil {
			order = append(order, s)
		}
		byWorker[s] = append(byWorker[s], i)
	}
	var block []race.Obs
	for _, s := range order {
		part, err := t.ask(ctx, h, s, byWorker[s], it)
		if err != nil {
			return nil, err
		}
		block = append(block, part...)
	}
	for _, o := range block {
		if o.Bad != "" && h.cands[o.Candidate].lane == stats.Eager {
			return nil, fmt.Errorf("%w: %s", errEager, o.Bad)
		}
	}
	return block, nil
}

// makes are the flags of requests that made something for those to come.
const makes = stats.FlagCompile | stats.FlagRecompile | stats.FlagCapture | stats.FlagEvict

// obs is an answer as a race takes it.
func (t *tuner) obs(h *heat, i int, a *runner.Answer) race.Obs {
	s := &a.Sample
	o := race.Obs{Candidate: i, Ns: s.WallNs, CompileNs: s.CompileNs, First: s.Flags&makes != 0, BoundNs: max(0, s.BoundNs)}
	switch {
	case s.Failed || a.Err != "":
		o.Bad = "it fails: " + a.Err
	case s.Flags&stats.FlagDivergence != 0:
		c := &h.cands[i]
		o.Bad = t.workers[c.setup].sink.divergence(h.mode, c.strategy.Label(h.mode))
	default:
		o.Bad = t.elsewhere(&h.cands[i], s)
	}
	return o
}

// elsewhere says that a request did not run on the backend that its setup names:
// what it took is another candidate's time.
func (t *tuner) elsewhere(c *candidate, s *stats.Sample) string {
	want := t.setups[c.setup].Set[backendKey]
	if want == "" || s.Flags&stats.FlagFallback == 0 && strings.Contains(s.Backend, want) {
		return ""
	}
	why := fmt.Sprintf("it did not run on %s but on %s", want, s.Backend)
	if s.Flags&stats.FlagFallback != 0 {
		why = "it did not run on " + want + " but fell back"
	}
	if said := t.workers[c.setup].sink.fallback(); said != "" {
		why += ": " + said
	}
	return why
}

// share of a race's time that one candidate may take and not be told anything
// of, and how many times the leader's time that must be.
const share, times = .35, 3

// lateBlocks is after how many blocks those join that make an executable for each
// length: unless that would take more of the time than a candidate may. Blocks that
// made executables ahead count: what one takes is known then.
const lateBlocks = 2

// dear takes out the late candidates that cost too much, by what the others'
// executables took.
func (t *tuner) dear(h *heat) error {
	rows := h.race.Standing()
	var made, ns int64
	for _, row := range rows {
		made, ns = made+int64(row.Made), ns+row.CompileNs
	}
	for i, row := range rows {
		c := &h.cands[i]
		if !c.late || row.Out != "" || made == 0 {
			continue
		}
		need := int64(c.firsts)
		if h.mode == "kv_decode" {
			most, err := t.cacheLengths(h)
			if err != nil {
				return err
			}
			need = min(most, int64(t.cfg.Limit()))
		}
		budget := h.until.Sub(h.began)
		if takes := time.Duration(need * ns / made); float64(takes) > share*float64(budget) {
			if err := t.leaveOut(h, i, fmt.Sprintf("not judged: to make its executables, up to %d, would take about %s of the %s there were", need, round(takes), round(budget))); err != nil {
				return err
			}
		}
	}
	return nil
}

// cacheLengths is how many lengths a growing cache goes through at most: from the
// shortest prompt of the traffic to the longest and its last step.
func (t *tuner) cacheLengths(h *heat) (int64, error) {
	p, err := t.traffic(h.mode, t.cfg.Seed+1)
	if err != nil {
		return 0, err
	}
	least, most := math.MaxInt, 0
	for range t.o.Horizon {
		it, ok := p.Next()
		if !ok {
			break
		}
		least, most = min(least, it.Tokens), max(most, it.Tokens+it.NewTokens)
	}
	return int64(max(1, most-least)), nil
}

// drop takes a candidate out and tells the journal.
func (t *tuner) drop(h *heat, i int, why string) error {
	h.race.Drop(i, why)
	return t.journal.add(entry{Race: h.key, Drop: &i, Why: why})
}

// bounds takes out the candidates that break a bound.
func (t *tuner) bounds(h *heat) error {
	if h.race.Blocks()%10 != 0 && h.race.Blocks() > 10 {
		return nil
	}
	rows, lead := h.race.Standing(), h.race.Pick()
	budget := h.until.Sub(h.began)
	for i, row := range rows {
		if row.Out != "" || h.cands[i].lane == stats.Eager {
			continue
		}
		var why string
		spent := h.spent(i)
		bytes := t.bytes(h, i, row)
		out := t.drop
		switch {
		case i != lead && lead >= 0 && row.N > 1 && float64(spent) > share*float64(budget) && spent > times*h.spent(lead):
			out, why = t.leaveOut, fmt.Sprintf("not judged: %s took %s of the %s there were", stats.Counted(row.N, "request"), round(spent), round(budget))
		case t.o.ColdStart > 0 && cold(rows, i) > float64(t.o.ColdStart):
			why = fmt.Sprintf("making its executables takes %s, over the %s allowed", round(time.Duration(cold(rows, i))), t.o.ColdStart)
		case t.o.Memory > 0 && bytes > float64(t.o.Memory):
			why = fmt.Sprintf("its executables take %s, over the %s allowed", mib(bytes), mib(float64(t.o.Memory)))
		default:
			continue
		}
		if err := out(h, i, why); err != nil {
			return err
		}
	}
	return nil
}

// cold is what a candidate's executables take to make, as far as is known: beside
// others they took longer than alone, and no longer counts than those of the strategy
// itself, the second candidate of the race of options.
func cold(rows []race.Row, i int) float64 {
	if rows[i].Beside {
		return min(rows[i].ColdNs, rows[1].ColdNs)
	}
	return rows[i].ColdNs
}

// spent is the time that a candidate's requests took in the race proper.
func (h *heat) spent(i int) time.Duration { return time.Duration(h.race.SpentNs(i) - h.before[i]) }

// bytes is what a candidate's executables take once all are made; NaN unknown.
func (t *tuner) bytes(h *heat, i int, row race.Row) float64 {
	c := &h.cands[i]
	w := t.workers[c.setup]
	if c.firsts == 0 {
		return 0
	}
	if w == nil || row.Made == 0 {
		return math.NaN()
	}
	g := w.sink.group(h.mode, c.strategy.Label(h.mode))
	if g.Bytes == 0 || g.UniqueGraphs == 0 {
		return math.NaN()
	}
	if h.mode == "kv_decode" { // a request makes several or none, and no other candidate shares them
		return float64(g.Bytes)
	}
	return float64(g.Bytes) / float64(g.UniqueGraphs) * float64(max(row.Made, c.firsts))
}

func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func mib(bytes float64) string { return fmt.Sprintf("%.3g MiB", bytes/(1<<20)) }
