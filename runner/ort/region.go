package ort

import (
	"runtime"
	"sync"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// region holds the gate while any lane is in a timed region. Two lanes that
// run at once share it.
type region struct {
	mu   sync.Mutex
	n    int
	gate *sync.Mutex
}

func (r *region) enter() {
	r.mu.Lock()
	if r.n++; r.n == 1 {
		r.gate.Lock()
	}
	r.mu.Unlock()
}

// begin enters when the lane's partner is ready too, and reads the noise
// counters last: what this thread was kept waiting for until then is no delay
// of the region.
func (r *region) begin(l *lane, ss ...*native.Session) native.Noise {
	for _, s := range ss {
		if s != nil && s.Stream != nil {
			_ = s.Stream.Wait() // for the inputs that were sent: the region begins on an idle device
		}
	}
	l.meet.wait()
	r.enter()
	l.asideNs = 0
	return l.probe.Start(ss...)
}

func (r *region) leave() {
	r.mu.Lock()
	if r.n--; r.n == 0 {
		r.gate.Unlock()
	}
	r.mu.Unlock()
}

// aside does in a region what is tailscope's own and not the request's: its
// time is taken out of the sample's.
func (l *lane) aside(f func() error) error {
	start := native.Now()
	err := f()
	l.asideNs += native.Now() - start
	return err
}

// single times a request of one run. Where its executable is missing, making
// it is inside, whether that succeeds or fails, and so is what is evicted for
// it: its user waits for that. Binding what was made and writing its inputs
// are outside, as they are when nothing has to be made.
func (e *engine) single(l *lane, r *protocol.Request, o *outcome, ch *choice, bind func() error, run func(*native.Span) error) (err error) {
	if !ch.missing() {
		if err := bind(); err != nil {
			return err
		}
	}
	var t native.Span
	made := ch.missing()
	before := e.region.begin(l, ch.s)
	start := native.Now()
	if made {
		if err = e.make(l, r, ch); err == nil {
			err = l.aside(bind)
		}
	}
	if err == nil {
		err = run(&t)
	}
	if t.End == 0 { // it never ran
		t.Start, t.End = start, native.Now()
	}
	e.region.leave()
	o.sample.noise = l.probe.Stop(before)
	if made {
		t.Start = start
	}
	o.sample.startNs, o.sample.wallNs, o.sample.deviceNs = t.Start, t.End-t.Start-l.asideNs, t.Device
	o.sample.compileNs, o.sample.backend = ch.makeNs, ch.backend
	return err
}

// thread runs functions one after the other on an OS thread of its own, so
// that the second of two concurrent lanes has its own noise counters.
type thread struct{ work chan func() }

func newThread() *thread {
	t := &thread{make(chan func())}
	go func() {
		runtime.LockOSThread()
		native.Compute(0)
		defer runtime.UnlockOSThread()
		for f := range t.work {
			f()
		}
	}()
	return t
}

func (t *thread) stop() { close(t.work) }

// meeting is where two lanes wait for each other before their regions begin:
// one prepares longer than the other, and a short region would be over before
// the other's began.
type meeting struct {
	both *sync.WaitGroup
	came bool // this lane is here or will not come
}

func newMeeting() (a, b *meeting) {
	var both sync.WaitGroup
	both.Add(2)
	return &meeting{both: &both}, &meeting{both: &both}
}

// wait blocks until both lanes are here or have ended; nil does not.
func (m *meeting) wait() {
	if m != nil {
		m.arrive()
		m.both.Wait()
	}
}

// arrive says that this lane is here, or will not come.
func (m *meeting) arrive() {
	if !m.came {
		m.came = true
		m.both.Done()
	}
}

// together runs both lanes of a request at once: the first of its order on
// this thread, the second on another. On CUDA that is the eager one, whichever
// comes first: a session's graphs and handles belong to the thread that runs it.
func (e *engine) together(first, second func() *outcome, lanes []*lane) []*outcome {
	if e.other == nil {
		e.other = newThread()
	}
	if e.maker.Streams[stats.Eager] != nil && lanes[0].id == stats.Eager {
		outs := e.atOnce(second, first, []*lane{lanes[1], lanes[0]})
		return []*outcome{outs[1], outs[0]}
	}
	return e.atOnce(first, second, lanes)
}

func (e *engine) atOnce(first, second func() *outcome, lanes []*lane) []*outcome {
	lanes[0].meet, lanes[1].meet = newMeeting()
	defer func() { lanes[0].meet, lanes[1].meet = nil, nil }()
	done := make(chan *outcome, 1)
	e.other.work <- func() {
		l := lanes[1]
		mine := l.probe
		if e.otherProbe == nil {
			e.otherProbe = native.NewNoiseProbe()
		}
		l.probe = e.otherProbe
		o := second()
		l.meet.arrive()
		l.probe = mine
		done <- o
	}
	a := first()
	lanes[0].meet.arrive()
	return []*outcome{a, <-done}
}
