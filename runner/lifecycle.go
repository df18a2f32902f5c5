package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// newBackOff gives the waits before restarts: 100 ms doubling to 5 s, each
// moved by up to a quarter.
func newBackOff() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier, b.RandomizationFactor = 100*time.Millisecond, 5*time.Second, 2, 0.25
	b.Reset()
	return b
}

// startWorker starts a worker; hello and loaded follow as messages.
func (s *Session) startWorker(ctx context.Context) error {
	if err := s.place(); err != nil {
		return err
	}
	engine := s.o.Engine
	engine.Place = s.eng.placed
	p, err := worker.Start(ctx, engine)
	if err != nil {
		return err
	}
	s.eng.started(p, clock.Monotonic())
	s.dog.killed = false
	s.status = "waiting for the worker"
	return nil
}

// place puts this process and the worker where the current pairing wants them.
func (s *Session) place() error {
	if s.o.Place == nil {
		return nil
	}
	p := s.o.Place(s.set.pairing)
	if p.Equal(s.eng.placed) {
		return nil
	}
	s.eng.placed = p
	return p.Take(s.eng.proc)
}

// clockSkew is how far the clocks of worker and supervisor may lie apart: they
// are the same clock, so this only allows for the time a line takes.
const clockSkew = int64(2 * time.Second)

// phaseRunning notes the first sample that counts.
func (s *Session) phaseRunning() {
	if s.firstWorkNs == 0 {
		s.firstWorkNs = clock.Monotonic()
		if s.o.Profile > 0 {
			s.profile(s.o.Profile)
		}
	}
	if s.phase == view.PhaseWarmup || s.phase == view.PhaseRestart {
		s.phase, s.status = view.PhaseRunning, ""
	}
}

// workerGone handles the end of a worker's output. What it had in hand goes
// to the next worker, except a request that has already killed one.
func (s *Session) workerGone() {
	<-s.eng.proc.Done()
	reason := s.crashSentence(s.eng.proc.ExitReason())
	culprit := s.join.head()
	s.giveUpOverdue(reason)
	exit := stats.Event{Kind: stats.KindWorkerExit, Reason: reason, Extra: map[string]any{"in_flight": len(s.join.pending)}}
	loaded := s.eng.loaded != nil
	lost := s.join.lost()
	s.rec.event(exit)
	s.eng.proc, s.eng.flushing = nil, false
	switch {
	case s.end != nil:
		return
	case !loaded && s.rec.gen == 0 && s.eng.restarts == 0:
		s.fail(fmt.Errorf("%s before the model was loaded", reason))
		return
	}
	s.eng.forget()
	if s.o.Work != nil {
		s.workLost(culprit, reason)
	} else {
		s.requeue(lost)
	}
	if s.eng.restarts >= maxRestarts {
		s.fail(fmt.Errorf("the worker ended %d times in a row without a sample; the last time %s", s.eng.restarts+1, strings.TrimPrefix(reason, "the worker ")))
		return
	}
	wait := s.eng.again().Round(10 * time.Millisecond)
	s.phase, s.status = view.PhaseRestart, fmt.Sprintf("%s; restarting in %v", reason, wait)
	s.rec.gen++
	s.rec.event(stats.Event{Kind: stats.KindWorkerRestart, Reason: fmt.Sprintf("restart %d of at most %d in a row, after %v", s.eng.restarts, maxRestarts, wait)})
	clear(s.route.known)
}

// crashSentence adds to the reason of an exit what crashed and in what.
func (s *Session) crashSentence(reason string) string {
	if h := s.eng.hello; h != nil && h.Engine == "ort" {
		reason = strings.Replace(reason, worker.NativeCode, "inside ONNX Runtime", 1)
	}
	if fl := s.join.head(); fl != nil && s.end == nil && s.dog.overdue == 0 {
		reason += ", in " + fl.String()
	}
	return reason
}

// requeue puts what the dead worker had in hand before everything else. The
// oldest request was the one it died in: the second time, it is given up.
func (s *Session) requeue(lost []*inflight) {
	if len(lost) == 1 && lost[0].suspect {
		id := lost[0].id
		s.rec.event(stats.Event{Kind: stats.KindError, Mode: lost[0].item.Mode, Request: &id,
			Reason: fmt.Sprintf("request %d of scenario %s (%d tokens) is given up: two workers ended in it", id, lost[0].item.Scenario, lost[0].item.Tokens)})
		lost = nil
	}
	for _, fl := range lost {
		fl.suspect, fl.due = true, 0
		if len(fl.order) == 1 {
			continue // sequential: nothing was reported, and the other lane's half has this number
		}
		fl.id = s.queue.number() // an occurrence of its own: one lane may have reported already
	}
	s.queue.again = append(lost, s.queue.again...)
	if len(s.notes) > 0 {
		s.queue.reshelve(nil, s.set) // a toggle's flush died with the worker
		s.startSegment()
	}
}

// stopWorker asks the worker to end and sees that it does, with its group.
func (s *Session) stopWorker() {
	p := s.eng.proc
	if p == nil {
		return
	}
	p.Send(&protocol.Stop{})
	p.CloseInput()
	grace := worker.StopGrace
	if s.dog.killed {
		grace = 0
	}
	kill := time.AfterFunc(grace, func() { p.Kill("it did not end when it was asked to") })
	defer kill.Stop()
	s.lastWords(s.inbox)
	for msgs := range p.Msgs {
		s.lastWords(msgs)
	}
	<-p.Done()
	s.eng.proc = nil
}

// lastWords takes what still counts after the session has ended.
func (s *Session) lastWords(msgs []any) {
	for _, msg := range msgs {
		switch m := msg.(type) {
		case *protocol.Counters, *protocol.Evidence, *protocol.Event:
			s.handle(msg)
		case *protocol.Batch: // too late to count, but sent
			s.eng.rows += uint64(len(m.Request))
		case *protocol.Bye:
			s.takeBye(m)
		}
	}
}

// hurry ends the session without waiting for what is in hand.
func (s *Session) hurry() {
	s.finish("interrupted")
	if s.eng.proc != nil && !s.dog.killed {
		s.kill("its user did not want to wait")
	}
}
