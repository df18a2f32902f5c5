package ort

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// prefill runs one forward pass over the prompt, the cache being an output.
//
// Timed: from the run until the ArgMax of the last position has been read
// back; and, when the shape has no executable, making one.
func (e *engine) prefill(l *lane, r *protocol.Request, o *outcome) error {
	p, err := e.prompt(l, r)
	if err != nil {
		return err
	}
	shape := lmShape{batch: p.batch, seq: p.exec}
	ph := e.prefillPhase(r)
	if p.right {
		ph.graph, shape.kept = e.rightG, p.tokens
	}
	o.sample.shape = shape.String()
	o.sample.executed, o.sample.kv = p.batch*p.exec, p.exec
	if err := e.roomAhead(l, p.batch, ph.graph); err != nil {
		return err
	}
	if err := reserve(l.st, ph.graph, shape, 0); err != nil {
		return err
	}
	ch, err := e.choose(l, r, ph, shape)
	if err != nil {
		return err
	}
	var c *call
	err = e.single(l, r, o, &ch, func() error {
		c, err = l.bindPrompt(ch.s, shape, p)
		return err
	}, func(t *native.Span) error { return c.run(t) })
	if err != nil {
		return fmt.Errorf("prefill %v: %w", shape, err)
	}
	o.last = c
	e.noteFallback(l, r, &ch, shape.String(), 1)
	return nil
}

// prefillPhase is the prompt's phase of a request.
func (e *engine) prefillPhase(r *protocol.Request) phase {
	ph := phase{name: "prefill", graph: e.prefillG, word: r.Strategy.Prefill}
	if e.noPad != "" && (ph.word == "padded" || ph.word == "bucketed") {
		ph.lacks = ph.word + ": " + e.noPad
	}
	return ph
}

// bindPrompt binds a session for a prompt and writes the prompt's inputs.
func (l *lane) bindPrompt(s *native.Session, shape lmShape, p *prompt) (*call, error) {
	c, err := l.calls.get(s, l.st, shape, 0)
	if err != nil {
		return nil, err
	}
	return c, c.writePrompt(p)
}

// writePrompt writes token ids, mask and positions. Padding has mask 0 and
// stands at the left, where position = max(number of tokens before, 0), or,
// where the graph is told the last token, at the right.
func (c *call) writePrompt(p *prompt) error {
	pad, total := p.exec-p.tokens, c.shape.past+p.exec // past: an empty cache of kv-bucketed
	right := c.s.G.Last != ""
	if right {
		pad = 0
	}
	for b := range p.batch {
		for i := range p.exec {
			at, id := b*p.exec+i, int64(0)
			if i >= pad && i < pad+p.tokens {
				id = p.ids[b*p.tokens+i-pad]
			}
			c.ids.SetInt(at, id)
			if c.pos.V.P != nil {
				c.pos.SetInt(at, int64(max(i-pad, 0)))
			}
		}
		for i := range total {
			if c.mask.V.P != nil {
				c.mask.SetInt(b*total+i, native.B2i(right && i < p.tokens || !right && i >= total-p.tokens))
			}
		}
	}
	c.last = p.exec - 1
	if right {
		c.last = p.tokens - 1
	}
	c.tell(c.s.G.Last, c.last)
	c.tell(c.s.G.Room, c.shape.kept-p.tokens)
	c.tell(c.s.G.Shift, c.shape.past+pad)
	return c.upload()
}

// tell writes one of the inputs that the preparation added.
func (c *call) tell(name string, v int) {
	if name != "" {
		c.told[name].SetInt(0, int64(v))
	}
}
