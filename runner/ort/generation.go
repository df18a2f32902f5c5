package ort

import (
	"errors"
	"fmt"

	"tailscope/runner/protocol"
)

// minKVEdge is the smallest cache of kv-bucketed when no edges are given.
const minKVEdge = 16

// generation is the greedy loop of one request in one lane, ready to run.
type generation struct {
	p       *prompt
	steps   int
	padded  int // constant cache length of kv-bucketed; 0: the cache grows
	prefill stage
	decode  []stage // decode[k] is step k+1
	spans   []span
}

// stage is one forward pass of a generation.
type stage struct {
	ch    choice
	shape lmShape
	step  int
	c     *call // nil while its executable is missing
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
	g := &generation{p: p, steps: r.NewTokens, spans: make([]span, r.NewTokens), decode: make([]stage, r.NewTokens)}
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
		g.padded = e.kvEdge(p.exec + g.steps)
		ph.graph, pre.graph = e.bucketG, e.bucketG
	}
	g.prefill.shape = lmShape{p.batch, p.exec, g.padded}
	if g.prefill.ch, err = e.choose(l, r, pre, g.prefill.shape); err != nil {
		return nil, err
	}
	if err := e.chooseSteps(l, r, ph, g); err != nil {
		return nil, err
	}
	return g, e.bindAll(l, g)
}

// chooseSteps chooses the session of every decode step. As many missing
// executables as the limit leaves room for will be made; further ones fall
// back, and that is known now.
func (e *engine) chooseSteps(l *lane, r *protocol.Request, ph phase, g *generation) (err error) {
	planned := map[execKey]bool{}
	if g.prefill.ch.missing() {
		planned[g.prefill.ch.key] = true
	}
	for k := range g.decode {
		s := &g.decode[k]
		s.step = k + 1
		past := g.padded
		if past == 0 {
			past = g.p.exec + k
		}
		s.shape = lmShape{g.p.batch, 1, past}
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

// bindAll makes room for every stage and binds those that have a session.
func (e *engine) bindAll(l *lane, g *generation) error {
	stages := g.stages()
	for _, s := range stages {
		if err := l.st.reserve(s.ch.graph, s.shape, s.step); err != nil {
			return err
		}
	}
	for _, s := range stages {
		if s.ch.missing() {
			continue
		}
		if err := g.bind(l, s); err != nil {
			return err
		}
	}
	return nil
}

// stages are the prompt's pass and the steps, in order.
func (g *generation) stages() []*stage {
	out := make([]*stage, 0, g.steps+1)
	out = append(out, &g.prefill)
	for k := range g.decode {
		out = append(out, &g.decode[k])
	}
	return out
}

// bind binds a stage and writes what it reads besides tokens and cache.
func (g *generation) bind(l *lane, s *stage) (err error) {
	if s.c, err = l.calls.get(s.ch.s, l.st, s.shape, s.step); err != nil {
		return err
	}
	if s.step == 0 {
		return s.c.writePrompt(g.p)
	}
	return s.c.writeStep(g.p, g.padded)
}

// writeStep writes mask and positions of decode step c.step. The mask has one
// entry for each cached token and one for the new one: 0 where a padded prompt
// or a padded cache holds nothing.
func (c *call) writeStep(p *prompt, padded int) error {
	total := c.shape.past + 1
	real := p.tokens + c.step // tokens that count, the new one included
	for b := range c.shape.batch {
		if c.mask.v.p != nil {
			for i := range total {
				c.mask.setInt(b*total+i, b2i(i >= total-real))
			}
		}
		if c.pos.v.p != nil {
			c.pos.setInt(b, int64(real-1))
		}
	}
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
	var t span
	stages := g.stages()
	for i, s := range stages {
		if i > 0 {
			if err := s.c.force(tokens[(i-1)*g.p.batch : i*g.p.batch]); err != nil {
				return nil, err
			}
		}
		if s.c.b.p == nil {
			return nil, errEvicted
		}
		if err := s.c.run(&t); err != nil {
			return nil, err
		}
	}
	return stages[len(stages)-1].c.lastLogits()
}

// errEvicted says that a generation cannot run again as it ran.
var errEvicted = errors.New("an executable it ran was evicted since")

// tokens are the greedy choices of every stage but the last, in order.
func (g *generation) tokens() []int64 {
	out := g.prefill.c.tokens(nil)
	for k := range g.decode[:g.steps-1] {
		out = g.decode[k].c.tokens(out)
	}
	return out
}

// force overwrites the tokens that a step reads.
func (c *call) force(tokens []int64) error {
	for i, v := range tokens {
		c.ids.setInt(i, v)
	}
	if c.idsDev.host == nil {
		return copyTensor(c.idsDev.v, c.ids.v)
	}
	return nil
}
