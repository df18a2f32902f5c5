package runner

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// handle takes one message of the worker.
func (s *Session) handle(msg any) {
	switch m := msg.(type) {
	case *protocol.Hello:
		s.takeHello(m)
	case *protocol.Loaded:
		s.takeLoaded(m)
	case *protocol.Batch:
		s.takeBatch(m)
	case *protocol.Event:
		s.takeEvent(m)
	case *protocol.Counters:
		if why := cannotBe(m); why != "" {
			s.unbelieved("counters", why)
			return
		}
		s.takeCounters(m)
	case *protocol.Evidence:
		if why := cannotBe(m); why != "" {
			s.unbelieved("evidence", why)
			return
		}
		clipTexts(reflect.ValueOf(m))
		s.eng.prove(m)
		s.rec.keep(s.rec.sink.Evidence(*m))
	case *protocol.Work:
		if err := s.limits.learn(m); err != nil {
			s.fail(fmt.Errorf("the engine broke the protocol: work: %w", err))
		}
	case *protocol.Flushed:
		s.moved()
		s.flushed(m)
	case *protocol.Cleared:
		if !s.eng.answers(m.ID) {
			s.unbelieved("answer", fmt.Sprintf("nothing was cleared by number %d", m.ID))
			return
		}
		clear(s.route.known)
		s.pub.notice("info", "compile cache cleared: "+stats.Counted(max(m.Freed, 0), "executable")+" dropped")
	case *protocol.Profiled:
		s.profiled(m)
	case *protocol.Error:
		s.workerError(m)
	case *protocol.Bye:
		s.takeBye(m)
		s.byeUnasked()
		s.eng.proc.Ending()
	default:
		if s.strange++; s.strange == 1 {
			s.pub.notice("warn", fmt.Sprintf("the engine sent a message that this version does not know (%T)", msg))
		}
	}
}

func (s *Session) workerError(m *protocol.Error) {
	m.Message = clip(m.Message, maxReason)
	err := errors.New(cmp.Or(m.Message, "the engine failed and gave no reason"))
	if m.Fatal {
		s.fail(err)
		return
	}
	s.rec.event(stats.Event{Kind: stats.KindError, Reason: err.Error()})
}

// takeEvent gives an engine's event its place in the session and its flag to
// the sample it belongs to.
func (s *Session) takeEvent(m *protocol.Event) {
	if s.eng.loaded == nil && m.Kind == stats.KindMark { // what it is loading: the status line's, no event of the session
		s.status = clip(m.Reason, maxReason)
		s.publish(true)
		return
	}
	e := stats.Event{TNs: m.TNs, Kind: m.Kind, Lane: m.Lane, Mode: m.Mode, Strategy: m.Strategy,
		Shape: m.Shape, Request: m.Request, DurNs: m.DurNs, Reason: m.Reason, Extra: m.Extra,
		Generation: s.rec.gen, Segment: s.rec.seg}
	clipEvent(&e, clock.Monotonic())
	if m.Request != nil {
		s.moved()
		if fl := s.join.pending[*m.Request]; fl != nil {
			e.Segment = fl.segment
			e.Strategy = cmp.Or(m.Strategy, fl.label) // by the name that the engine's counters and evidence give it
		}
		lane, err := stats.ParseLane(m.Lane)
		if f := stats.FlagOf(m.Kind); err == nil && f != 0 {
			s.join.flag(*m.Request, lane, f)
		}
	}
	if m.Kind == stats.KindEvict {
		label := e.Strategy
		if s.identity().covers(e.Mode, label) {
			label = s.set.strategy.Label(e.Mode)
		}
		s.route.unlearn(e.Mode, label, e.Shape)
	}
	s.rec.emit(e)
}

// takeBatch turns the rows of a batch into samples.
func (s *Session) takeBatch(b *protocol.Batch) {
	var unasked func(uint64) *inflight
	if s.observes() {
		unasked = func(id uint64) *inflight { return s.observed(b, id) }
	}
	s.eng.rows += uint64(len(b.Request))
	if err := s.join.take(b, unasked); err != nil {
		s.fail(fmt.Errorf("the engine broke the protocol: %w", err))
		return
	}
	s.eng.alive()
	s.moved()
}

// takeSample completes a sample and hands it to statistics and journal.
func (s *Session) takeSample(r *row, fl *inflight) {
	smp := &r.smp
	smp.Flags |= s.gpuNow.flags()
	if s.export.running > 0 {
		smp.Flags |= stats.FlagTool
	}
	s.limits.set(smp, &fl.item)
	r.number()
	s.join.response(smp, fl, s.set.pairing == "interleaved" && !s.eng.offers("parallel"))
	s.route.learn(smp, fl, s.set.strategy)
	if !smp.Failed && fl.key != "" {
		s.dog.learn(fl.key, smp.WallNs)
		s.dog.compileNs = max(s.dog.compileNs, smp.CompileNs)
	}
	if !smp.Warmup {
		s.phaseRunning()
		if smp.Lane == stats.Optimized {
			s.routeSeen(smp, fl)
		}
	}
	s.gpuNow.energy.Sample(smp)
	s.rec.sample(smp, &r.place.live, r.steps, r.kv)
	s.answer(smp, r.err)
	if why := s.failing.see(smp.Lane, r.err); why != "" && s.end == nil {
		s.answersNothing(why)
	}
}
