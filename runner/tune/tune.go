package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/race"
)

// Options say what to find, and where.
type Options struct {
	Config     *configs.Config // model, engine, traffic; its strategy is not looked at
	Modes      []string        // phases to race: prefill, kv_decode or forward
	Objective  race.Objective
	SLO        time.Duration // p99 not to exceed; 0: none
	Memory     int64         // bytes that a candidate's executables may take; 0: any
	ColdStart  time.Duration // time that making them may take; 0: any
	Duration   time.Duration // of it all
	Horizon    int           // requests over which executables are paid
	Restarts   int           // sessions that confirm the pick; 0: none
	Setups     bool          // options that need a worker of their own are raced, too
	Abreast    int           // workers that start and compile at once beside the first; 0: what processors and device memory allow
	Traffic    []plan.TrafficRow
	Open       Open
	FreeMemory func() float64 // bytes of the device that nobody uses; 0 not known; may be nil
	Confirm    func(ctx context.Context, cfg *configs.Config, n int) ([]Confirmed, error)
	Dir        string
	OnView     func(view.Race) // about four times a second; may be nil
}

// Confirmed is what sessions of the pick came to in one mode.
type Confirmed struct {
	Mode  string                    `json:"mode"`
	N     int                       `json:"sessions"`
	Ratio stats.Num                 `json:"ratio"` // optimized ÷ eager, paired, geometric mean
	Lo    stats.Num                 `json:"lo"`    // 95 %, between sessions
	Hi    stats.Num                 `json:"hi"`
	P50   [stats.NumLanes]stats.Num `json:"p50_ms"` // medians over sessions
	P99   [stats.NumLanes]stats.Num `json:"p99_ms"`
}

// shares of the time: the races of strategies, then the race of options; the rest
// is the confirmation's. What is not wanted leaves its share to the strategies.
type shares struct{ strategies, options float64 }

// sharesOf are an engine's. Each option of PyTorch's compiles everything anew.
func sharesOf(engine string) shares {
	if engine == "torch" {
		return shares{.45, .35}
	}
	return shares{.6, .15}
}

// leastRace is the share of all the time left that requests get where one executable
// outlasted what there was for strategies.
const leastRace = .25

// firstShare of the strategies' time for requests is prefill's, whose are the shorter ones.
const firstShare = .35

// strategiesEnd is when the races of strategies are to be over: by their share of the
// time, or sooner, by half of that at most, where a restart needs more than its own.
func (t *tuner) strategiesEnd() time.Time {
	s, all := sharesOf(t.cfg.Engine), float64(t.o.Duration)
	part, options := s.strategies, s.options
	if !t.o.Setups {
		part, options = part+options, 0
	}
	if t.o.Restarts == 0 {
		part += 1 - s.strategies - s.options
	} else if t.first != nil {
		restart := t.restart(t.firstsSoFar()) + leastRestart
		part = max(part/2, min(part, 1-options-float64(restart)/all))
	}
	return t.began.Add(time.Duration(part * all))
}

// leastRestart is what a session that confirms takes over its loading and compiling.
const leastRestart = time.Second + leastRequests

// leastRequests is the time in which it is to answer requests.
const leastRequests = 2 * time.Second

// restart is about what a session takes before its first request, which makes n executables.
func (t *tuner) restart(n int) time.Duration {
	return t.first.startNs + time.Duration(n)*t.made.each()
}

// firstsSoFar is how many executables a session of what leads so far makes.
func (t *tuner) firstsSoFar() (n int) {
	for _, h := range t.heats {
		if i := h.race.Pick(); i >= 0 && h.name != optionsHeat {
			n += h.cands[i].firsts
		}
	}
	return n
}

type tuner struct {
	o              Options
	cfg            *configs.Config
	journal        *journal
	first          *worker
	workers        map[int]*worker
	setups         []setup
	heats          []*heat
	began          time.Time
	made           making
	notTried, done []string
	starting       map[string]*starting // workers of options, by the setup's name
	opening        sync.Mutex
	procs          int     // processors that this process had, by its quota too, before a session moved it aside
	free           float64 // bytes of the device that nobody uses once the first worker has loaded
	host           float64 // bytes of the machine's memory that were available then; 0 not known
}

// Run tunes, until it is done or ctx is: then with the best so far.
func Run(ctx context.Context, o Options) (*Result, error) {
	t := &tuner{o: o, cfg: o.Config, workers: map[int]*worker{}, starting: map[string]*starting{}, setups: []setup{{}}, began: time.Now(), procs: runtime.GOMAXPROCS(0)}
	whole := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer t.stop()
	defer cancel() // workers that are on their way end now
	var err error
	if t.journal, err = openJournal(o.Dir); err != nil {
		return nil, err
	}
	defer t.journal.f.Close() //nolint:errcheck // each line was written
	t.say("starting the worker")
	x := t.starts(ctx, setup{})
	if t.wait("starting the worker", x); x.err != nil {
		return nil, x.err
	}
	delete(t.starting, "")
	t.first, t.workers[0] = x.w, x.w
	if err := t.races(ctx); err != nil {
		return nil, err
	}
	if err := t.options(ctx); err != nil {
		return nil, err
	}
	res, cfg, err := t.result()
	cancel()
	t.stop()
	if err != nil {
		return nil, err
	}
	t.confirm(whole, res, cfg)
	return res, t.write(res, cfg)
}

// races races the strategies of each mode.
func (t *tuner) races(ctx context.Context) error {
	var heats []*heat
	for _, mode := range t.o.Modes {
		if ctx.Err() != nil {
			t.notTried = append(t.notTried, mode+" (it was stopped)")
			continue
		}
		if why := t.first.ready.Lacks(mode, plan.Strategy{Prefill: "eager", Decode: "eager"}); why != "" {
			t.notTried = append(t.notTried, mode+": the engine cannot run "+why)
			continue
		}
		cands, err := t.strategies(mode)
		if err != nil {
			return err
		}
		h, err := t.newHeat(mode, mode, cands, t.strategiesEnd())
		if err != nil {
			return err
		}
		heats = append(heats, h)
	}
	if len(heats) == 0 {
		return errors.New(strings.Join(t.notTried, "; "))
	}
	for i, h := range heats {
		if i > 0 && ctx.Err() != nil {
			t.notTried = append(t.notTried, h.name+" (it was stopped)")
			continue
		}
		t.heats = append(t.heats, h)
		if err := t.heat(ctx, h, heats[i+1:]); err != nil {
			return err
		}
		t.finished(h)
	}
	return nil
}

// heat runs one race of strategies: executables first, by their share of the time
// for that, then requests, by theirs.
func (t *tuner) heat(ctx context.Context, h *heat, later []*heat) error {
	end := t.strategiesEnd()
	own, others := h.needs(), 0
	for _, x := range later {
		others += x.needs()
	}
	share, err := t.aheadShare(ctx, h, time.Until(end))
	if err != nil {
		return err
	}
	budget := share * float64(time.Until(end)) * float64(own) / float64(max(1, own+others))
	t.startBeside(ctx)
	if err := t.ahead(ctx, h, time.Duration(budget)); err != nil {
		return err
	}
	t.settle()
	part := 1.
	if len(later) > 0 {
		part = firstShare
	}
	left := max(0, time.Until(end)-time.Duration(others)*t.made.each())
	least := leastRace * float64(time.Until(t.began.Add(t.o.Duration))) / float64(1+len(later))
	if err := t.begin(h, time.Now().Add(time.Duration(max(part*float64(left), least)))); err != nil {
		return err
	}
	return t.run(ctx, h)
}

// finished notes the line of a race that is over.
func (t *tuner) finished(h *heat) {
	i := h.pick()
	if i < 0 {
		t.done = append(t.done, h.name+": nothing to choose, or too few requests to choose by")
		return
	}
	t.done = append(t.done, fmt.Sprintf("%s: %s, %s %s, after %d requests (%s)", h.name, h.cands[i].name, t.o.Objective, ms(msOf(h.race.Standing()[i].Value.Ns)), h.race.Blocks(), h.race.Over()))
}

// pick is the only candidate left, else the race's; −1 while that rests on too few
// requests to say a median of.
func (h *heat) pick() int {
	if i := h.race.Only(); i >= 0 {
		return i
	}
	i := h.race.Pick()
	if i >= 0 && h.race.Standing()[i].N < quantile.Need(.5) {
		return -1
	}
	return i
}

// mode is the one that holds everything that was raced.
func (t *tuner) mode() string {
	mode := ""
	for _, h := range t.heats {
		if h.name != optionsHeat {
			if mode != "" {
				return "e2e_kv"
			}
			mode = h.mode
		}
	}
	return mode
}

// stop ends all workers, those on their way too: whose context is done by then.
func (t *tuner) stop() {
	for name, x := range t.starting {
		<-x.done
		t.workers[-1-len(t.workers)] = x.w // nobody's
		delete(t.starting, name)
	}
	for i, w := range t.workers {
		if w != nil {
			w.stop()
		}
		delete(t.workers, i)
	}
}

// showEvery is the time between two views.
const showEvery = 250 * time.Millisecond

// show tells how a race stands.
func (t *tuner) show(h *heat, now bool) {
	if t.o.OnView == nil || !now && time.Since(h.shown) < showEvery {
		return
	}
	h.shown = time.Now()
	t.o.OnView(view.Race{Title: h.name, Objective: t.o.Objective.String(), Blocks: h.race.Blocks(), Elapsed: time.Since(t.began), Left: max(0, time.Until(h.until)),
		Rows: h.race.Standing(), Over: h.race.Over(), Done: t.done})
}

// say tells what is done between races.
func (t *tuner) say(what string) {
	if t.o.OnView != nil {
		t.o.OnView(view.Race{Doing: what, Elapsed: time.Since(t.began), Done: t.done})
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
