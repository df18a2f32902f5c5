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

// together runs both lanes of a request at once: the first of its order on
// this thread, the second on another.
func (e *engine) together(first, second func() *outcome, l *lane) []*outcome {
	if e.other == nil {
		e.other = newThread()
	}
	done := make(chan *outcome, 1)
	e.other.work <- func() {
		mine := l.probe
		if e.otherProbe == nil {
			e.otherProbe = newNoiseProbe()
		}
		l.probe = e.otherProbe
		o := second()
		l.probe = mine
		done <- o
	}
	a := first()
	return []*outcome{a, <-done}
}
