package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
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
	engine.Place = s.placed
	p, err := worker.Start(ctx, engine)
	if err != nil {
		return err
	}
	s.proc, s.procNs, s.hello, s.loaded = p, clock.Monotonic(), nil, nil
	s.status = "waiting for the worker"
	return nil
}

// place puts this process and the worker where the current pairing wants them.
func (s *Session) place() error {
	if s.o.Place == nil {
		return nil
	}
	p := s.o.Place(s.pairing)
	if p.Equal(s.placed) {
		return nil
	}
	s.placed = p
	return p.Take(s.proc)
}

// helloWait is how long an engine may take to its hello line: importing a
// framework takes tens of seconds, silence for longer is no engine.
var helloWait = 2 * time.Minute

// messages is the channel of the worker in hand, nil between two.
func (s *Session) messages() <-chan []any {
	if s.proc == nil {
		return nil
	}
	return s.proc.Msgs
}

// post writes to the worker what was sent while one thing was handled.
func (s *Session) post() {
	if s.proc != nil {
		s.proc.Post()
	}
}

// clockSkew is how far the clocks of worker and supervisor may lie apart: they
// are the same clock, so this only allows for the time a line takes.
const clockSkew = int64(2 * time.Second)

// phaseRunning notes the first sample that counts.
func (s *Session) phaseRunning(*stats.Sample) {
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
	<-s.proc.Done()
	reason := s.proc.ExitReason()
	s.proc = nil
	if s.end != nil {
		s.event(stats.Event{Kind: stats.KindWorkerExit, Reason: reason, Extra: map[string]any{"in_flight": len(s.join.pending)}})
		s.releaseAll()
		s.dropPending()
		return
	}
	s.releaseAll()
	s.event(stats.Event{Kind: stats.KindWorkerExit, Reason: reason,
		Extra: map[string]any{"in_flight": len(s.join.pending)}})
	if s.loaded == nil && s.gen == 0 && s.restarts == 0 {
		s.fail(fmt.Errorf("%s before the model was loaded", reason))
		return
	}
	s.requeue()
	s.hello, s.loaded = nil, nil // between two workers nothing can be asked
	if s.restarts++; s.restarts > maxRestarts {
		s.fail(fmt.Errorf("the worker ended %d times in a row without a sample; the last time %s", s.restarts, strings.TrimPrefix(reason, "the worker ")))
		return
	}
	wait := s.backoff.NextBackOff()
	s.phase, s.status = view.PhaseRestart, fmt.Sprintf("%s; restarting in %v", reason, wait.Round(10*time.Millisecond))
	s.gen++
	s.event(stats.Event{Kind: stats.KindWorkerRestart, Reason: fmt.Sprintf("restart %d of at most %d in a row, after %v", s.restarts, maxRestarts, wait.Round(10*time.Millisecond))})
	timer := make(chan struct{})
	time.AfterFunc(wait, func() { close(timer) })
	s.join.restart = timer
	clear(s.join.known)
	clear(s.work.warmed)
	clear(s.join.flags)
	s.counters = protocol.Counters{}
}

// requeue puts what the dead worker had in hand before everything else. The
// oldest request was the one it died in: the second time, it is given up.
func (s *Session) requeue() {
	again := slices.SortedFunc(maps.Values(s.join.pending), func(a, b *inflight) int { return cmp.Compare(a.id, b.id) })
	clear(s.join.pending)
	s.join.outstanding = 0
	s.work.flushing = false
	if len(again) == 1 && again[0].suspect {
		id := again[0].id
		s.event(stats.Event{Kind: stats.KindError, Mode: again[0].item.Mode, Request: &id,
			Reason: fmt.Sprintf("request %d of scenario %s (%d tokens) is given up: two workers ended in it", id, again[0].item.Scenario, again[0].item.Tokens)})
		again = nil
	}
	for _, fl := range again {
		fl.suspect, fl.due = true, 0
		if len(fl.order) == 1 {
			continue // sequential: nothing was reported, and the other lane's half has this number
		}
		s.work.nextID++ // an occurrence of its own: one lane may have reported already
		fl.id = s.work.nextID
	}
	s.work.again = append(again, s.work.again...)
	if len(s.labels) > 0 {
		s.reshelve(nil) // a toggle's flush died with the worker
		s.startSegment()
	}
}

func (s *Session) dropPending() {
	clear(s.join.pending)
	s.join.outstanding, s.work.flushing = 0, false
}

// stopWorker asks the worker to end and sees that it does, with its group.
func (s *Session) stopWorker() {
	p := s.proc
	if p == nil {
		return
	}
	p.Send(&protocol.Stop{})
	p.CloseInput()
	kill := time.AfterFunc(worker.StopGrace, p.Kill)
	defer kill.Stop()
	s.lastWords(s.inbox)
	for msgs := range p.Msgs {
		s.lastWords(msgs)
	}
	<-p.Done()
	s.proc = nil
}

// lastWords takes what still counts after the session has ended.
func (s *Session) lastWords(msgs []any) {
	for _, msg := range msgs {
		switch msg.(type) {
		case *protocol.Counters, *protocol.Evidence, *protocol.Event:
			s.handle(msg)
		}
	}
}
