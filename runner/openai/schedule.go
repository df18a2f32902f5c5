package openai

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
)

// schedule starts requests: of an open loop when they are due, else as many
// at once as are allowed. Two servers take turns in rounds, so that each
// round's requests run at once on one server and then on the other.
func (e *engine) schedule() {
	rounds := len(e.servers) == 2 && !e.same() && !e.o.Together
	for {
		e.mu.Lock()
		gone := e.gone && e.busy == 0
		var batch []*protocol.Request
		due := int64(0)
		if !rounds || e.busy == 0 {
			batch, due = e.next(e.o.Concurrency-e.busy, rounds)
		}
		e.busy += len(batch)
		e.mu.Unlock()
		switch {
		case gone:
			return
		case len(batch) == 0:
			e.rest(due)
		case rounds:
			go e.round(batch)
		default:
			for _, q := range batch {
				go e.one(q)
			}
		}
	}
}

// next takes from the queue what is due at an instant of its own, and up to n
// requests that are due at none; in rounds, those that run in the same order of
// lanes as the first. What is not due stays where a flush finds it; due is the
// first instant at which there is more to take, 0 where time alone brings none.
func (e *engine) next(n int, rounds bool) (batch []*protocol.Request, due int64) {
	now, kept := clock.Monotonic(), e.queue[:0]
	for _, q := range e.queue {
		switch {
		case q.DueNs > now:
			if due == 0 || q.DueNs < due {
				due = q.DueNs
			}
			kept = append(kept, q)
		case (q.DueNs > 0 || n > 0) && (!rounds || len(batch) == 0 || slices.Equal(q.Order, batch[0].Order)):
			if batch = append(batch, q); q.DueNs == 0 {
				n--
			}
		default:
			kept = append(kept, q)
		}
	}
	clear(e.queue[len(kept):])
	e.queue = kept
	return batch, due
}

// rest waits until the queue has grown, a slot is free, or an instant of the
// monotonic clock has come; 0: none.
func (e *engine) rest(due int64) {
	if due == 0 {
		<-e.more
		return
	}
	t := time.NewTimer(time.Duration(due - clock.Monotonic()))
	defer t.Stop()
	select {
	case <-e.more:
	case <-t.C:
	}
}

// one runs a request in all its lanes, one after the other, or together.
func (e *engine) one(q *protocol.Request) {
	var both sync.WaitGroup
	for i, lane := range q.Order {
		if q.Together {
			both.Go(func() { e.run(q, lane, i) })
		} else {
			e.run(q, lane, i)
		}
	}
	both.Wait()
	e.free(1)
}

// round runs requests at once in their first lane, then in their second.
func (e *engine) round(batch []*protocol.Request) {
	for i, lane := range batch[0].Order {
		var all sync.WaitGroup
		for _, q := range batch {
			all.Go(func() { e.run(q, lane, i) })
		}
		all.Wait()
	}
	e.free(len(batch))
}

func (e *engine) free(n int) {
	e.mu.Lock()
	e.busy -= n
	e.mu.Unlock()
	e.wake()
}

// run sends a request to the server of a lane and reports the sample.
func (e *engine) run(q *protocol.Request, lane string, order int) {
	k := slices.Index(laneNames[:], lane)
	s := e.servers[k]
	j := job{tokens: q.Tokens, newTokens: q.NewTokens, seed: q.Seed, ids: q.IDs}
	if e.same() && k == 1 {
		j.seed, j.ids = j.seed^0x9e3779b97f4a7c15, nil // its own words: a prefix cache knows the other lane's
	}
	ctx, cancel := context.WithTimeout(e.asking, e.o.Timeout)
	defer cancel()
	e.spans.begin(k, q.ID)
	r := s.ask(ctx, j)
	e.spans.end(k, q.ID, &r, q.Warmup)
	if e.asking.Err() != nil && r.err != "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent++
	e.send(batchOf(q, lane, order, s.name(), &r))
}

// batchOf is the sample of a reply.
func batchOf(q *protocol.Request, lane string, order int, backend string, r *reply) *protocol.Batch {
	b := &protocol.Batch{Lane: lane, Mode: mode, Strategy: "variable", Shape: fmt.Sprintf("%d+%d", q.Tokens, q.NewTokens), Backend: backend,
		Request: []uint64{q.ID}, Order: []int{order}, StartNs: []int64{r.startNs}, WallNs: []int64{r.endNs - r.startNs},
		TTFTNs: []int64{r.ttft()}, StepsNs: [][]int64{r.gaps()}, Error: []string{r.err}}
	kv := make([]int, len(b.StepsNs[0]))
	for i := range kv {
		kv[i] = q.Tokens + i + 2
	}
	b.StepsKV = [][]int{kv}
	tokens := len(r.contentNs)
	if r.tokens >= 0 {
		tokens = r.tokens
	}
	prompt := q.Tokens
	if r.prompt > 0 {
		prompt = r.prompt
	}
	b.ExecutedTokens, b.KVTokens = []int{prompt + tokens}, []int{prompt + tokens}
	return b
}

// event sends an event; the caller holds the lock.
func (e *engine) event(ev *protocol.Event) {
	ev.TNs = cmp.Or(ev.TNs, clock.Monotonic())
	ev.Mode = mode
	e.send(ev)
}

// send writes a message. A session that is gone closes stdin as well.
func (e *engine) send(m any) { _ = e.out.Send(m) }
