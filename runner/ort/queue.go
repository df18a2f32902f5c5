package ort

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/tailscope/tailscope/runner/protocol"
)

// queue holds the messages that wait for the executor, in order. The reader
// fills it; Flush takes back the requests that have not started.
type queue struct {
	mu    sync.Mutex
	wake  chan struct{} // capacity 1: something was put
	items []any
	ended bool
}

// flushed stands in the queue where a Flush took requests out.
type flushed struct {
	id      uint64
	dropped []uint64
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// put appends a message; Flush and Stop act on what waits before them, Profile
// overtakes it.
func (q *queue) put(msg any) {
	q.mu.Lock()
	switch m := msg.(type) {
	case *protocol.Flush:
		q.items = append(q.items, &flushed{m.ID, q.takeRequests()})
	case *protocol.Stop:
		q.takeRequests()
		q.items = append(q.items, m)
	case *protocol.Profile: // it is of the requests that run next
		at := slices.IndexFunc(q.items, func(x any) bool { _, is := x.(*protocol.Request); return is })
		if at < 0 {
			at = len(q.items)
		}
		q.items = slices.Insert(q.items, at, any(m))
	default:
		q.items = append(q.items, msg)
	}
	q.mu.Unlock()
	q.signal()
}

// takeRequests removes the requests that wait and returns their numbers.
func (q *queue) takeRequests() []uint64 {
	ids := []uint64{}
	kept := q.items[:0]
	for _, m := range q.items {
		if r, ok := m.(*protocol.Request); ok {
			ids = append(ids, r.ID)
			continue
		}
		kept = append(kept, m)
	}
	clear(q.items[len(kept):])
	q.items = kept
	return ids
}

// end says that no message will follow: the supervisor is gone.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.takeRequests()
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// complete replaces a request that lacks a required key by an error.
func complete(msg any, line int) any {
	r, ok := msg.(*protocol.Request)
	if !ok || len(r.Order) > 0 && r.Mode != "" {
		return msg
	}
	return &protocol.Error{Code: "input", Message: fmt.Sprintf("line %d: a request needs the keys mode and order", line)}
}

// next takes the first message. ok is false when there is none, or when it is
// a request that is not due before soon; due is then its instant. ended is set
// when no message will come.
func (q *queue) next(soon int64) (msg any, due int64, ok, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return nil, 0, false, q.ended
	}
	msg = q.items[0]
	if r, is := msg.(*protocol.Request); is && r.DueNs > soon {
		return nil, r.DueNs, false, false
	}
	q.items[0] = nil
	q.items = q.items[1:]
	return msg, 0, true, false
}

// gated is the worker's input. The reader holds the gate while it decodes and
// leaves it while it waits for bytes; the executor holds it during a timed
// region. So no JSON is parsed while something is being measured.
type gated struct {
	r    io.Reader
	gate *sync.Mutex
}

func (g gated) Read(p []byte) (int, error) {
	g.gate.Unlock()
	n, err := g.r.Read(p)
	g.gate.Lock()
	return n, err
}

// readAll decodes messages into the queue until the input ends. A line that
// is no message is reported and skipped.
func readAll(r io.Reader, gate *sync.Mutex, q *queue) {
	defer q.end()
	gate.Lock()
	defer gate.Unlock()
	in := protocol.NewReader(gated{r, gate})
	for {
		msg, err := in.Next()
		var bad *protocol.LineError
		switch {
		case errors.As(err, &bad):
			q.put(&protocol.Error{Code: "input", Message: bad.Error()})
		case err != nil:
			return
		default:
			q.put(complete(msg, in.Line()))
		}
		gate.Unlock() // lets a waiting timed region in between two messages
		gate.Lock()
	}
}
