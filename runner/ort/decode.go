package ort

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
)

// generate runs kv_decode and e2e_kv.
//
// kv_decode: the prompt runs first, eager, untimed and uncounted; timed is the
// loop of NewTokens steps. e2e_kv: timed from the prompt's run on. Everything
// that has an executable is bound and written before; what has none is made
// inside, and the time of binding and writing it taken out.
func (e *engine) generate(l *lane, r *protocol.Request, o *outcome) error {
	timedPrefill := r.Mode == "e2e_kv"
	g, err := e.plan(l, r, timedPrefill)
	if err != nil {
		return err
	}
	e.describeGeneration(g, o, timedPrefill)
	if !timedPrefill {
		if err := e.runStage(l, r, g, nil, &g.prefill, &native.Span{}); err != nil {
			return fmt.Errorf("prompt before kv_decode: %w", err)
		}
	}
	before := e.region.begin(l, g.sessions()...)
	start := native.Now()
	var first native.Span
	if timedPrefill {
		if err = e.runStage(l, r, g, nil, &g.prefill, &first); err == nil {
			o.sample.ttftNs = first.End - start - l.asideNs
		}
	}
	for k := 0; k < g.steps && err == nil; k++ {
		err = e.runStage(l, r, g, g.before(k), &g.decode[k], &g.spans[k])
	}
	end := native.Now()
	e.region.leave()
	o.sample.noise = l.probe.Stop(before)
	o.sample.startNs, o.sample.wallNs, o.sample.deviceNs = start, end-start-l.asideNs, first.Device
	e.sumUp(l, r, g, o, timedPrefill)
	if err != nil {
		return err
	}
	o.gen, o.last = g, g.decode[g.steps-1].c
	return nil
}

// runStage runs one forward pass, making its executable if there is none. t
// then begins so long before the run as making took.
func (e *engine) runStage(l *lane, r *protocol.Request, g *generation, before, s *stage, t *native.Span) error {
	start, aside := int64(0), l.asideNs
	s.dropEvicted()
	if s.c == nil {
		start = native.Now()
		if err := e.prepareNow(l, r, g, s); err != nil {
			return err
		}
	}
	if before != nil {
		if err := s.c.take(before.c); err != nil {
			return err
		}
	}
	if err := g.write(s); err != nil {
		return err
	}
	if err := s.c.run(t); err != nil {
		return fmt.Errorf("%v: %w", s.shape, err)
	}
	g.chosen = s.c.tokens(g.chosen)
	if start != 0 {
		t.Start = start + l.asideNs - aside
	}
	return nil
}

// before is the stage that runs before decode[k].
func (g *generation) before(k int) *stage {
	if k == 0 {
		return &g.prefill
	}
	return &g.decode[k-1]
}

// dropEvicted forgets a binding that is gone, and the session with it when an
// earlier stage has pushed that out.
func (s *stage) dropEvicted() {
	if s.c == nil || s.c.b.P != nil {
		return
	}
	s.c = nil
	if !s.ch.compile || s.ch.fell != "" {
		return
	}
	if x := s.ch.group.get(s.ch.key); x == nil || x.s != s.ch.s {
		s.ch.s = nil
	}
}

// prepareNow makes the executable of a stage, or falls back, and binds it.
func (e *engine) prepareNow(l *lane, r *protocol.Request, g *generation, s *stage) error {
	if s.ch.missing() {
		// Another stage of this request may have made it, or filled the cache.
		if x := s.ch.group.get(s.ch.key); x != nil {
			s.ch.s = x.s
		} else if err := e.make(l, r, &s.ch); err != nil {
			return err
		}
	}
	return l.aside(func() error { return g.bind(l, s) })
}

// describeGeneration fills the parts of the sample that the plan decides.
func (e *engine) describeGeneration(g *generation, o *outcome, timedPrefill bool) {
	o.sample.shape = fmt.Sprintf("%dx%d+%d", g.p.batch, g.p.exec, g.steps)
	o.sample.kv = g.p.cached() + g.steps
	if g.padded > 0 {
		o.sample.shape += fmt.Sprintf("@%d", g.padded)
		o.sample.kv = g.padded
	}
	o.sample.executed = g.p.batch * g.steps
	if timedPrefill {
		o.sample.executed += g.p.batch * g.p.exec
	}
}

// sumUp gathers step times, compiles, what ran and what fell back.
func (e *engine) sumUp(l *lane, r *protocol.Request, g *generation, o *outcome, timedPrefill bool) {
	stages := make([]*stage, 0, g.steps+1)
	if timedPrefill {
		stages = append(stages, &g.prefill)
	}
	for k := range g.decode {
		stages = append(stages, &g.decode[k])
		if g.spans[k].End == 0 {
			break // it failed before
		}
		o.sample.stepsNs = append(o.sample.stepsNs, g.spans[k].End-g.spans[k].Start)
		o.sample.deviceNs += g.spans[k].Device
		kv := g.p.cached() + k + 1
		if g.padded > 0 {
			kv = g.padded
		}
		o.sample.stepsKV = append(o.sample.stepsKV, kv)
	}
	var fell *choice
	n, compiled, eager := 0, false, false
	for _, s := range stages {
		o.sample.compileNs += s.ch.makeNs
		ran := s.c != nil && s.c.s.Compiled
		compiled, eager = compiled || ran, eager || !ran
		if s.ch.fell != "" {
			n++
			if fell == nil {
				fell = &s.ch
			} else {
				fell.lostNs += s.ch.lostNs
			}
		}
	}
	o.sample.backend = e.ran(compiled, eager)
	if fell != nil {
		e.noteFallback(l, r, fell, o.sample.shape, n)
	}
}

// ran names what ran: the compiled backend, the eager one, or both.
func (e *engine) ran(compiled, eager bool) string {
	switch {
	case compiled && eager:
		return e.backends[1] + "+eager"
	case compiled:
		return e.backends[1]
	}
	return e.backends[0]
}

// compiles reports whether this lane runs compiled sessions in a request.
func (l *lane) compiles(r *protocol.Request) bool { return l.name == "optimized" && !r.AA }
