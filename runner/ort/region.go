package ort

import (
	"runtime"
	"sync"
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
func (r *region) begin(l *lane, ss ...*session) noise {
	l.meet.wait()
	r.enter()
	return l.probe.start(ss...)
}

func (r *region) leave() {
	r.mu.Lock()
	if r.n--; r.n == 0 {
		r.gate.Unlock()
	}
	r.mu.Unlock()
}

// thread runs functions one after the other on an OS thread of its own, so
// that the second of two concurrent lanes has its own noise counters.
type thread struct{ work chan func() }

func newThread() *thread {
	t := &thread{make(chan func())}
	go func() {
		runtime.LockOSThread()
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
// this thread, the second on another.
func (e *engine) together(first, second func() *outcome, lanes []*lane) []*outcome {
	if e.other == nil {
		e.other = newThread()
	}
	lanes[0].meet, lanes[1].meet = newMeeting()
	defer func() { lanes[0].meet, lanes[1].meet = nil, nil }()
	done := make(chan *outcome, 1)
	e.other.work <- func() {
		l := lanes[1]
		mine := l.probe
		if e.otherProbe == nil {
			e.otherProbe = newNoiseProbe()
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
