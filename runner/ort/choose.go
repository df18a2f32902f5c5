package ort

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// dynamicShape stands for all shapes in an executable's key.
const dynamicShape = "dynamic"

// choice is what will run one phase of a request at one shape.
type choice struct {
	s       *native.Session // nil: an executable must be made first
	backend string
	compile bool // what was asked for is a compiled session
	group   *group
	graph   *native.Graph
	key     execKey
	shape   target
	fell    string // why something else runs than was asked for; "" it does not
	makeNs  int64  // spent making an executable for this choice
	lostNs  int64  // spent in vain on one
}

// missing reports whether an executable must be made.
func (c *choice) missing() bool { return c.s == nil }

// choose picks the session for one phase of a request. It makes none.
func (e *engine) choose(l *lane, r *protocol.Request, ph phase, shape target) (choice, error) {
	ch := choice{shape: shape, graph: ph.graph, backend: e.backends[stats.Eager]}
	var err error
	switch {
	case r.AA:
		ch.s, err = e.session(e.plays(l), ph.graph)
		return ch, err
	case l.id == stats.Eager || ph.word == "eager":
		ch.s, err = e.plain(l, ph.graph)
		return ch, err
	}
	ch.compile, ch.backend = true, e.backends[stats.Optimized]
	ch.group = e.group(r.Mode, label(r))
	ch.key = execKey{ph.name, shape.String()}
	if ph.word == "dynamic" {
		ch.key.shape = dynamicShape
	}
	if ph.lacks != "" {
		return ch, e.fallBack(l, r, &ch, ph.lacks)
	}
	if x := ch.group.get(ch.key); x != nil && !e.moved(l, ch.group, x) {
		x.runs++
		ch.s = x.s
		ch.group.last[ph.name] = shape.sentence(ph.name)
		return ch, nil
	}
	if why := ch.group.refused[ch.key]; why != "" {
		return ch, e.fallBack(l, r, &ch, why)
	}
	switch {
	case e.compile == "background" && ph.word != "dynamic" && (e.policy.evict || !e.full(ch.group)):
		e.standIn(l, r, &ch)
	case e.full(ch.group) && !e.policy.evict:
		err = e.fallBack(l, r, &ch, limitText(ph.name, shape, e.policy.max))
	}
	return ch, err
}

// full reports whether one more executable of a group would be beyond the
// limit of their number, or of all groups' memory.
func (e *engine) full(g *group) bool {
	return g.alive() >= e.policy.max || e.policy.maxBytes > 0 && e.cacheBytes() >= e.policy.maxBytes
}

// fullWith is full counting what is being made in the background, and the
// dynamic executable that will stand in for it in that phase.
func (e *engine) fullWith(g *group, phase string) bool {
	standIn := native.B2i(g.execs[execKey{phase, dynamicShape}] == nil)
	return e.full(g) || g.alive()+e.pendingOf(g)+int(standIn) >= e.policy.max
}

// cacheBytes is what the executables of all groups took to make.
func (e *engine) cacheBytes() int64 {
	var n int64
	for _, g := range e.groups {
		n += g.bytes()
	}
	return n
}

// fallBack makes the eager session run what was asked of a compiled one.
func (e *engine) fallBack(l *lane, r *protocol.Request, ch *choice, why string) (err error) {
	ch.backend, ch.fell = e.backends[stats.Eager], why
	if ch.s, err = e.plain(l, ch.graph); err != nil {
		return err
	}
	if ch.group.limitReached || !e.full(ch.group) {
		return nil
	}
	ch.group.limitReached, e.dirty = true, true
	l.note(stats.KindLimitReached, r, ch.shape.String(), why+"; further shapes run on the eager session")
	return nil
}

// noteFallback reports that a request ran something other than was asked for,
// in steps of its steps. The event lasts as long as the request tried in vain.
func (e *engine) noteFallback(l *lane, r *protocol.Request, ch *choice, shape string, steps int) {
	if ch.fell == "" {
		return
	}
	ch.group.fallbacks++
	e.dirty = true
	ev := l.note(stats.KindFallback, r, shape, ch.fell)
	ev.DurNs = ch.lostNs
	ev.Extra = map[string]any{"fallback_from": e.backends[stats.Optimized], "fallback_error": ch.fell, "steps": steps}
}

// make makes the executable of a choice, evicting one if the policy says so.
// When it cannot be made, the eager session runs instead. It is called within
// a region, of which only evicting and making, also in vain, are the request's.
func (e *engine) make(l *lane, r *protocol.Request, ch *choice) error {
	began, waited := native.Now(), int64(0)
	defer func() { l.asideNs += native.Now() - began - waited }()
	if why := ch.group.refused[ch.key]; why != "" { // by an earlier step of this request
		return e.fallBack(l, r, ch, why)
	}
	for v := e.victim(ch.group); v != nil; v = e.victim(ch.group) {
		waited += e.evict(l, r, v)
	}
	what := ch.shape.sentence(ch.key.phase)
	reason := ch.group.reason(ch.key.phase, what, e.policy)
	spec := native.SessionSpec{Compiled: true, Lane: l.id}
	if ch.key.shape != dynamicShape {
		spec.Fixed = ch.graph.Fixed(ch.shape.values())
	}
	before := native.Malloced()
	start := native.Now()
	s, err := e.openCaptured(l, r, ch, &spec), error(nil)
	if s == nil {
		s, err = e.maker.Open(ch.graph, spec)
	}
	if err != nil && spec.Fixed != nil && strings.Contains(err.Error(), "InferenceError") {
		// a branch that is not taken may refuse the sizes of the one that is
		spec.Fixed = nil
		reason += "; its sizes stay open, as inference of shapes refuses them"
		s, err = e.maker.Open(ch.graph, spec)
	}
	tried := native.Now() - start
	waited += tried
	if err != nil {
		ch.lostNs = tried
		why := fmt.Sprintf("%s: it could not be made: %s", what, native.OneLine(err))
		ch.group.refused[ch.key] = why
		return e.fallBack(l, r, ch, why)
	}
	x := &executable{key: ch.key, s: s, runs: 1, bytes: max(native.Malloced()-before, 0)}
	ch.s, ch.makeNs = s, s.MakeNs
	ev := l.note(ch.group.put(x), r, ch.shape.String(), reason)
	ev.TNs, ev.DurNs = start, ch.makeNs
	ev.Extra = map[string]any{"phase": ch.key.phase, "unique_graphs": ch.group.alive()}
	ch.group.last[ch.key.phase] = what
	e.dirty = true
	if spec.Capture {
		e.captured(l, r, ch, x)
		spec.Capture = false // the twin that gives the evidence runs once
	}
	e.evidence(l, r, ch, x, spec)
	return nil
}

// victim is the group that must give up an executable before g may have one
// more; nil: none, or none that could. Beyond the bound of all groups' memory
// that is the largest, once g has none left.
func (e *engine) victim(g *group) *group {
	if !e.policy.evict || !e.full(g) {
		return nil
	}
	if g.oldest() != nil {
		return g
	}
	var most *group
	if e.policy.maxBytes <= 0 || e.cacheBytes() < e.policy.maxBytes {
		return nil // its own limit is in the way
	}
	for _, k := range sortedKeys(e.groups) {
		if x := e.groups[k]; x.oldest() != nil && (most == nil || x.bytes() > most.bytes()) {
			most = x
		}
	}
	return most
}

// evict drops the least recently used executable of a group and returns how
// many nanoseconds that took.
func (e *engine) evict(l *lane, r *protocol.Request, g *group) int64 {
	ev := e.drop(l, g)
	ev.Request = &r.ID
	l.pending = append(l.pending, ev)
	return ev.DurNs
}

// drop is evict without a request that it is done for; it returns the event.
func (e *engine) drop(l *lane, g *group) *protocol.Event {
	x := g.oldest()
	g.evicted++
	ev := &protocol.Event{Kind: stats.KindEvict, Lane: l.name, Mode: g.mode, Strategy: g.strategy, Shape: x.key.shape}
	ev.Reason = fmt.Sprintf("%s %s: least recently used of %d executables, dropped to make room after %d runs", x.key.phase, x.key.shape, g.alive(), x.runs)
	ev.TNs = native.Now()
	e.dropExecutable(g, x)
	ev.DurNs = native.Now() - ev.TNs
	return ev
}

// plain returns the session without optimisation that a lane runs: one for
// both lanes, or where each has a stream of its own, its own.
func (e *engine) plain(l *lane, g *native.Graph) (*native.Session, error) {
	if e.maker.Streams[l.id] != nil {
		return e.session(l.id, g)
	}
	return e.session(stats.Eager, g)
}

// plays says which lane's session a lane runs in an A/A run: the other's where
// they are to be swapped, unless each has a stream of its own.
func (e *engine) plays(l *lane) stats.Lane {
	if e.load.Swap && e.maker.Streams[l.id] == nil {
		return 1 - l.id
	}
	return l.id
}

// session returns the session without optimisation that runs a graph in the
// eager lane, or in the optimized lane of an A/A run, making it when it is
// asked for first (never in a timed region).
func (e *engine) session(lane stats.Lane, g *native.Graph) (*native.Session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	set := e.eager
	if lane == stats.Optimized {
		set = e.second
	}
	if s := set[g]; s != nil {
		return s, nil
	}
	s, err := e.maker.Open(g, native.SessionSpec{Lane: lane})
	if err != nil {
		return nil, fmt.Errorf("eager session: %w", err)
	}
	set[g] = s
	return s, nil
}

// phase is one phase of a request: its graph and the word of its strategy.
type phase struct {
	name  string // prefill or decode
	graph *native.Graph
	word  string
	lacks string // why the strategy cannot be had with this model; "" it can
}

// target is the shape of one run, as far as choosing a session needs it.
type target interface {
	String() string                                 // as files name it
	sentence(phase string) string                   // as a reason names it
	values() map[string]int                         // of the symbolic dimensions
	once(s *native.Session, st *native.Store) error // a run on made-up inputs
}

// limitText says that a shape is beyond the recompile limit.
func limitText(phase string, s target, limit int) string {
	return fmt.Sprintf("%s: the recompile limit of %d is reached", s.sentence(phase), limit)
}

func sortedKeys[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}
