package ort

import (
	"fmt"

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
	o.sample.shape = shape.String()
	o.sample.executed, o.sample.kv = p.batch*p.exec, p.exec
	ph := e.prefillPhase(r)
	if err := e.roomAhead(l, p.batch, ph.graph); err != nil {
		return err
	}
	if err := l.st.reserve(ph.graph, shape, 0); err != nil {
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
	}, func(t *span) error { return c.run(t) })
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
func (l *lane) bindPrompt(s *session, shape lmShape, p *prompt) (*call, error) {
	c, err := l.calls.get(s, l.st, shape, 0)
	if err != nil {
		return nil, err
	}
	return c, c.writePrompt(p)
}

// writePrompt writes token ids, mask and positions: the prompt at the right,
// padding with mask 0 at the left, position = max(number of tokens before, 0).
func (c *call) writePrompt(p *prompt) error {
	pad, total := p.exec-p.tokens, c.shape.past+p.exec // past: an empty cache of kv-bucketed
	for b := range p.batch {
		for i := range p.exec {
			at, real := b*p.exec+i, i >= pad
			id := int64(0)
			if real {
				id = p.ids[b*p.tokens+i-pad]
			}
			c.ids.setInt(at, id)
			if c.pos.v.p != nil {
				c.pos.setInt(at, int64(max(i-pad, 0)))
			}
		}
		for i := range total {
			if c.mask.v.p != nil {
				c.mask.setInt(b*total+i, b2i(i >= total-p.tokens))
			}
		}
	}
	return c.upload()
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
