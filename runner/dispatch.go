package runner

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// dispatch sends requests as long as the worker has credit.
func (s *Session) dispatch() {
	if s.eng.loaded == nil || s.paused || s.failing.why != "" || s.end != nil || s.eng.flushing || s.observes() {
		return
	}
	for s.join.outstanding < s.eng.credit() {
		if s.o.Work != nil && len(s.queue.again) == 0 {
			return // the next block is somebody else's to ask for
		}
		if s.join.outstanding > 0 && s.suspects() {
			return // one at a time, so that a second death has one culprit
		}
		fl, ok := s.queue.next(s.set.pairing, len(s.join.pending) > 0, s.eng.hello.Lanes)
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
	if s.rec.gen == 0 {
		return false // none has died
	}
	if len(s.queue.again) > 0 && s.queue.again[0].suspect {
		return true
	}
	for _, fl := range s.join.pending {
		if fl.suspect {
			return true
		}
	}
	return false
}

// sendRequest gives the item its shape and sends it.
func (s *Session) sendRequest(fl *inflight) {
	it := fl.item
	fl.segment, fl.strategy, fl.aa = s.rec.seg, s.set.strategy, s.set.aa
	shape := plan.NewShaper(s.cfg, fl.strategy)
	if q := s.work.of(fl.id); q != nil {
		fl.strategy = q.Strategy
		if shape = plan.NewShaper(s.cfg, q.Strategy); q.Edges != nil {
			shape.Edges = q.Edges
		}
	}
	st := fl.strategy
	if fl.routed = s.route.toEager(it, st); fl.routed {
		st = plan.Strategy{Prefill: "eager", Decode: "eager"}
	}
	fl.label = st.Label(it.Mode)
	fl.left, fl.together = len(fl.order), s.set.pairing == "concurrent"
	fl.key = s.route.key(it, fl.strategy)
	s.queue.arrive(fl)
	exec := shape.Exec(it.Tokens, it.PadTo)
	if fl.aa {
		exec[1] = exec[0] // eager against eager: what differs must be noise
	}
	if limit := s.eng.loaded.Model.MaxPositions; limit > 0 && it.Mode != "forward" {
		exec[0], exec[1] = clampExec(exec[0], it.Tokens, limit), clampExec(exec[1], it.Tokens, limit)
	}
	s.join.expect(fl)
	s.eng.ask(&protocol.Request{ID: fl.id, Mode: it.Mode, Batch: it.Batch, Tokens: it.Tokens,
		Exec: exec, NewTokens: it.NewTokens, Strategy: st.Wire(s.eng.hello.Strategies), Order: fl.order,
		Together: fl.together, AA: fl.aa, Seed: it.Seed, IDs: it.IDs, Dims: it.Dims, Recorded: it.Recorded,
		DueNs: fl.due, Warmup: it.Warmup})
}

// clampExec keeps padding inside the model's positions; the prompt itself is
// never cut here: the engine refuses what it cannot run.
func clampExec(exec, tokens, limit int) int { return max(min(exec, limit), tokens) }

// nextMode goes on to the next mode of a plan that has ended, or ends the
// session.
func (s *Session) nextMode() {
	switch modes := s.queue.modes; {
	case !s.queue.ends():
	case len(modes) > 1:
		if err := s.enterMode(modes[1], modes[1:]); err != nil {
			s.fail(err)
			return
		}
		s.dispatch()
	default:
		s.finish("repetitions")
	}
}

// enterMode makes mode the current one; rest are the modes still to run,
// mode included.
func (s *Session) enterMode(mode string, rest []string) error {
	model := &protocol.Model{}
	if s.eng.loaded != nil {
		model = &s.eng.loaded.Model
	}
	if err := s.queue.enter(mode, rest, s.set.scenario, model); err != nil {
		return err
	}
	if s.eng.loaded != nil {
		s.compileFirst()
	}
	return nil
}

// flushed takes back what the worker dropped and starts the segment that the
// toggles asked for.
func (s *Session) flushed(m *protocol.Flushed) {
	if !s.eng.flushed(m.ID) {
		return
	}
	s.queue.reshelve(s.join.takeBack(m.Dropped), s.set)
	s.queue.warmupsFirst()
	s.queue.resume()
	if len(s.notes) > 0 {
		s.startSegment()
	}
}

// startSegment begins a new segment, named after the toggles that led to it.
func (s *Session) startSegment() {
	if err := s.place(); err != nil {
		s.pub.notice("error", err.Error())
	}
	s.rec.seg++
	label := s.segmentLabel()
	s.notes = nil
	s.route.forget() // the rule looks back on this segment's shapes
	now := clock.Monotonic()
	s.bands.noise(s.rec.coll, now)
	s.rec.coll.NewSegment(s.rec.seg, label, s.set.aa, now)
	s.pub.segment(s.set.strategy.Label(s.queue.mode()), s.set.aa)
	s.rec.event(stats.Event{TNs: now, Kind: stats.KindSegment, Strategy: s.set.strategy.Label(s.queue.mode()),
		Reason: fmt.Sprintf("segment %d starts: %s", s.rec.seg, label),
		Extra:  map[string]any{"label": label, "aa": s.set.aa, "strategy": s.set.strategy.String(), "pairing": s.set.pairing, "scenario": s.set.scenario}})
}

// segmentLabel describes the settings of the current segment, and what changed
// that is none of them.
func (s *Session) segmentLabel() string {
	l := s.set.strategy.Label(s.queue.mode())
	if s.set.aa {
		l = "A/A"
	}
	if len(s.cfg.Modes) > 1 {
		l = s.queue.mode() + " " + l
	}
	if s.set.pairing != "interleaved" {
		l += " " + s.set.pairing
	}
	if s.set.scenario != "" && s.set.scenario != "*" {
		l += " " + s.set.scenario
	}
	for _, note := range s.notes {
		if note != "" {
			l += ", " + note
		}
	}
	return l
}
