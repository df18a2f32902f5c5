package runner

import (
	"cmp"
	"slices"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
)

// queue is what comes next: the plans of the modes, what must go again, and
// second lanes that wait for their turn.
type queue struct {
	cfg      *configs.Config
	traffic  []plan.TrafficRow
	modes    []string // still to run, the current one first
	plans    map[string]*plan.Plan
	nextID   uint64
	again    []*inflight // to be sent before anything new: flushed, or lost with a worker
	block    []*inflight // sequential pairing: the second lane of the block
	blockLen int
	later    map[string][]*inflight // by mode: second lanes that wait until their mode runs again
	dueNs    int64                  // of the last arrival; 0: arrivals have not begun
	dueLane  string                 // sequential pairing: the lane it was for
}

func newQueue(cfg *configs.Config, traffic []plan.TrafficRow) queue {
	return queue{cfg: cfg, traffic: traffic, modes: slices.Clone(cfg.Modes), plans: map[string]*plan.Plan{}, later: map[string][]*inflight{}}
}

// sequentialBlock is how many requests run in one lane before the other in a
// plan without end.
const sequentialBlock = 100

// mode is the current mode.
func (q *queue) mode() string {
	if len(q.modes) > 0 {
		return q.modes[0]
	}
	return q.cfg.Modes[len(q.cfg.Modes)-1]
}

// enter makes mode the current one; rest are the modes still to run, mode
// included. model says which dimensions it has.
func (q *queue) enter(mode string, rest []string, scenario string, model *protocol.Model) error {
	if q.plans[mode] == nil {
		cfg := *q.cfg
		cfg.Scenario = scenario
		p, err := plan.New(&cfg, mode, model, q.traffic)
		if err != nil {
			return err
		}
		q.plans[mode] = p
	}
	q.modes, q.blockLen = slices.Clone(rest), 0
	q.again = append(q.later[mode], q.again...)
	delete(q.later, mode)
	return nil
}

// next takes what must go again, then the plan. busy says that requests are in
// hand; lanes are those of the engine, none for both.
func (q *queue) next(pairing string, busy bool, lanes []string) (*inflight, bool) {
	if len(q.again) > 0 {
		fl := q.again[0]
		q.again = q.again[1:]
		return fl, true
	}
	if pairing == "sequential" && len(lanes) != 1 {
		return q.nextSequential(busy)
	}
	return q.fromPlan(lanes)
}

// fromPlan makes an inflight of the plan's next item.
func (q *queue) fromPlan(lanes []string) (*inflight, bool) {
	if len(q.modes) == 0 {
		return nil, false
	}
	it, ok := q.plans[q.modes[0]].Next()
	if !ok {
		return nil, false
	}
	return &inflight{id: q.number(), item: it, order: laneOrder(it.EagerFirst, lanes)}, true
}

// laneOrder is the order of the lanes, as far as they are those of the engine.
func laneOrder(eagerFirst bool, lanes []string) []string {
	order := []string{"optimized", "eager"}
	if eagerFirst {
		slices.Reverse(order)
	}
	return slices.DeleteFunc(order, func(l string) bool { return len(lanes) > 0 && !slices.Contains(lanes, l) })
}

// number gives out the next request number.
func (q *queue) number() uint64 {
	q.nextID++
	return q.nextID
}

// nextSequential runs a block in the eager lane, then the same block in the
// optimized one. Warm-ups and plans with an end are one block each.
func (q *queue) nextSequential(busy bool) (*inflight, bool) {
	full := q.cfg.Reps == 0 && q.blockLen >= sequentialBlock
	if !full {
		if fl, ok := q.fromPlan(nil); ok {
			second := *fl
			fl.order, second.order = []string{"eager"}, []string{"optimized"}
			q.block = append(q.block, &second)
			q.blockLen++
			return fl, true
		}
	}
	if len(q.block) == 0 {
		q.blockLen = 0
		if full {
			return q.nextSequential(busy)
		}
		return nil, false
	}
	if busy && q.blockLen == len(q.block) {
		return nil, false // the first lane is still running
	}
	fl := q.block[0]
	q.block = q.block[1:]
	return fl, true
}

// ahead puts items before everything else, each a request in all lanes.
func (q *queue) ahead(items []plan.Item, lanes []string) {
	var out []*inflight
	for _, it := range items {
		out = append(out, &inflight{id: q.number(), item: it, order: laneOrder(false, lanes), ahead: true})
	}
	q.again = append(out, q.again...)
}

// warming counts the warm-ups asked for that have not begun.
func (q *queue) warming() (n int) {
	for _, fl := range q.again {
		if !fl.item.Warmup {
			break // they stand before everything else
		}
		if fl.ahead {
			n++
		}
	}
	return n
}

// dropWarming forgets them and returns how many they were.
func (q *queue) dropWarming() int {
	was := len(q.again)
	q.again = slices.DeleteFunc(slices.Clone(q.again), func(fl *inflight) bool { return fl.ahead })
	return was - len(q.again)
}

// arrive gives a request of an open loop the instant it is due.
func (q *queue) arrive(fl *inflight) {
	switch {
	case fl.item.Warmup:
		q.dueNs = 0
	case fl.due == 0 && q.cfg.OpenLoop():
		lane := "" // both
		if len(fl.order) == 1 {
			lane = fl.order[0]
		}
		if q.dueNs == 0 || q.dueLane != lane {
			q.dueNs, q.dueLane = clock.Monotonic(), lane // arrivals begin when the lanes can serve them
		}
		if p := q.plans[fl.item.Mode]; p != nil {
			p.Pace(&fl.item, q.cfg.Rate)
		}
		q.dueNs += fl.item.GapNs
		fl.due = q.dueNs
	}
}

// resume begins arrivals anew.
func (q *queue) resume() { q.dueNs = clock.Monotonic() }

// drop forgets what waits.
func (q *queue) drop() { q.again, q.block, q.blockLen = nil, nil, 0 }

// restart forgets the plans too: they were made for other scenarios.
func (q *queue) restart() {
	clear(q.plans)
	clear(q.later)
	q.drop()
}

// warmupsFirst puts warm-ups before what counts.
func (q *queue) warmupsFirst() {
	rank := map[bool]int{true: 0, false: 1}
	slices.SortStableFunc(q.again, func(a, b *inflight) int { return cmp.Compare(rank[a.item.Warmup], rank[b.item.Warmup]) })
}

// total is the number of counted requests of a mode's plan, 0: no end, or none.
func (q *queue) total(mode string) int {
	if p := q.plans[mode]; p != nil {
		return p.Total()
	}
	return 0
}

// unfinished reports whether requests of a plan with an end are left.
func (q *queue) unfinished(mode string) bool {
	p := q.plans[mode]
	waiting := len(q.later[mode]) > 0 || mode == q.mode() && len(q.again)+len(q.block) > 0
	return p.Total() > 0 && (p.Taken() < p.Total() || waiting)
}
