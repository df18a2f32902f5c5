package ort

import (
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Graph capture: the executable of a prompt records its work on the device in
// its first run and replays it later, which saves dispatching every operator.
// A replay reads and writes the addresses it was recorded with, and nothing
// tells when it does not do what the graph would do. So each captured
// executable's first replays are compared with the eager lane, on inputs that
// differ; one difference switches capture off and drops what was captured.

// provenReplays is how many requests of a captured executable are always compared.
const provenReplays = 4

// capturable returns the graph to capture for a choice; nil when its
// executable is to run as it is.
func (e *engine) capturable(ch *choice) *native.Graph {
	if !e.capture || ch.key.shape == dynamicShape || ch.key.phase != "prefill" && !ch.graph.Constant {
		return nil
	}
	return ch.graph.Captured
}

// openCaptured makes the session of a choice that captures its graph; nil
// when there is none to be captured, or when that is refused.
func (e *engine) openCaptured(l *lane, r *protocol.Request, ch *choice, spec *native.SessionSpec) *native.Session {
	g := e.capturable(ch)
	if g == nil {
		return nil
	}
	captured := *spec
	captured.Capture = true
	s, err := e.maker.Open(g, captured)
	if err == nil && ch.key.phase == "decode" {
		if s.Twin, err = e.maker.Open(g, captured); err == nil {
			s.MakeNs += s.Twin.MakeNs
			s.Twin.Capture = s.Capture
		} else {
			s.Free()
		}
	}
	if err != nil {
		e.captureOff(l, r, ch.shape.String(), fmt.Sprintf("%s: refused: %v", ch.shape.sentence(ch.key.phase), native.OneLine(err)))
		return nil
	}
	ch.graph, spec.Capture = g, true
	return s
}

// captured notes that an executable's first run will capture its graph.
func (e *engine) captured(l *lane, r *protocol.Request, ch *choice, x *executable) {
	ch.group.captures++
	if x.s.Twin != nil {
		ch.group.captures++
	}
	x.s.Capture.Gen = l.st.Gen
	x.s.Capture.Event = l.note(stats.KindGraphCapture, r, ch.shape.String(), fmt.Sprintf("%s: the first run captures the graph, later ones replay it", ch.shape.sentence(ch.key.phase)))
}

// moved reports whether the buffers that a captured executable replays over
// are gone, and drops it then. Room for a request is made before it chooses.
func (e *engine) moved(l *lane, g *group, x *executable) bool {
	if x.s.Capture == nil || x.s.Capture.Gen == l.st.Gen {
		return false
	}
	e.dropExecutable(g, x)
	return true
}

// replays are the captured executables that an outcome ran.
func (o *outcome) replays() []*native.Capturing {
	var out []*native.Capturing
	add := func(c *call) {
		if c != nil && c.s.Capture != nil && !slices.Contains(out, c.s.Capture) {
			out = append(out, c.s.Capture)
		}
	}
	add(o.last)
	if o.gen != nil {
		for _, s := range o.gen.stages {
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
		is = is || c.Compared < provenReplays
		c.Compared++
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
		n += e.dropAll(g, func(x *executable) bool { return x.s.Capture != nil })
	}
	ev := l.note(stats.KindGraphCapture, r, shape, fmt.Sprintf("%s; capture is off from now on, %d captured executables dropped", why, n))
	ev.Extra = map[string]any{"fallback_from": "graph capture", "fallback_error": why}
}
