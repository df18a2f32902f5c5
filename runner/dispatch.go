package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// dispatchState is what has been asked of the worker and what comes next.
type dispatchState struct {
	nextID   uint64
	again    []*inflight // to be sent before anything new: flushed, or lost with a worker
	block    []*inflight // sequential pairing: the second lane of the block
	blockLen int
	flushing bool
	flushID  uint64
	askID    uint64                 // of clear and profile: flushed must find the flush's own
	dueNs    int64                  // of the last arrival; 0: arrivals have not begun
	dueLane  string                 // sequential pairing: the lane it was for
	warmed   map[string]bool        // compile: warmup: mode, strategy and scenario whose shapes this worker has been sent
	later    map[string][]*inflight // by mode: second lanes that wait until their mode runs again
}

func (d *dispatchState) init() { d.dueNs = 0 }

// inflight is one request on its way.
type inflight struct {
	id       uint64
	item     Item
	segment  int32
	strategy Strategy
	label    string
	aa       bool
	order    []string
	due      int64
	left     int   // lanes that have not reported
	rows     []row // those that have, until everything sent before is in
	suspect  bool  // was in hand when a worker died
	routed   bool  // to the eager session, by the rule of --route
}

// sequentialBlock is how many requests run in one lane before the other in a
// plan without end.
const sequentialBlock = 100

// dispatch sends requests as long as the worker has credit.
func (s *Session) dispatch() {
	if s.loaded == nil || s.paused || s.end != nil || s.work.flushing || s.observes() {
		return
	}
	for s.join.outstanding < max(s.hello.Credit, 1) {
		if s.join.outstanding > 0 && s.suspects() {
			return // one at a time, so that a second death has one culprit
		}
		fl, ok := s.nextInflight()
		if !ok {
			if len(s.join.pending) == 0 {
				s.nextMode()
			}
			return
		}
		s.sendRequest(fl)
	}
}

// suspects reports whether one of the requests that a worker died with is in
// hand or next.
func (s *Session) suspects() bool {
	if s.gen == 0 {
		return false // none has died
	}
	if len(s.work.again) > 0 && s.work.again[0].suspect {
		return true
	}
	for _, fl := range s.join.pending {
		if fl.suspect {
			return true
		}
	}
	return false
}

// nextInflight takes what must go again, then the plan.
func (s *Session) nextInflight() (*inflight, bool) {
	if n := len(s.work.again); n > 0 {
		fl := s.work.again[0]
		s.work.again = s.work.again[1:]
		fl.segment, fl.strategy, fl.aa = s.seg, s.strategy, s.aa
		return fl, true
	}
	if s.pairing == "sequential" {
		return s.nextSequential()
	}
	return s.fromPlan()
}

// fromPlan makes an inflight of the plan's next item.
func (s *Session) fromPlan() (*inflight, bool) {
	if len(s.modes) == 0 {
		return nil, false
	}
	it, ok := s.plans[s.modes[0]].Next()
	if !ok {
		return nil, false
	}
	s.work.nextID++
	fl := &inflight{id: s.work.nextID, item: it, segment: s.seg, strategy: s.strategy, aa: s.aa}
	fl.order = []string{"optimized", "eager"}
	if it.EagerFirst {
		fl.order = []string{"eager", "optimized"}
	}
	if len(s.hello.Lanes) > 0 {
		fl.order = slices.DeleteFunc(fl.order, func(l string) bool { return !contains(s.hello.Lanes, l) })
	}
	return fl, true
}

// nextSequential runs a block in the eager lane, then the same block in the
// optimized one. Warm-ups and plans with an end are one block each.
func (s *Session) nextSequential() (*inflight, bool) {
	w := &s.work
	full := s.cfg.Reps == 0 && w.blockLen >= sequentialBlock
	if !full {
		if fl, ok := s.fromPlan(); ok {
			second := *fl
			fl.order, second.order = []string{"eager"}, []string{"optimized"}
			w.block = append(w.block, &second)
			w.blockLen++
			return fl, true
		}
	}
	if len(w.block) == 0 {
		w.blockLen = 0
		if full {
			return s.nextSequential()
		}
		return nil, false
	}
	if len(s.join.pending) > 0 && w.blockLen == len(w.block) {
		return nil, false // the first lane is still running
	}
	fl := w.block[0]
	w.block = w.block[1:]
	fl.segment, fl.strategy, fl.aa = s.seg, s.strategy, s.aa
	return fl, true
}

// sendRequest gives the item its shape and sends it.
func (s *Session) sendRequest(fl *inflight) {
	it := fl.item
	sh := Shaper{Strategy: fl.strategy, Edges: s.cfg.BucketEdges, EagerInputs: s.cfg.EagerInputs}
	st := fl.strategy
	if fl.routed = s.routeToEager(it); fl.routed {
		st = Strategy{"eager", "eager"}
	}
	fl.label = st.Label(it.Mode)
	fl.left = len(fl.order)
	if fl.due == 0 && s.cfg.OpenLoop() && !it.Warmup {
		if lane := strings.Join(fl.order[:len(fl.order)&1], ""); s.work.dueNs == 0 || s.work.dueLane != lane {
			s.work.dueNs, s.work.dueLane = clock.Monotonic(), lane // arrivals begin when the lanes can serve them
		}
		s.work.dueNs += it.GapNs
		fl.due = s.work.dueNs
	} else if it.Warmup {
		s.work.dueNs = 0
	}
	exec := sh.Exec(it.Tokens, it.PadTo)
	if fl.aa {
		exec[1] = exec[0] // eager against eager: what differs must be noise
	}
	if limit := s.loaded.Model.MaxPositions; limit > 0 && it.Mode != "forward" {
		exec[0], exec[1] = clampExec(exec[0], it.Tokens, limit), clampExec(exec[1], it.Tokens, limit)
	}
	s.join.pending[fl.id] = fl
	s.join.sent = append(s.join.sent, fl)
	s.join.outstanding++
	s.proc.Send(&protocol.Request{ID: fl.id, Mode: it.Mode, Batch: it.Batch, Tokens: it.Tokens,
		Exec: exec, NewTokens: it.NewTokens, Strategy: st.wire(s.hello.Strategies), Order: fl.order,
		Together: s.pairing == "concurrent", AA: fl.aa, Seed: it.Seed, IDs: it.IDs, Dims: it.Dims,
		DueNs: fl.due, Warmup: it.Warmup})
}

// clampExec keeps padding inside the model's positions; the prompt itself is
// never cut here: the engine refuses what it cannot run.
func clampExec(exec, tokens, limit int) int { return max(min(exec, limit), tokens) }

// nextMode goes on to the next mode of a plan that has ended, or ends the
// session.
func (s *Session) nextMode() {
	if s.cfg.Reps == 0 && s.o.Traffic == nil {
		return
	}
	if len(s.modes) > 1 {
		if err := s.enterMode(s.modes[1], s.modes[1:]); err != nil {
			s.fail(err)
			return
		}
		s.dispatch()
		return
	}
	if s.end == nil {
		s.finish("repetitions")
	}
}

// enterMode makes mode the current one; rest are the modes still to run,
// mode included.
func (s *Session) enterMode(mode string, rest []string) error {
	if s.plans[mode] == nil {
		cfg := *s.cfg
		cfg.Scenario = s.scenario
		p, err := NewPlan(&cfg, mode, s.loaded.Model.Dims, s.o.Traffic)
		if err != nil {
			return err
		}
		s.plans[mode] = p
	}
	s.modes, s.work.blockLen = append([]string(nil), rest...), 0
	s.work.again = append(s.work.later[mode], s.work.again...)
	delete(s.work.later, mode)
	if s.loaded != nil {
		s.compileFirst()
	}
	return nil
}

// flush asks the worker to drop what has not started.
func (s *Session) flush() {
	if s.work.flushing || s.proc == nil || s.loaded == nil {
		return
	}
	s.work.flushing = true
	s.work.flushID++
	s.proc.Send(&protocol.Flush{ID: s.work.flushID})
}

// flushed takes back what the worker dropped and starts the segment that the
// toggles asked for.
func (s *Session) flushed(m *protocol.Flushed) {
	if m.ID != s.work.flushID {
		return
	}
	s.work.flushing = false
	var dropped []*inflight
	for _, id := range m.Dropped {
		fl := s.join.pending[id]
		if fl == nil {
			continue
		}
		delete(s.join.pending, id)
		s.join.sent = slices.DeleteFunc(s.join.sent, func(x *inflight) bool { return x == fl })
		s.join.outstanding--
		fl.due = 0
		dropped = append(dropped, fl)
	}
	s.release()
	s.reshelve(dropped)
	slices.SortStableFunc(s.work.again, func(a, b *inflight) int { // warm-ups first
		return rank(a.item.Warmup) - rank(b.item.Warmup)
	})
	s.work.dueNs = clock.Monotonic()
	if len(s.labels) > 0 {
		s.startSegment()
	}
}

func rank(warmup bool) int {
	if warmup {
		return 0
	}
	return 1
}

// startSegment begins a new segment, named after the toggles that led to it.
func (s *Session) startSegment() {
	if err := s.place(); err != nil {
		s.notice("error", err.Error())
	}
	s.seg++
	label := s.segmentLabel()
	s.labels = nil
	s.pub.route = routeState{} // the rule looks back on this segment's shapes
	now := clock.Monotonic()
	s.noiseOfSegment(now)
	s.coll.NewSegment(s.seg, label, s.aa, now)
	s.event(stats.Event{TNs: now, Kind: stats.KindSegment, Strategy: s.strategy.Label(s.mode()),
		Reason: fmt.Sprintf("segment %d starts: %s", s.seg, label),
		Extra:  map[string]any{"label": label, "aa": s.aa, "strategy": s.strategy.String(), "pairing": s.pairing, "scenario": s.scenario}})
	if s.phase == view.PhasePaused && !s.paused {
		s.phase = view.PhaseRunning
	}
}

// segmentLabel describes the settings of the current segment.
func (s *Session) segmentLabel() string {
	l := s.strategy.Label(s.mode())
	if s.aa {
		l = "A/A"
	}
	if len(s.cfg.Modes) > 1 {
		l = s.mode() + " " + l
	}
	if s.pairing != "interleaved" {
		l += " " + s.pairing
	}
	if s.scenario != "" && s.scenario != "*" {
		l += " " + s.scenario
	}
	for _, t := range s.labels {
		if t == "cleared" || t == "marked" {
			l += ", " + t
		}
	}
	return l
}

// mode is the current mode.
func (s *Session) mode() string {
	if len(s.modes) > 0 {
		return s.modes[0]
	}
	return s.cfg.Modes[len(s.cfg.Modes)-1]
}
