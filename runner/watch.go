package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// How long a worker may go without a word. A request of known shapes has a
// large multiple of the longest that its like took; one that may compile has a
// floor beyond the longest compile known (an engine of TensorRT takes minutes).
var (
	helloWait  = 2 * time.Minute // importing a framework takes tens of seconds
	loadWait   = 15 * time.Minute
	knownWait  = time.Minute
	firstWait  = 10 * time.Minute
	flushWait  = time.Minute
	finishWait = 30 * time.Second // for what is in hand once the end was decided
	quitWait   = 5 * time.Second  // the same when the user wants to leave
)

const (
	patience  = 20                      // times the longest so far
	lateFloor = 1500 * time.Millisecond // no word for less is nothing
	lateTimes = 3                       // times what is usual
	maxTimes  = 1 << 16                 // shapes whose times are kept
)

// watchdog knows when the worker last moved and how long the like of its work
// took before.
type watchdog struct {
	timeout   time.Duration // of a request; 0: by what the like took
	movedNs   int64         // the last word about requests
	took      map[string]int64
	compileNs int64  // the longest compile
	loadNs    int64  // of the last load
	overdue   uint64 // the request that the worker was killed for; 0: none
	killed    bool   // the worker in hand was
	left      bool   // what it has in hand at the end is not waited for any more
	lost      error  // what the run did not come to by the worker's silence
}

func newWatchdog(timeout time.Duration) watchdog {
	return watchdog{timeout: timeout, took: map[string]int64{}}
}

// learn notes how long a request took, all its lanes together.
func (w *watchdog) learn(key string, ns int64) {
	if len(w.took) >= maxTimes {
		clear(w.took)
	}
	w.took[key] = max(w.took[key], ns)
}

// limit is how long a request may take.
func (w *watchdog) limit(key string) time.Duration {
	took, known := w.took[key]
	switch {
	case w.timeout > 0:
		return w.timeout
	case known:
		return max(knownWait, patience*time.Duration(took))
	}
	return max(firstWait, patience*time.Duration(w.compileNs))
}

// moved notes a word about requests.
func (s *Session) moved() { s.dog.movedNs = clock.Monotonic() }

// doing says what the worker is doing now, as far as it can be told from here.
func (s *Session) doing(now int64) view.Doing {
	since := func(ns ...int64) time.Duration { return time.Duration(max(now-slices.Max(ns), 0)) }
	d := view.Doing{}
	head := s.join.head()
	switch {
	case s.eng.proc == nil:
		return d
	case s.eng.hello == nil:
		d = view.Doing{What: view.WorkStart, For: since(s.eng.startedNs), Limit: helloWait}
	case s.eng.loaded == nil:
		d = view.Doing{What: view.WorkLoad, For: since(s.eng.helloNs), Usual: time.Duration(s.dog.loadNs), Limit: max(loadWait, s.dog.timeout)}
	case head != nil:
		d = s.inside(head)
		d.For = since(s.dog.movedNs, head.sentNs, head.due, s.startNs)
	case s.eng.flushing:
		d = view.Doing{What: view.WorkFlush, For: since(s.dog.movedNs, s.eng.flushNs), Limit: max(flushWait, s.dog.timeout)}
	}
	d.Late = d.For > max(lateFloor, lateTimes*d.Usual)
	return d
}

// inside describes the request that the worker is inside of.
func (s *Session) inside(fl *inflight) view.Doing {
	key := fl.key
	d := view.Doing{What: view.WorkRequest, Mode: fl.item.Mode, Tokens: fl.item.Tokens, Limit: s.dog.limit(key),
		Executed: plan.NewShaper(s.cfg, fl.strategy).Exec(fl.item.Tokens, fl.item.PadTo)[1], Usual: time.Duration(s.dog.took[key])}
	if _, known := s.route.known[key]; !known && !fl.routed && !fl.aa && fl.label != "eager" && slices.Contains(fl.order, "optimized") {
		d.Compiles, d.Usual = true, time.Duration(s.dog.compileNs)
	}
	return d
}

// watch kills a worker that is overdue, with all that it has started.
func (s *Session) watch() {
	if s.eng.proc == nil || s.dog.killed || s.dog.left {
		return
	}
	now := clock.Monotonic()
	d := s.doing(now)
	switch {
	case s.end != nil:
		s.watchEnd(d, now)
	case d.Limit == 0 || d.For <= d.Limit:
	case d.What == view.WorkStart:
		s.kill("it has not said hello")
		s.fail(fmt.Errorf("the engine %q has not said hello within %v: does it speak docs/protocol.md?", configs.Redact(strings.Join(s.o.Engine.Argv, " ")), d.Limit))
	case d.What == view.WorkLoad:
		s.kill("it has not loaded the model")
		s.fail(fmt.Errorf("the engine %s has not loaded the model within %v: see worker.log", s.eng.hello.Engine, d.Limit))
	case d.What == view.WorkRequest:
		head := s.join.head()
		s.dog.overdue = head.id
		s.kill(fmt.Sprintf("no answer within %v to %s", d.Limit, head))
	default:
		s.kill(fmt.Sprintf("it has not answered within %v", d.Limit))
	}
}

// watchEnd waits for what is in hand after the end was decided: no longer than
// it can be worth. A worker that was late already is not waited for.
func (s *Session) watchEnd(d view.Doing, now int64) {
	wait := finishWait
	if s.end.leaving() {
		wait = quitWait
	}
	if d.What == view.WorkRequest && !d.Compiles {
		wait = min(wait, max(quitWait, patience*d.Usual))
	}
	if s.dog.timeout > 0 {
		wait = min(wait, s.dog.timeout)
	}
	silent := d.For > wait
	if !silent && now-s.endNs <= int64(max(wait, d.Usual)) {
		return
	}
	n, half := len(s.join.pending), 0
	for _, fl := range s.join.pending {
		if len(fl.rows) > 0 {
			half++
		}
	}
	what, how := "did not come to an end", fmt.Sprintf("after %v of waiting", time.Duration(now-s.endNs).Round(100*time.Millisecond))
	if silent {
		what, how = "stopped answering", fmt.Sprintf("and no word came for %v", d.For.Round(100*time.Millisecond))
	}
	if s.dog.left = s.eng.offers("leaves"); !s.dog.left {
		s.kill(fmt.Sprintf("%d requests were in its hand at the end, %s", n, how))
	} else if n > 0 {
		counts := "they are not counted"
		if half > 0 {
			counts += fmt.Sprintf(", but for the lane that had answered %d of them", half)
		}
		s.rec.event(stats.Event{Kind: stats.KindMark, Reason: fmt.Sprintf("%d requests were not answered at the end, %s: %s", n, how, counts)})
		if !silent {
			return // it answered others meanwhile
		}
	}
	if !s.end.leaving() && n > 0 {
		s.dog.lost = fmt.Errorf("the engine %s: %d requests were in its hand at the end of the run (%s), %s", what, n, s.end.Reason, how)
	}
}

// kill ends the worker in hand.
func (s *Session) kill(why string) {
	s.dog.killed = true
	s.eng.proc.Kill(why)
}

// giveUpOverdue fails the request that the worker was killed for: its lanes
// have not answered.
func (s *Session) giveUpOverdue(reason string) {
	fl := s.join.pending[s.dog.overdue]
	s.dog.overdue = 0
	if fl == nil {
		return
	}
	begun, now := max(s.dog.movedNs, fl.sentNs), clock.Monotonic()
	for i, lane := range fl.order {
		l, err := stats.ParseLane(lane)
		if err != nil || slices.ContainsFunc(fl.rows, func(r row) bool { return r.smp.Lane == l }) {
			continue
		}
		b := &protocol.Batch{Lane: lane, Mode: fl.item.Mode, Backend: s.eng.loaded.Backends[lane], Request: []uint64{fl.id},
			Order: []int{i}, StartNs: []int64{begun}, WallNs: []int64{now - begun}, Error: []string{reason}}
		if err := s.join.take(b, nil); err != nil {
			s.fail(err)
			return
		}
	}
}
