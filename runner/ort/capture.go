package ort

import (
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Graph capture: the executable of a prompt records its work on the device in
// its first run and replays it later, which saves dispatching every operator.
// A replay reads and writes the addresses it was recorded with, and nothing
// tells when it does not do what the graph would do. So each captured
// executable's first replays are compared with the eager lane, on inputs that
// differ; one difference switches capture off and drops what was captured.

// capturing is what is known of a captured executable.
type capturing struct {
	gen      int             // of the buffers that it replays over
	compared int             // requests whose answers were compared
	event    *protocol.Event // lasts as long as the first runs, which capture
}

// provenReplays is how many requests of a captured executable are always compared.
const provenReplays = 4

// capturable returns the graph to capture for a choice; nil when its
// executable is to run as it is.
func (e *engine) capturable(ch *choice) *graph {
	if !e.capture || ch.key.shape == dynamicShape || ch.key.phase != "prefill" && !ch.graph.constant {
		return nil
	}
	return e.captureG[ch.graph]
}

// openCaptured makes the session of a choice that captures its graph; nil
// when there is none to be captured, or when that is refused.
func (e *engine) openCaptured(l *lane, r *protocol.Request, ch *choice, spec *sessionSpec) (*session, error) {
	g := e.capturable(ch)
	if g == nil {
		return nil, nil
	}
	captured := *spec
	captured.capture = true
	s, err := e.maker.open(g, captured)
	if err == nil && ch.key.phase == "decode" {
		if s.twin, err = e.maker.open(g, captured); err == nil {
			s.makeNs += s.twin.makeNs
			s.twin.capture = s.capture
		} else {
			s.free()
		}
	}
	if err != nil {
		e.captureOff(l, r, ch.shape.String(), fmt.Sprintf("%s: refused: %v", ch.shape.sentence(ch.key.phase), oneLine(err)))
		return nil, nil
	}
	ch.graph, spec.capture = g, true
	return s, nil
}

// captured notes that an executable's first run will capture its graph.
func (e *engine) captured(l *lane, r *protocol.Request, ch *choice, x *executable) {
	ch.group.captures++
	if x.s.twin != nil {
		ch.group.captures++
	}
	x.s.capture.gen = l.st.gen
	ev := about(stats.KindGraphCapture, r, l.name, label(r), ch.shape.String())
	ev.TNs = now()
	ev.Reason = fmt.Sprintf("%s: the first run captures the graph, later ones replay it", ch.shape.sentence(ch.key.phase))
	x.s.capture.event = &ev
	l.pending = append(l.pending, &ev)
}

// moved reports whether the buffers that a captured executable replays over
// are gone, and drops it then. Room for a request is made before it chooses.
func (e *engine) moved(l *lane, g *group, x *executable) bool {
	if x.s.capture == nil || x.s.capture.gen == l.st.gen {
		return false
	}
	e.dropExecutable(g, x)
	return true
}

// replays are the captured executables that an outcome ran.
func (o *outcome) replays() []*capturing {
	var out []*capturing
	add := func(c *call) {
		if c != nil && c.s.capture != nil && !slices.Contains(out, c.s.capture) {
			out = append(out, c.s.capture)
		}
	}
	add(o.last)
	if o.gen != nil {
		for _, s := range o.gen.stages() {
			add(s.c)
		}
	}
	return out
}

// unproven reports whether an outcome ran a captured executable that has not
// been compared often enough, and counts it as compared.
func (o *outcome) unproven() bool {
	is := false
	for _, c := range o.replays() {
		is = is || c.compared < provenReplays
		c.compared++
	}
	return is
}

// captureOff drops every captured executable and captures no more.
func (e *engine) captureOff(l *lane, r *protocol.Request, shape, why string) {
	if !e.capture {
		return
	}
	e.capture, e.dirty = false, true
	n := 0
	for _, g := range e.groups {
		for el := g.used.Front(); el != nil; {
			x, next := el.Value.(*executable), el.Next()
			if x.s.capture != nil {
				e.dropExecutable(g, x)
				n++
			}
			el = next
		}
	}
	ev := about(stats.KindGraphCapture, r, l.name, label(r), shape)
	ev.TNs = now()
	ev.Reason = fmt.Sprintf("%s; capture is off from now on, %d captured executables dropped", why, n)
	ev.Extra = map[string]any{"fallback_from": "graph capture", "fallback_error": why}
	l.pending = append(l.pending, ev)
}
