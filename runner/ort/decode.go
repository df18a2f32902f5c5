package ort

import (
	"cmp"
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
	untimed := 1
	if timedPrefill {
		untimed = 0
	} else if err := e.runStage(l, r, g, 0); err != nil {
		return fmt.Errorf("prompt before kv_decode: %w", err)
	}
	before := e.region.begin(l, g.sessions()...)
	start := native.Now()
	for i := untimed; i < len(g.stages) && err == nil; i++ {
		if err = e.runStage(l, r, g, i); err == nil && i == 0 {
			o.sample.ttftNs = g.stages[0].span.End - start - l.asideNs
		}
	}
	end := native.Now()
	e.region.leave()
	o.sample.noise = l.probe.Stop(before)
	o.sample.startNs, o.sample.wallNs = start, end-start-l.asideNs
	e.sumUp(l, r, g, o, g.stages[untimed:])
	if err != nil {
		return err
	}
	o.gen, o.last = g, g.last()
	return nil
}

// runStage runs one forward pass, making its executable if there is none. Its
// span then begins so long before the run as making took.
func (e *engine) runStage(l *lane, r *protocol.Request, g *generation, at int) error {
	s, start, aside := &g.stages[at], int64(0), l.asideNs
	s.dropEvicted()
	if s.c == nil {
		start = native.Now()
		if err := e.prepareNow(l, r, g, s); err != nil {
			return err
		}
	}
	if at > 0 {
		if err := s.c.take(g.stages[at-1].c); err != nil {
			return err
		}
	}
	if err := g.write(s); err != nil {
		return err
	}
	if err := s.c.run(&s.span); err != nil {
		return fmt.Errorf("%v: %w", s.shape, err)
	}
	g.chosen = s.c.tokens(g.chosen)
	if start != 0 {
		s.span.Start = start + l.asideNs - aside
	}
	return nil
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
	o.sample.shape = fmt.Sprintf("%dx%d+%d", g.p.batch, g.p.exec, g.steps())
	o.sample.kv = g.p.cached() + g.steps()
	if g.padded > 0 {
		o.sample.shape += fmt.Sprintf("@%d", g.padded)
		o.sample.kv = g.padded
	}
	o.sample.executed = g.p.batch * g.steps()
	if timedPrefill {
		o.sample.executed += g.p.batch * g.p.exec
	}
}

// sumUp gathers step times, compiles, what ran and what fell back in the stages
// that were timed.
func (e *engine) sumUp(l *lane, r *protocol.Request, g *generation, o *outcome, timed []stage) {
	var fell *choice
	n, compiled, eager := 0, false, false
	for i := range timed {
		s := &timed[i]
		o.sample.deviceNs += s.span.Device
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
		if s.step == 0 {
			continue
		}
		if s.span.End == 0 {
			break // it failed before
		}
		o.sample.stepsNs = append(o.sample.stepsNs, s.span.End-s.span.Start)
		o.sample.stepsKV = append(o.sample.stepsKV, cmp.Or(g.padded, g.p.cached()+s.step))
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
