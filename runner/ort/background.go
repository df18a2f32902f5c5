package ort

import (
	"fmt"

	"tailscope/runner/protocol"
	"tailscope/stats"
)

// background makes executables while requests go on: under compile:
// background the dynamic executable serves a shape until its own is ready.
type background struct {
	jobs    chan *backgroundJob
	done    chan *backgroundJob
	pending map[*group]map[execKey]bool
	waiting int
}

type backgroundJob struct {
	group *group
	ch    choice
	lane  *lane
	req   protocol.Request
	spec  sessionSpec
	start int64
	s     *session
	err   error
}

const maxBackground = 64 // executables that may wait to be made

func newBackground(m *maker) *background {
	b := &background{
		jobs: make(chan *backgroundJob, maxBackground), done: make(chan *backgroundJob, maxBackground),
		pending: map[*group]map[execKey]bool{},
	}
	go func() {
		for j := range b.jobs {
			j.start = now()
			j.s, j.err = m.open(j.ch.graph, j.spec)
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
	b.jobs <- &backgroundJob{group: ch.group, ch: ch, lane: l, req: *r, spec: sessionSpec{compiled: true, fixed: ch.graph.fixed(ch.shape.values())}}
}

// pendingOf is how many executables of a group are being made.
func (e *engine) pendingOf(g *group) int {
	if e.bg == nil {
		return 0
	}
	return len(e.bg.pending[g])
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
	delete(e.bg.pending[j.group], j.ch.key)
	e.dirty = true
	what := j.ch.shape.sentence(j.ch.key.phase)
	if j.err != nil {
		e.out.event(protocol.Event{Kind: stats.KindError, Lane: j.lane.name, Mode: j.group.mode, Strategy: j.group.strategy,
			Shape: j.ch.shape.String(), Reason: fmt.Sprintf("%s: the executable could not be made: %v", what, j.err)})
		return
	}
	x := &executable{key: j.ch.key, s: j.s}
	kind := stats.KindRecompile
	if j.group.made == 0 {
		kind = stats.KindCompile
	}
	j.group.put(x)
	e.out.event(protocol.Event{
		TNs: j.start, Kind: kind, Lane: j.lane.name, Mode: j.group.mode, Strategy: j.group.strategy, Shape: j.ch.shape.String(), DurNs: j.s.makeNs,
		Reason: fmt.Sprintf("%s: made in the background, takes over from the dynamic executable, %d of %d used", what, j.group.alive(), e.policy.max),
		Extra:  map[string]any{"phase": j.ch.key.phase, "unique_graphs": j.group.alive(), "background": true},
	})
	e.evidence(j.lane, &j.req, &j.ch, x, j.spec)
}

// standIn turns a choice whose executable is missing to the dynamic one.
func (e *engine) standIn(l *lane, r *protocol.Request, ch *choice) {
	if e.policy.evict || !e.fullWith(ch.group) {
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
	close(e.bg.jobs)
	for j := range e.bg.done {
		j.s.free()
	}
	e.bg = nil
}
