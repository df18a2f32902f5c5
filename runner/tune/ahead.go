package tune

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/race"
)

// Executables are made before a race, with a clock of their own: one that takes
// seconds would otherwise take all the time that there is for timed requests.

const (
	leastAhead, mostAhead = .5, .85 // of a race's time: what making executables may take, the more the shorter its requests are
	most                  = .8      // of the requests: who has their executables may race, and makes the rest as it comes
	blocksWanted          = 60      // for which time is left
	settingRuns           = 3       // a shape is run until a request makes nothing, at most so often: the second one may record a graph
)

// making is what executables of a tune took to make, one entry each.
type making struct{ ns []time.Duration }

// each is what one is taken to take: the median, as the first loads the compiler.
func (m *making) each() time.Duration {
	if len(m.ns) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(m.ns))
	return sorted[(len(sorted)-1)/2]
}

// ahead makes what the candidates need, those that need least first. Who does not
// fit into what is left of the budget is out, by what the others took.
func (t *tuner) ahead(ctx context.Context, h *heat, budget time.Duration) error {
	began := time.Now()
	defer func() { h.ahead = time.Since(began) }()
	for _, who := range t.groups(h) {
		if ctx.Err() != nil || h.race.Over() != "" {
			return nil
		}
		if err := t.makeGroup(ctx, h, who, began.Add(budget), budget); err != nil {
			return err
		}
	}
	return nil
}

// makeGroup makes what some candidates need, each in its own worker and all at
// once, until a moment; the race is told as it comes.
func (t *tuner) makeGroup(ctx context.Context, h *heat, who []int, until time.Time, budget time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ch, each := make(chan made), t.made.each()
	var names []string
	for _, i := range who {
		names = append(names, h.cands[i].name)
		guard.Go("executables of a candidate", func() {
			t.makeAll(ctx, h, i, each, until, budget, func(m made) { ch <- m })
			ch <- made{i: i, last: true}
		})
	}
	began, tick := time.Now(), time.NewTicker(time.Second)
	defer tick.Stop()
	var err error
	for open := len(who); open > 0; {
		select {
		case m := <-ch:
			if m.last {
				open--
			} else if err == nil {
				for _, block := range m.blocks {
					for k := range block {
						block[k].Beside = len(who) > 1
					}
				}
				err = t.take(h, m)
			}
			if err != nil {
				cancel()
			}
		case <-tick.C:
			t.say(fmt.Sprintf("%s: making executables ahead for %s, %s", h.name, strings.Join(names, " and "), round(time.Since(began))))
		}
	}
	return err
}

// makeAll makes what candidate i needs and says what came of each.
func (t *tuner) makeAll(ctx context.Context, h *heat, i int, each time.Duration, until time.Time, budget time.Duration, say func(made)) {
	c, own := &h.cands[i], making{}
	for k := range c.makers {
		left := time.Until(until)
		m := made{i: i, k: k, why: c.tooDear(k, &own, each, left, budget)}
		if m.why == "" {
			m = t.makeOne(ctx, h, i, k, max(left, time.Second))
		} else if c.covers(k) >= most {
			return
		}
		if m.took > 0 {
			own.ns = append(own.ns, m.took)
		}
		if say(m); m.why != "" || m.err != nil || ctx.Err() != nil {
			return
		}
	}
}

// aheadShare is the share of a race's time that making may take: what requests of
// all candidates leave, taken to be half as long as eager's on average.
func (t *tuner) aheadShare(ctx context.Context, h *heat, total time.Duration) (float64, error) {
	p, err := t.traffic(h.mode, t.cfg.Seed+3)
	if err != nil {
		return 0, err
	}
	it, ok := p.Next()
	if !ok || h.needs() == 0 {
		return leastAhead, nil
	}
	var block []race.Obs
	for range 2 { // the first one warms up
		if block, err = t.ask(ctx, h, 0, []int{0}, it); err != nil || len(block) == 0 {
			return leastAhead, unless(ctx.Err() != nil, err)
		}
	}
	if bad := block[0].Bad; bad != "" {
		return 0, fmt.Errorf("%w: %s", errEager, bad)
	}
	requests := float64(blocksWanted*len(h.cands)) / 2 * float64(block[0].Ns)
	return min(max(leastAhead, 1-requests/float64(max(total, 1))), mostAhead), nil
}

// needs is how many executables are to be made ahead.
func (h *heat) needs() (n int) {
	for _, i := range h.byNeed() {
		n += h.cands[i].firsts
	}
	return n
}

// byNeed are the candidates whose executables are made ahead, the fewest first.
func (h *heat) byNeed() (order []int) {
	for i, row := range h.race.Standing() {
		if row.Out == "" && !h.cands[i].late {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h.cands[a].firsts, h.cands[b].firsts) })
	return order
}

// covers is the share of requests that the first k makers serve.
func (c *candidate) covers(k int) float64 {
	served, all := 0, 0
	for i, m := range c.makers {
		if all += m.N; i < k {
			served += m.N
		}
	}
	return float64(served) / float64(max(1, all))
}

// enough is how many makers serve most requests.
func (c *candidate) enough() int {
	for k := range c.makers {
		if c.covers(k) >= most {
			return k
		}
	}
	return len(c.makers)
}

// tooDear says why there is no time to make what a candidate still needs, k of
// it being made; "" there is. The first of a tune is always tried. each is what
// others took.
func (c *candidate) tooDear(k int, own *making, each, left, budget time.Duration) string {
	if x := own.each(); x > 0 {
		each = x
	}
	n := len(c.makers) - k
	if enough := c.enough(); k < enough {
		n = enough - k
	}
	needs := time.Duration(n) * each
	if k > 0 && len(own.ns) == 0 || needs <= max(0, left) {
		return ""
	}
	return fmt.Sprintf("not judged: to make %s would take about %s, and %s of the %s for that were left", stats.Counted(n, "executable"), round(needs), round(max(0, left)), round(budget))
}

// makeOne runs the k-th maker of a candidate until it makes nothing more. In a
// worker of its own a compile that takes more than limit ends the candidate.
func (t *tuner) makeOne(ctx context.Context, h *heat, i, k int, limit time.Duration) made {
	c, m, inner := &h.cands[i], made{i: i, k: k}, ctx
	if c.setup != 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	began := time.Now()
	for range settingRuns {
		block, err := t.ask(inner, h, c.setup, []int{i}, c.makers[k].Item)
		if ctx.Err() == nil && inner.Err() != nil {
			t.workers[c.setup].stop()
			m.why = fmt.Sprintf("not judged: its executable %d of %d was not made in %s", k+1, len(c.makers), round(limit))
			return m
		}
		if err != nil || ctx.Err() != nil || len(block) == 0 {
			m.err = unless(ctx.Err() != nil, err)
			return m
		}
		if !block[0].First && block[0].Bad == "" {
			break // no part of the traffic's quantiles: shapes are not run as often as they come
		}
		if m.blocks = append(m.blocks, block); block[0].Bad != "" {
			break
		}
	}
	if len(m.blocks) > 0 {
		m.took = time.Since(began)
	}
	return m
}

// take tells journal and race what making an executable came to.
func (t *tuner) take(h *heat, m made) error {
	for _, block := range m.blocks {
		if err := t.journal.add(entry{Race: h.key, Block: block, Ahead: true}); err != nil {
			return err
		}
		h.race.Tell(block)
	}
	if m.took > 0 {
		t.made.ns = append(t.made.ns, m.took)
	}
	if m.why != "" {
		return t.leaveOut(h, m.i, m.why)
	}
	return m.err
}

// unless is an error that counts only where the tune was not stopped.
func unless(stopped bool, err error) error {
	if stopped {
		return nil
	}
	return err
}

// leaveOut takes a candidate out for want of time; a tune that is resumed with
// more tries it again.
func (t *tuner) leaveOut(h *heat, i int, why string) error {
	h.race.Drop(i, why)
	return t.journal.add(entry{Race: h.key, Drop: &i, Why: why, Dear: true})
}

// ask runs one request in candidates of one worker.
func (t *tuner) ask(ctx context.Context, h *heat, setup int, who []int, it plan.Item) (block []race.Obs, err error) {
	var asked []runner.Asked
	for _, i := range who {
		c := &h.cands[i]
		asked = append(asked, runner.Asked{Item: it, Lane: c.lane, Strategy: c.strategy, Edges: c.edges})
	}
	answers, err := t.workers[setup].run(ctx, asked)
	if err != nil {
		return nil, err
	}
	for k := range answers {
		if !answers[k].Lost {
			block = append(block, t.obs(h, who[k], &answers[k]))
		}
	}
	return block, nil
}
