package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/verdict"
)

// Periods of the session's clockwork.
const (
	defaultFPS    = 5 // views a second unless asked for
	maxFPS        = 30
	defaultWindow = 10 * time.Second
	flushEvery    = 50 * time.Millisecond // the journal: at most 100 ms of samples at risk
	flushWith     = 30 * time.Millisecond // since the last time: messages take the journal along
	statusEvery   = 250 * time.Millisecond
	maxRestarts   = 5 // in a row without a sample between
)

// The journal's period while nothing comes that is not in it, and that of a
// session in which nothing happens.
var (
	nothingEvery = 2 * flushEvery
	idleEvery    = 250 * time.Millisecond
)

// Session is one run. Its goroutine owns every field. What joins samples, what
// is dispatched next, the worker in hand, what is recorded and what is
// published are values of their own; the session lets them meet.
type Session struct {
	o   Options
	cfg *configs.Config

	rec     recorder
	join    joiner
	queue   queue
	route   router
	eng     engine
	pub     publisher
	bands   bootstraps
	export  exporter
	gpuNow  gpuState
	dog     watchdog
	failing failing
	work    assigned
	limits  limits

	base   plan.Strategy // configured
	set    settings      // in force
	paused bool
	notes  []string       // of the toggles since the last segment started
	later  []view.Command // asked for while no worker could be asked
	until  *verdict.Until

	phase       view.Phase
	status      string
	startNs     int64 // when loading had finished
	firstWorkNs int64
	endNs       int64   // when the end was decided
	tickedNs    int64   // of the last tick
	end         *Result // set once the session is to end
	inbox       []any   // read together with the message in hand, not handled yet
	strange     int     // messages of types that this version does not know
	result      Result
}

// NewSession prepares a session; Run runs it.
func NewSession(o Options) (*Session, error) {
	own := *o.Config // keys change its edges and rate
	cfg := &own
	st, err := plan.ParseStrategy(cfg.Strategy)
	if err != nil {
		return nil, err
	}
	if len(cfg.Modes) == 0 {
		return nil, errors.New("no mode to run")
	}
	s := &Session{o: o, cfg: cfg, base: st, phase: view.PhaseStarting, status: "starting the worker",
		set:   settings{strategy: st, aa: cfg.AA, scenario: cfg.Scenario, pairing: cfg.Pairing},
		queue: newQueue(cfg, o.Traffic), route: newRouter(cfg), eng: newEngine(o.Engines), dog: newWatchdog(o.Config.RequestTimeout.D()), bands: newBootstraps(),
		pub: publisher{views: o.Views, window: defaultWindow, aa: cfg.AA}, export: exporter{done: make(chan exported, 1)}}
	if cfg.Until != "" {
		u, err := verdict.ParseUntil(cfg.Until)
		if err != nil {
			return nil, err
		}
		s.until = &u
	}
	s.rec = recorder{sink: o.Sink, coll: newCollector(cfg, o.Noise), fail: s.diskRefused}
	s.join = newJoiner(&s.rec, s.takeSample)
	return s, nil
}

// Run runs the session until it ends by itself, is told to quit, or ctx is
// done. It returns after the worker has ended.
func (s *Session) Run(ctx context.Context) Result {
	wctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if err := s.startWorker(wctx); err != nil {
		s.fail(err)
	}
	if p := guard.Catch("the session", func() { s.loop(ctx, wctx) }); p != nil {
		s.end = &Result{Reason: "failed", Err: p}
		s.phase, s.status = view.PhaseFailed, p.Error()
		if s.eng.proc != nil {
			s.kill("tailscope failed")
		}
		s.inbox, s.join.sent = nil, nil // what was half done is not done again
	}
	s.join.releaseAll()
	s.noteMissed()
	if s.end != nil && s.end.Err == nil {
		s.end.Err = s.dog.lost
	}
	s.stopWorker()
	if len(s.eng.placed.Supervisor) > 0 {
		_ = worker.MoveSelf(nil) // what is left to do may use every CPU
	}
	s.result.Samples = s.rec.seq
	if s.end != nil {
		s.result.Reason, s.result.Err, s.result.Missed = s.end.Reason, s.end.Err, s.end.Missed
	}
	if err := s.rec.sink.Flush(); err != nil && s.result.Err == nil {
		s.result.Reason, s.result.Err = "failed", fmt.Errorf("write the journal: %w", err)
	}
	if s.result.Err == nil {
		s.phase, s.status = view.PhaseDone, s.result.Missed
	}
	s.publish(true)
	s.result.Dropped = s.pub.dropped
	return s.result
}

// loop is the heart of the session: it handles one thing at a time until the
// session has ended and nothing is in flight.
func (s *Session) loop(ctx, wctx context.Context) {
	views := time.NewTicker(s.viewEvery())
	defer views.Stop()
	if s.o.Wanted != nil {
		views.Stop()
	}
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	status := time.NewTicker(statusEvery)
	defer status.Stop()
	done, hurry := ctx.Done(), s.o.Hurry
	saved := false   // nothing has come since the last tick
	came := func() { // what did is in the journal soon, however much more comes
		if since := time.Duration(clock.Monotonic() - s.tickedNs); since >= flushWith {
			s.tick()
			flush.Reset(s.quiet())
			saved = true
		} else if saved {
			flush.Reset(flushEvery - since)
			saved = false
		}
	}
	for !s.finished() {
		s.eng.post()
		select {
		case msgs, ok := <-s.eng.messages():
			if !ok {
				s.workerGone()
				came()
				continue
			}
			s.inbox = msgs
			for len(s.inbox) > 0 && !s.finished() {
				msg := s.inbox[0]
				s.inbox = s.inbox[1:]
				s.handle(msg)
			}
			s.dispatch()
			came()
		case w := <-s.workNow():
			s.takeWork(w)
			s.dispatch()
		case c, ok := <-s.o.Commands:
			if !ok {
				s.o.Commands = nil
				continue
			}
			s.command(c)
			s.dispatch()
			s.publish(true)
			came()
		case <-s.eng.restart:
			s.eng.restart = nil
			if err := s.startWorker(wctx); err != nil {
				s.fail(err)
			}
		case st, ok := <-s.o.GPU:
			if !ok {
				s.o.GPU = nil
				continue
			}
			s.takeGPU(st)
			came()
		case x := <-s.export.done:
			s.exportDone(x)
			came()
		case b := <-s.bands.done:
			s.bands.take(s.rec.coll, b)
		case <-views.C:
			s.publish(false)
			if s.o.Wanted != nil { // the next when it is asked for
				views.Stop()
			}
		case <-s.o.Wanted:
			views.Reset(max(s.newsIn(clock.Monotonic()), 1))
		case <-flush.C:
			s.tick()
			flush.Reset(s.quiet())
			saved = true
		case <-status.C:
			s.reportStatus()
		case <-done:
			done = nil
			s.finish("interrupted")
		case <-hurry:
			hurry = nil
			s.hurry()
		}
	}
}

// finished reports whether the loop may end: an end was decided, the worker
// has nothing in hand that could still report, and no export is running.
func (s *Session) finished() bool {
	if s.end == nil || s.export.running > 0 {
		return false
	}
	return s.dog.left || s.eng.proc == nil || s.end.Err != nil || s.eng.loaded == nil || len(s.join.pending) == 0 && !s.eng.flushing
}

// finish decides that the session ends: what has not started is dropped, what
// is in hand is waited for.
func (s *Session) finish(reason string) {
	if s.end != nil {
		return
	}
	s.end = &Result{Reason: reason}
	s.status = "finishing: " + reason
	s.endNs = clock.Monotonic()
	if s.eng.loaded != nil && len(s.join.pending) > 0 {
		s.eng.flush()
	}
}

func (s *Session) fail(err error) {
	if len(err.Error()) > maxReason {
		err = errors.New(clip(err.Error(), maxReason))
	}
	if s.end == nil || s.end.Err == nil {
		s.end = &Result{Reason: "failed", Err: err}
	}
	s.phase, s.status = view.PhaseFailed, err.Error()
	s.rec.event(stats.Event{Kind: stats.KindError, Reason: err.Error()})
	s.publish(true)
}

// diskRefused ends the session when something cannot be written: what was
// measured before stays.
func (s *Session) diskRefused(err error) {
	if s.end == nil || s.end.Err == nil {
		s.end = &Result{Reason: "failed", Err: err}
		s.phase, s.status = view.PhaseFailed, err.Error()
	}
}

// idle reports whether nothing happens until somebody asks for something.
func (s *Session) idle() bool {
	return s.eng.loaded != nil && s.end == nil && s.paused && len(s.join.pending) == 0 && s.cfg.Duration.D() == 0
}

// quiet is how long the next tick may wait where nothing comes.
func (s *Session) quiet() time.Duration {
	if s.idle() {
		return idleEvery
	}
	return nothingEvery
}

// tick keeps the journal fresh and watches the ends that time brings.
func (s *Session) tick() {
	s.tickedNs = clock.Monotonic()
	if err := s.rec.sink.Flush(); err != nil {
		s.fail(fmt.Errorf("write the journal: %w", err))
		return
	}
	s.watch()
	if s.eng.loaded == nil || s.end != nil {
		return
	}
	if d := s.cfg.Duration.D(); d > 0 && clock.Monotonic()-s.startNs >= int64(d) {
		s.finish("duration")
	}
}
