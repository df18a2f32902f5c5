package ort

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/probe"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// flushEvery is the longest that a finished sample waits for its batch.
const flushEvery = 50 * time.Millisecond

// sample is one execution as the engine measured it.
type sample struct {
	lane                               string
	mode, strategy, shape              string
	backend                            string
	request                            uint64
	order                              int
	startNs, wallNs, compileNs, ttftNs int64
	deviceNs                           int64 // 0: the device has no events
	executed, kv                       int
	noise                              native.Noise
	stepsNs                            []int64
	stepsKV                            []int
	err                                string
}

type batchKey struct{ lane, mode, strategy, shape, backend string }

// emitter collects samples into batches and sends them between requests.
// Events go to the buffer at once, hence before the batch of their sample.
type emitter struct {
	w       *protocol.Writer
	open    map[batchKey]*protocol.Batch
	last    int64 // instant of the last flush
	samples uint64
	err     error // first failure to write: the supervisor is gone
}

func newEmitter(w *protocol.Writer) *emitter {
	return &emitter{w: w, open: map[batchKey]*protocol.Batch{}, last: native.Now()}
}

// add puts a sample into its batch.
func (e *emitter) add(s *sample) {
	k := batchKey{s.lane, s.mode, s.strategy, s.shape, s.backend}
	b := e.open[k]
	if b == nil {
		b = &protocol.Batch{Lane: s.lane, Mode: s.mode, Strategy: s.strategy, Shape: s.shape, Backend: s.backend}
		e.open[k] = b
	}
	n := len(b.Request)
	b.Request = append(b.Request, s.request)
	b.Order = append(b.Order, s.order)
	b.StartNs = append(b.StartNs, s.startNs)
	b.WallNs = append(b.WallNs, s.wallNs)
	b.CompileNs = append(b.CompileNs, s.compileNs)
	if s.deviceNs > 0 || b.DeviceNs != nil {
		for len(b.DeviceNs) < n {
			b.DeviceNs = append(b.DeviceNs, -1)
		}
		b.DeviceNs = append(b.DeviceNs, cmp.Or(max(s.deviceNs, 0), -1))
	}
	b.ExecutedTokens = append(b.ExecutedTokens, s.executed)
	b.KVTokens = append(b.KVTokens, s.kv)
	b.RunDelayNs = append(b.RunDelayNs, s.noise.RunDelay)
	b.MinFlt = append(b.MinFlt, s.noise.Minflt)
	b.MajFlt = append(b.MajFlt, s.noise.Majflt)
	b.NIvCSw = append(b.NIvCSw, s.noise.Nivcs)
	if s.mode == "e2e_kv" {
		b.TTFTNs = append(b.TTFTNs, s.ttftNs)
	}
	if stats.ModeOf(s.mode).Times(stats.DecodePhase) {
		b.StepsNs = append(b.StepsNs, s.stepsNs)
		b.StepsKV = append(b.StepsKV, s.stepsKV)
	}
	if s.err != "" || b.Error != nil {
		for len(b.Error) < n {
			b.Error = append(b.Error, "")
		}
		b.Error = append(b.Error, s.err)
	}
	e.samples++
}

// event sends an engine's event; request nil means none.
func (e *emitter) event(ev *protocol.Event) {
	ev.TNs = cmp.Or(ev.TNs, native.Now())
	e.queue(ev)
}

// queue puts a message behind what was queued before it.
func (e *emitter) queue(msg any) {
	e.err = cmp.Or(e.err, e.w.Queue(msg))
}

// flush sends the open batches in the order of their first sample, and
// everything queued before them.
func (e *emitter) flush() {
	batches := slices.Collect(maps.Values(e.open))
	slices.SortFunc(batches, func(a, b *protocol.Batch) int { return cmp.Compare(a.StartNs[0], b.StartNs[0]) })
	for _, b := range batches {
		e.queue(b)
	}
	clear(e.open)
	e.err = cmp.Or(e.err, e.w.Flush())
	e.last = native.Now()
}

// flushBefore sends what is open when work of the expected length would keep
// it waiting too long.
func (e *emitter) flushBefore(expected int64) {
	if len(e.open) > 0 && native.Now()-e.last+expected >= int64(flushEvery) {
		e.flush()
	}
}

// flushIfDue sends what is open when the oldest may not wait longer.
func (e *emitter) flushIfDue() {
	if native.Now()-e.last >= int64(flushEvery) {
		e.flush()
	}
}

// send flushes everything and then sends msg.
func (e *emitter) send(msg any) {
	e.flush()
	e.err = cmp.Or(e.err, e.w.Send(msg))
}

// note keeps an event of now, to be sent before the sample that it belongs to.
func (l *lane) note(kind stats.Kind, r *protocol.Request, shape, reason string) *protocol.Event {
	ev := &protocol.Event{TNs: native.Now(), Kind: kind, Lane: l.name, Mode: r.Mode, Strategy: label(r), Shape: shape, Request: new(r.ID), Reason: reason}
	l.pending = append(l.pending, ev)
	return ev
}

// label is the strategy of a request as files and screen name it: the word of
// the mode's phase, or both for the mode that has two.
func label(r *protocol.Request) string {
	return stats.ModeOf(r.Mode).Label(r.Strategy.Prefill, r.Strategy.Decode)
}

// workTold is a kind of request whose work has been told.
type workTold struct {
	lane, mode, shape string
	tokens, steps     int
}

// findLimit says what the device can do, where the work of requests is known;
// else a note says why there is no limit.
func (e *engine) findLimit(loaded *protocol.Loaded) {
	var costs *limit.Transformer
	var weights float64
	var err error
	if e.forwardG != nil {
		weights, err = e.model.ForwardWeights()
	} else {
		costs, err = e.model.Costs()
	}
	if err == nil && e.maker.Provider.Name == "webgpu" {
		err = errors.New("the rates of WebGPU are not measured")
	}
	if err == nil {
		loaded.Roof, err = e.maker.Roof(e.dev, e.heap, native.TypeOf(loaded.Model.DType), loaded.Device)
	}
	if err != nil {
		loaded.Notes = append(loaded.Notes, "the limit is not known: "+err.Error())
		return
	}
	e.costs, e.weights, e.told, e.forwards = costs, weights, map[workTold]bool{}, map[string]limit.Work{}
}

// tellWork tells the bytes and operations of a request before its first like.
func (e *engine) tellWork(r *protocol.Request, o *outcome) {
	s := &o.sample
	k := workTold{s.lane, s.mode, s.shape, r.Tokens, 0}
	if s.mode == "forward" {
		e.tellForward(k, o)
		return
	}
	if stats.ModeOf(s.mode).Times(stats.DecodePhase) {
		k.steps = r.NewTokens
	}
	if e.costs == nil || s.err != "" || e.told[k] {
		return
	}
	e.told[k] = true
	m := &protocol.Work{Lane: s.lane, Mode: s.mode, Shape: s.shape, Tokens: r.Tokens, NewTokens: k.steps}
	if stats.ModeOf(s.mode).Times(stats.PrefillPhase) {
		m.Passes = append(m.Passes, limit.Pass{Times: 1, Natural: e.costs.Prefill(r.Batch, r.Tokens), Executed: e.costs.Prefill(r.Batch, r.Exec[o.lane.id])})
	}
	if n := len(s.stepsKV); n > 0 {
		m.Passes = append(m.Passes, limit.Pass{Times: float64(n), Natural: e.costs.Steps(r.Batch, r.Tokens+1, r.Tokens+n),
			Executed: e.costs.Steps(r.Batch, s.stepsKV[0], s.stepsKV[n-1])})
	}
	e.out.queue(m)
}

// limitOf keeps what a probe run says of the work of a forward pass. Where an
// operator cannot be counted nobody is told a bound.
func (e *engine) limitOf(shape string, p *probe.Profile) {
	switch {
	case e.weights == 0:
	case p.Uncounted != "":
		e.weights = 0
		e.out.event(&protocol.Event{Kind: stats.KindMark, Reason: "the limit is not known: what " + p.Uncounted + " computes is not counted"})
	default:
		e.forwards[shape] = limit.Work{Bytes: e.weights + p.Gathered, Ops: p.Ops}
	}
}

// tellForward tells the work of a forward pass once its executable was probed.
func (e *engine) tellForward(k workTold, o *outcome) {
	w, known := e.forwards[k.shape]
	if !known || e.told[k] || o.sample.err != "" || o.forward == nil {
		return
	}
	e.told[k] = true
	w.Bytes += o.forward.moved()
	e.out.queue(&protocol.Work{Lane: k.lane, Mode: k.mode, Shape: k.shape, Tokens: k.tokens, Passes: []limit.Pass{{Times: 1, Natural: w, Executed: w}}})
}

// moved is the bytes of the inputs and of the outputs whose sizes are known.
func (c *forwardCall) moved() float64 {
	n := 0
	for _, x := range c.inputs {
		n += x.x.Bytes
	}
	for _, x := range c.outputs {
		n += x.x.Bytes
	}
	return float64(n)
}
