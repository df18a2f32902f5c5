package ort

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// minKVEdge is the smallest cache of kv-bucketed when no edges are given.
const minKVEdge = 16

// generation is the greedy loop of one request in one lane, ready to run.
type generation struct {
	p      *prompt
	padded int     // constant cache length of kv-bucketed; 0: the cache grows
	stages []stage // the prompt's pass, then the steps
	chosen []int64 // greedy tokens of every stage that ran, the prompt's first, a row after the other
}

func (g *generation) steps() int { return len(g.stages) - 1 }

// last is the call that answers.
func (g *generation) last() *call { return g.stages[g.steps()].c }

// stage is one forward pass of a generation.
type stage struct {
	ch    choice
	shape lmShape
	step  int
	c     *call // nil while its executable is missing
	span  native.Span
}

// plan chooses and binds every stage of a generation.
func (e *engine) plan(l *lane, r *protocol.Request, timedPrefill bool) (*generation, error) {
	p, err := e.prompt(l, r)
	if err != nil {
		return nil, err
	}
	if r.NewTokens < 1 {
		return nil, fmt.Errorf("request %d asks for no new tokens", r.ID)
	}
	g := &generation{p: p, stages: make([]stage, r.NewTokens+1), chosen: make([]int64, 0, (r.NewTokens+1)*p.batch)}
	ph := phase{name: "decode", graph: e.decodeG, word: r.Strategy.Decode}
	pre := phase{name: "prefill", graph: e.prefillG, word: "eager"}
	if timedPrefill {
		pre = e.prefillPhase(r)
	}
	switch {
	case !l.compiles(r) || ph.word != "kv-bucketed":
	case e.bucketG == nil:
		ph.lacks = "kv-bucketed: " + e.model.WhyNotBucketed
	default:
		g.padded = e.kvEdge(p.cached() + g.steps())
		ph.graph, pre.graph = e.bucketG, e.bucketG
		if e.fillG != nil {
			pre.graph = e.fillG
		}
	}
	if p.right && pre.graph == e.prefillG {
		pre.graph = e.rightG
	}
	if err := e.roomAhead(l, p.batch, pre.graph, ph.graph); err != nil {
		return nil, err
	}
	if err := g.makeRoom(l, pre.graph, ph.graph); err != nil {
		return nil, err
	}
	if g.stages[0].ch, err = e.choose(l, r, pre, g.stages[0].shape); err != nil {
		return nil, err
	}
	if err := e.chooseSteps(l, r, ph, g); err != nil {
		return nil, err
	}
	return g, g.bindAll(l)
}

// makeRoom sets the shapes of all stages and makes room for them: later no
// buffer moves, which captured graphs would not survive.
func (g *generation) makeRoom(l *lane, prefill, decode *native.Graph) error {
	first := lmShape{batch: g.p.batch, seq: g.p.exec}
	switch {
	case prefill.Room != "":
		first.kept = g.padded
	case prefill.Last != "":
		first.kept = g.p.tokens
	default:
		first.past = g.padded
	}
	for k := range g.stages {
		s, graph := &g.stages[k], decode
		s.step, s.shape = k, lmShape{batch: g.p.batch, seq: 1, past: cmp.Or(g.padded, g.p.cached()+k-1)}
		if k == 0 {
			s.shape, graph = first, prefill
		}
		if err := reserve(l.st, graph, s.shape, k); err != nil {
			return err
		}
	}
	return nil
}

// chooseSteps chooses the session of every decode step. As many missing
// executables as the limit leaves room for will be made; further ones fall
// back, and that is known now.
func (e *engine) chooseSteps(l *lane, r *protocol.Request, ph phase, g *generation) (err error) {
	planned := map[execKey]bool{}
	if first := &g.stages[0].ch; first.missing() {
		planned[first.key] = true
	}
	for k := range g.steps() {
		s := &g.stages[k+1]
		if s.ch, err = e.choose(l, r, ph, s.shape); err != nil {
			return err
		}
		if !s.ch.missing() || planned[s.ch.key] || e.policy.evict {
			continue
		}
		if e.full(s.ch.group) || s.ch.group.alive()+len(planned) >= e.policy.max {
			if err = e.fallBack(l, r, &s.ch, limitText(ph.name, s.shape, e.policy.max)); err != nil {
				return err
			}
			continue
		}
		planned[s.ch.key] = true
	}
	return nil
}

// bindAll binds every stage that has a session.
func (g *generation) bindAll(l *lane) error {
	for k := range g.stages {
		if g.stages[k].ch.missing() {
			continue
		}
		if err := g.bind(l, &g.stages[k]); err != nil {
			return err
		}
	}
	return nil
}

// sessions are those that will run, as far as they are there.
func (g *generation) sessions() []*native.Session {
	var out []*native.Session
	for _, s := range g.stages {
		if s.c != nil && !slices.Contains(out, s.c.s) {
			out = append(out, s.c.s)
		}
	}
	return out
}

// bind binds a stage and writes what it reads besides tokens and cache.
func (g *generation) bind(l *lane, s *stage) (err error) {
	at, step := s.ch.s, s.step
	if at.Capture != nil && step > 0 {
		// Two captured graphs take turns, as the halves of the cache do.
		if step = 2 - s.step&1; step == 2 {
			at = at.Twin
		}
	}
	if s.c, err = l.calls.get(at, l.st, s.shape, step); err != nil {
		return err
	}
	switch {
	case s.step == 0:
		return s.c.writePrompt(g.p)
	case at.Capture != nil:
		return nil // its inputs are those of other steps too: written right before it runs
	}
	return s.c.writeStep(g.p, s.step)
}

// writeStep writes mask and positions of a decode step. The mask has one
// entry for each cached token and one for the new one: 0 where a padded prompt
// or a padded cache holds nothing.
func (c *call) writeStep(p *prompt, step int) error {
	total := c.shape.past + 1
	if c.s.G.Grouped {
		total = c.shape.past
	}
	real := p.tokens + step // tokens that count, the new one included
	for b := range c.shape.batch {
		if c.mask.V.P != nil {
			for i := range total {
				c.mask.SetInt(b*total+i, native.B2i(c.s.G.Grouped && i < real || !c.s.G.Grouped && i >= total-real))
			}
		}
		if c.pos.V.P != nil {
			c.pos.SetInt(b, int64(real-1))
		}
	}
	c.tell(c.s.G.Shift, c.shape.past-(real-1))
	return c.upload()
}

// kvEdge is the cache length in which n tokens fit: the next given edge, or
// the next power of two.
func (e *engine) kvEdge(n int) int {
	for _, edge := range e.kvEdges {
		if edge >= n {
			return edge
		}
	}
	edge := minKVEdge
	for edge < n {
		edge *= 2
	}
	return edge
}

// replay runs a generation again, untimed, with the tokens given instead of
// its own choices, and returns the last logits. tokens are those of every
// stage, the prompt's first, a row after the other within each.
func (g *generation) replay(tokens []int64) ([]float32, error) {
	for i := range g.stages {
		s := &g.stages[i]
		if i > 0 {
			if err := s.c.force(tokens[(i-1)*g.p.batch : i*g.p.batch]); err != nil {
				return nil, err
			}
		}
		if s.c.b.P == nil {
			return nil, errEvicted
		}
		if err := g.write(s); err != nil {
			return nil, err
		}
		if err := s.c.run(&s.span); err != nil {
			return nil, err
		}
	}
	return g.last().lastLogits()
}

// errEvicted says that a generation cannot run again as it ran.
var errEvicted = errors.New("an executable it ran was evicted since")

// write writes what a captured step reads, in place.
func (g *generation) write(s *stage) error {
	if s.step == 0 || s.c.s.Capture == nil {
		return nil
	}
	return s.c.writeStep(g.p, s.step)
}

// tokens are the greedy choices of every stage but the last, in order.
func (g *generation) tokens() []int64 { return g.chosen[:g.steps()*g.p.batch] }

// force overwrites the tokens that a step reads.
func (c *call) force(tokens []int64) error {
	for i, v := range tokens {
		c.ids.SetInt(i, v)
	}
	if c.idsDev.Host == nil {
		return native.CopyTensor(c.idsDev.V, c.ids.V)
	}
	return nil
}
