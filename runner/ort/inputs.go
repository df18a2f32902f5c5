package ort

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/protocol"
)

// maxTokens bounds a request: beyond any model, and no memory is asked for in vain.
const maxTokens = 1 << 26

// prompt is the semantic input of a request in one lane.
type prompt struct {
	batch, tokens, exec int
	ids                 []int64 // batch × tokens
	right               bool    // padding stands on the right, and is cut away behind the prompt
}

// cached is the length of the cache behind the prompt.
func (p *prompt) cached() int {
	if p.right {
		return p.tokens
	}
	return p.exec
}

// prompt makes the lane's prompt of a request. Both lanes get the same
// tokens; exec may differ.
func (e *engine) prompt(l *lane, r *protocol.Request) (*prompt, error) {
	p := &prompt{batch: max(r.Batch, 1), tokens: r.Tokens, exec: r.Exec[l.id]}
	switch {
	case p.tokens < 1:
		return nil, fmt.Errorf("request %d has no tokens", r.ID)
	case p.exec < p.tokens:
		return nil, fmt.Errorf("request %d: %d tokens do not fit into %d", r.ID, p.tokens, p.exec)
	case e.maxPos > 0 && p.tokens+r.NewTokens > e.maxPos:
		return nil, fmt.Errorf("request %d: %d tokens exceed the model's %d positions", r.ID, p.tokens+r.NewTokens, e.maxPos)
	case max(p.exec, r.NewTokens) > maxTokens/p.batch:
		return nil, fmt.Errorf("request %d: %d x %d tokens are more than %d", r.ID, p.batch, max(p.exec, r.NewTokens), maxTokens)
	}
	if e.noPad != "" {
		p.exec = p.tokens
	}
	pads := l.compiles(r) && (r.Strategy.Prefill == "padded" || r.Strategy.Prefill == "bucketed")
	p.right = e.rightG != nil && (p.exec > p.tokens || pads) // one graph a strategy: executables are told apart by shape
	p.ids = make([]int64, p.batch*p.tokens)
	if r.IDs == nil {
		fillTokens(p.ids, r.Seed, e.vocab)
		return p, nil
	}
	if len(r.IDs) != len(p.ids) {
		return nil, fmt.Errorf("request %d: %d token ids, want batch × tokens = %d", r.ID, len(r.IDs), len(p.ids))
	}
	for i, id := range r.IDs {
		if id < 0 || id >= e.vocab {
			return nil, fmt.Errorf("request %d: token id %d is outside the vocabulary of %d", r.ID, id, e.vocab)
		}
		p.ids[i] = int64(id)
	}
	return p, nil
}

// fillTokens draws uniform tokens; the same seed gives the same tokens.
func fillTokens(ids []int64, seed uint64, vocab int) {
	for i := range ids {
		ids[i] = int64(build.Splitmix64(&seed) % uint64(max(vocab, 1)))
	}
}
