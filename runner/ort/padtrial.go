package ort

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// What padding does to a model's answers is tried on the model itself, since
// a graph can count positions or tokens in ways that nobody foresaw.

// Trial is how far answers with padding are from those without: the last
// position's logits, relative L2. Why is not empty when they differ.
type Trial struct {
	Strategy string
	RelL2    float64
	Why      string
}

// String says the trial in a phrase.
func (t Trial) String() string {
	if t.Why != "" {
		return t.Why
	}
	if t.RelL2 == 0 {
		return "tried: the same answers as without padding"
	}
	return fmt.Sprintf("tried: relative L2 %.2g from the answer without padding", t.RelL2)
}

const (
	trialTokens = 5 // of the prompt, with trialPad of padding
	trialPad    = 3
	trialSteps  = 3
)

// tryPadding tries padded prompts and a padded cache on sessions of their own.
func (e *engine) tryPadding() []Trial {
	if e.prefillG == nil {
		return nil
	}
	l := e.newLane(stats.Eager)
	sessions := map[*native.Graph]*native.Session{}
	defer func() {
		l.calls.forget(nil)
		l.st.Free()
		for _, s := range sessions {
			s.Free()
		}
	}()
	try := func(strategy string, exec, padded int) Trial {
		d, err := e.paddedDistance(l, sessions, exec, padded)
		t := Trial{Strategy: strategy, RelL2: d}
		switch {
		case err != nil:
			t.Why = "it fails on this model: " + native.OneLine(err)
		case !(d <= e.checks.tolerance):
			t.Why = fmt.Sprintf("it changes this model's answers: relative L2 %.3g, over %g", d, e.checks.tolerance)
		}
		return t
	}
	var out []Trial
	if e.noPad == "" {
		out = append(out, try("padded", trialTokens+trialPad, 0))
	}
	if e.bucketG != nil {
		out = append(out, try("kv-bucketed", trialTokens, 4*trialTokens))
	}
	return out
}

// paddedDistance compares a generation with padding to one without, under the
// same tokens.
func (e *engine) paddedDistance(l *lane, sessions map[*native.Graph]*native.Session, exec, padded int) (float64, error) {
	plain, err := e.trialRun(l, sessions, trialTokens, 0, nil)
	if err != nil {
		return 0, err
	}
	with, err := e.trialRun(l, sessions, exec, padded, plain.tokens)
	if err != nil {
		return 0, err
	}
	worst := 0.0
	for i := range plain.logits {
		d, err := relL2(plain.logits[i], with.logits[i])
		if err != nil {
			return 0, err
		}
		worst = max(worst, d)
	}
	return worst, nil
}

// trialAnswer is the last logits of every pass, and the tokens chosen.
type trialAnswer struct {
	logits [][]float32
	tokens []int64
}

// trialRun runs a prompt of trialTokens in exec and, where there is a decode
// graph, trialSteps steps; padded is the length of a constant cache, 0 for one
// that grows. forced tokens take the place of its own choices.
func (e *engine) trialRun(l *lane, sessions map[*native.Graph]*native.Session, exec, padded int, forced []int64) (trialAnswer, error) {
	var out trialAnswer
	p := &prompt{batch: 1, tokens: trialTokens, exec: exec, ids: make([]int64, trialTokens)}
	p.right = e.rightG != nil && exec > trialTokens
	fillTokens(p.ids, 1, e.vocab)
	g := &generation{p: p, padded: padded, stages: make([]stage, 1)}
	pre, decode := e.prefillG, e.decodeG
	switch {
	case padded > 0 && e.fillG != nil:
		pre, decode = e.fillG, e.bucketG
	case padded > 0:
		pre, decode = e.bucketG, e.bucketG
	case p.right:
		pre = e.rightG
	}
	if decode != nil {
		g.stages = make([]stage, 1+trialSteps)
	}
	if err := g.makeRoom(l, pre, decode); err != nil {
		return out, err
	}
	for i := range g.stages {
		s, at := &g.stages[i], decode
		if i == 0 {
			at = pre
		}
		var err error
		if sessions[at] == nil {
			if sessions[at], err = e.maker.Open(at, native.SessionSpec{}); err != nil {
				return out, err
			}
		}
		s.ch.s = sessions[at]
		if err = g.bind(l, s); err != nil {
			return out, err
		}
		if i > 0 && forced != nil {
			err = s.c.force(forced[i-1 : i])
		} else if i > 0 {
			err = s.c.take(g.stages[i-1].c)
		}
		if err == nil {
			err = s.c.run(&s.span)
		}
		var logits []float32
		if err == nil {
			logits, err = s.c.lastLogits()
		}
		if err != nil {
			return out, err
		}
		out.logits, out.tokens = append(out.logits, logits), s.c.tokens(out.tokens)
	}
	return out, nil
}

// believePadding takes back what the trial did not confirm. The built-in
// models are confirmed by tests.
func (e *engine) believePadding(loaded *protocol.Loaded) {
	if strings.HasPrefix(e.load.Name, "builtin:") {
		return
	}
	for _, t := range e.tryPadding() {
		if t.Why == "" {
			continue
		}
		if t.Strategy == "padded" {
			e.noPad = t.Why
			loaded.Lacks["padded"], loaded.Lacks["bucketed"] = t.Why, t.Why
		} else {
			e.bucketG, e.model.WhyNotBucketed = nil, t.Why
			loaded.Lacks[t.Strategy] = t.Why
		}
	}
}

// TryPadding loads a model on the CPU and tries what padding does to it.
func TryPadding(ctx context.Context, o Options, model string) ([]Trial, error) {
	if _, err := findLibrary(ctx, &o); err != nil {
		return nil, err
	}
	path, err := onnxmodel.Resolve(model)
	if err != nil {
		return nil, err
	}
	load := &protocol.Load{Model: path, Name: "builtin:", Provider: "cpu", Threads: 1, RecompileLimit: 1, Compile: "inline"}
	e, _, err := newEngine(load, newEmitter(protocol.NewWriter(io.Discard)), &sync.Mutex{})
	if err != nil {
		return nil, err
	}
	defer e.close()
	return e.tryPadding(), nil
}
