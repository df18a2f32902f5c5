package ort

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// proofTokens is the length of the prompts that prove capture at load.
const proofTokens = 8

// startCapture decides whether executables capture their graphs: when that is
// asked for, and under auto where a proof at load shows that replays answer.
func (e *engine) startCapture(loaded *protocol.Loaded) {
	note := func(text string) { loaded.Notes = append(loaded.Notes, text) }
	p, asked := e.maker.Provider, e.load.Capture
	possible := p.Captures() && e.prefillG != nil && e.prefillG.Captured != nil
	switch {
	case asked == "off" || asked == "" || asked != "on" && !possible:
	case !possible:
		note("graph capture is off: it is offered for language models, on cuda, tensorrt and webgpu")
	case e.lanes[0].st.HostCache:
		note("graph capture is off: it needs the cache on the device, and kv_cache=host sends it through the host")
	case asked == "on":
		e.capture = true
	case p.Software:
		note("graph capture is off: " + p.Device + " computes on the processor; --capture on tries it all the same")
	default:
		if err := e.proveCapture(); err != nil {
			note("graph capture is off: its proof failed: " + native.OneLine(err))
			break
		}
		e.capture = true
		note(fmt.Sprintf("graph capture is on: %d replays over different inputs answered like the eager session", provenReplays-1))
	}
	e.lanes[stats.Optimized].st.Roomy = e.capture
}

// Room that is made before the first graph is captured: prompts and caches of
// so many tokens, while the logits of them are no more than so many bytes.
const (
	roomTokens = 1024
	roomBytes  = 256 << 20
)

// roomAhead makes room for every shape that is likely to come, once a graph
// and batch: a buffer that grows takes the captured graphs over it along.
func (e *engine) roomAhead(l *lane, batch int, graphs ...*native.Graph) error {
	if !l.st.Roomy {
		return nil
	}
	n := roomTokens
	if e.maxPos > 0 {
		n = min(n, e.maxPos)
	}
	for n > 64 && batch*n*e.vocab*4 > roomBytes {
		n /= 2
	}
	for _, g := range graphs {
		prompt := lmShape{batch: batch, seq: n, kept: n}
		if g.Constant {
			prompt.past = n
		}
		err := reserve(l.st, g, prompt, 0)
		for step := 1; step <= 2 && err == nil && len(g.Past) > 0; step++ {
			err = reserve(l.st, g, lmShape{batch: batch, seq: 1, past: n}, step)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// proveCapture captures the graph of a short prompt and replays it over other
// prompts: each answer, logits and cache, must be the eager session's.
func (e *engine) proveCapture() error {
	eager, err := e.session(stats.Eager, e.prefillG)
	if err != nil {
		return err
	}
	shape := lmShape{batch: 1, seq: proofTokens}
	g := e.prefillG.Captured
	captured, err := e.maker.Open(g, native.SessionSpec{Compiled: true, Capture: true, Lane: stats.Optimized, Fixed: g.Fixed(shape.values())})
	if err != nil {
		return err
	}
	defer captured.Free()
	stores := [2]*native.Store{native.NewStore(e.dev, e.heap), native.NewStore(e.dev, e.heap)}
	defer stores[0].Free()
	defer stores[1].Free()
	var calls [2]*call
	for i, s := range []*native.Session{eager, captured} {
		if calls[i], err = newCall(s, stores[i], shape, 0); err != nil {
			return err
		}
		defer calls[i].free()
	}
	for seed := range uint64(provenReplays) {
		if err := e.proveReplay(calls, seed); err != nil {
			return fmt.Errorf("run %d: %w", seed+1, err)
		}
	}
	return nil
}

// proveReplay runs one prompt in both calls and compares what they leave.
func (e *engine) proveReplay(calls [2]*call, seed uint64) error {
	p := &prompt{batch: 1, tokens: proofTokens, exec: proofTokens, ids: make([]int64, proofTokens)}
	fillTokens(p.ids, seed, e.vocab)
	for _, c := range calls {
		if err := c.writePrompt(p); err != nil {
			return err
		}
		if err := c.run(new(native.Span)); err != nil {
			return err
		}
		if err := c.fresh(); err != nil {
			return err
		}
	}
	d, err := callDistance(calls[0], calls[1])
	if err == nil && !(d <= e.checks.tolerance) {
		err = fmt.Errorf("the answers differ by %.3g relative L2, over %g", d, e.checks.tolerance)
	}
	return err
}

// callDistance is the greatest distance of logits and cache of two calls.
func callDistance(ref, opt *call) (float64, error) {
	d, err := logitsDistance(ref, opt)
	if err != nil {
		return 0, err
	}
	c, err := cacheDistance(ref, opt)
	return max(c, d), err // NaN stays NaN
}
