package ort

import (
	"fmt"
	"sync/atomic"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// background makes executables while requests go on: under compile:
// background the dynamic executable serves a shape until its own is ready.
type background struct {
	jobs    chan *backgroundJob
	done    chan *backgroundJob
	pending map[*group]map[execKey]bool // being made, or failed: not asked for again
	failed  map[*group]int              // how many of them
	waiting int
	gen     int         // raised by clear: what was asked for before is not taken in
	quit    atomic.Bool // what waits is not made any more
}

type backgroundJob struct {
	gen   int
	group *group
	ch    choice
	lane  *lane
	req   protocol.Request
	spec  native.SessionSpec
	start int64
	s     *native.Session
	err   error
}

const maxBackground = 64 // executables that may wait to be made

func newBackground(m *native.Maker) *background {
	b := &background{
		jobs: make(chan *backgroundJob, maxBackground), done: make(chan *backgroundJob, maxBackground),
		pending: map[*group]map[execKey]bool{}, failed: map[*group]int{},
	}
	go func() {
		for j := range b.jobs {
			if !b.quit.Load() {
				j.start = native.Now()
				j.s, j.err = m.Open(j.ch.graph, j.spec)
			}
			b.done <- j
		}
		close(b.done)
	}()
	return b
}

// submit asks for the executable of a choice unless that was done already or
// too many wait.
func (e *engine) submit(l *lane, r *protocol.Request, ch choice) {
	if e.bg == nil {
		e.bg = newBackground(e.maker)
	}
	b := e.bg
	if b.pending[ch.group] == nil {
		b.pending[ch.group] = map[execKey]bool{}
	}
	if b.pending[ch.group][ch.key] || b.waiting == maxBackground {
		return
	}
	b.pending[ch.group][ch.key] = true
	b.waiting++
	b.jobs <- &backgroundJob{gen: b.gen, group: ch.group, ch: ch, lane: l, req: *r, spec: native.SessionSpec{Compiled: true, Lane: l.id, Fixed: ch.graph.Fixed(ch.shape.values())}}
}

// pendingOf is how many executables of a group are being made.
func (e *engine) pendingOf(g *group) int {
	if e.bg == nil {
		return 0
	}
	return len(e.bg.pending[g]) - e.bg.failed[g]
}

// forgetBackground makes nothing of what is being made.
func (e *engine) forgetBackground() {
	if e.bg != nil {
		e.bg.gen++
		clear(e.bg.pending)
		clear(e.bg.failed)
	}
}

// adopt takes in executables that are ready; called between requests.
func (e *engine) adopt() {
	for e.bg != nil {
		select {
		case j := <-e.bg.done:
			e.adoptOne(j)
		default:
			return
		}
	}
}

func (e *engine) adoptOne(j *backgroundJob) {
	e.bg.waiting--
	if j.gen != e.bg.gen {
		j.s.Free()
		return
	}
	e.dirty = true
	what := j.ch.shape.sentence(j.ch.key.phase)
	if j.err != nil {
		e.bg.failed[j.group]++
		e.tell(j, &protocol.Event{Kind: stats.KindError}, "%s: the executable could not be made, the dynamic one goes on: %s", what, native.OneLine(j.err))
		return
	}
	delete(e.bg.pending[j.group], j.ch.key)
	if j.group.get(j.ch.key) != nil { // background was turned off, and a request made it
		j.s.Free()
		e.tell(j, &protocol.Event{Kind: stats.KindMark}, "%s: made in the background and dropped: it was made meanwhile", what)
		return
	}
	for v := e.victim(j.group); v != nil; v = e.victim(j.group) {
		e.out.event(e.drop(j.lane, v))
	}
	if e.full(j.group) && !e.policy.evict { // the limit was lowered meanwhile
		j.s.Free()
		e.tell(j, &protocol.Event{Kind: stats.KindMark}, "%s: made in the background and dropped: the limit is reached", what)
		return
	}
	x := &executable{key: j.ch.key, s: j.s}
	ev := &protocol.Event{Kind: j.group.put(x), TNs: j.start, DurNs: j.s.MakeNs}
	ev.Extra = map[string]any{"phase": j.ch.key.phase, "unique_graphs": j.group.alive(), "background": true}
	e.tell(j, ev, "%s: made in the background, takes over from the dynamic executable, %d of %d used", what, j.group.alive(), e.policy.max)
	e.evidence(j.lane, &j.req, &j.ch, x, j.spec)
}

// tell sends an event about an executable that no request waited for.
func (e *engine) tell(j *backgroundJob, ev *protocol.Event, reason string, args ...any) {
	ev.Lane, ev.Mode, ev.Strategy, ev.Shape = j.lane.name, j.group.mode, j.group.strategy, j.ch.shape.String()
	ev.Reason = fmt.Sprintf(reason, args...)
	e.out.event(ev)
}

// standIn turns a choice whose executable is missing to the dynamic one.
func (e *engine) standIn(l *lane, r *protocol.Request, ch *choice) {
	if e.policy.evict || !e.fullWith(ch.group, ch.key.phase) {
		e.submit(l, r, *ch)
	}
	ch.key.shape = dynamicShape
	ch.backend = e.backends[stats.Optimized] + "-dynamic"
	if x := ch.group.get(ch.key); x != nil {
		x.runs++
		ch.s = x.s
	}
}

// stopBackground waits for the executable in hand and drops what was made.
func (e *engine) stopBackground() {
	if e.bg == nil {
		return
	}
	e.bg.quit.Store(true)
	close(e.bg.jobs)
	for j := range e.bg.done {
		j.s.Free()
	}
	e.bg = nil
}
