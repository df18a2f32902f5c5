package ort

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// engine is a loaded model in both lanes. The executor owns it: one goroutine
// on one OS thread. Together, the lanes of one request, is the exception; it
// hands each lane to its own thread and waits for both.
type engine struct {
	load   protocol.Load
	out    *emitter
	region region // timed: the reader waits meanwhile
	maker  *native.Maker
	model  *onnxmodel.Prepared

	prefillG, decodeG, bucketG *native.Graph    // of a language model; nil where there is none
	rightG, fillG              *native.Graph    // of one that is padded on the right: onnxmodel.Prepared
	forwardG                   *native.Graph    // of any other
	feeds                      *feeds           // where its inputs come from
	sizesMade                  map[string][]int // of its dimensions that nobody spoke of

	dev  native.Memory    // of the provider's device; none: the host
	heap native.Allocator // of dev

	eager   map[*native.Graph]*native.Session // of the eager lane, and of what falls back
	second  map[*native.Graph]*native.Session // the optimized lane of an A/A run; made when first asked for
	lanes   [stats.NumLanes]*lane
	groups  map[[2]string]*group
	policy  policy
	compile string
	kvEdges []int

	checks   checks
	higher   higher // judges outputs that differ
	last     sample // reported last
	vocab    int
	maxPos   int
	noPad    string // why padded prompts have other answers with this model; "" they do not
	backends [stats.NumLanes]string
	jobs     []*evidenceJob
	proven   map[[3]string]bool    // mode, strategy and phase of what was made
	took     map[workKey]int64     // wall time of a kind of request when it ran last
	costs    *limit.Transformer    // of a language model; nil: not known
	weights  float64               // bytes that a forward pass reads whole; 0: not known
	forwards map[string]limit.Work // of forward passes by shape, without inputs and outputs
	told     map[workTold]bool     // kinds of requests whose work is told
	dirty    bool                  // counters changed since they were sent
	bg       *background
	prof     *profiling
	alone    bool // only one session may run at a time
	capture  bool // executables of prompts capture their graph

	mu         sync.Mutex // sessions without optimisation are made by either lane
	other      *thread    // of the second of two concurrent lanes
	otherProbe *native.NoiseProbe
}

// lane is what one lane keeps between requests.
type lane struct {
	id      stats.Lane
	name    string
	st      *native.Store
	calls   *calls
	probe   *native.NoiseProbe
	meet    *meeting          // of the lanes of a request that run at once; nil: they do not
	pending []*protocol.Event // of the request in hand
	asideNs int64             // of the region in hand, tailscope's own: not part of its time

	forwards map[forwardKey]*forwardCall
}

const maxCalls = 4096 // bound calls kept a lane; one is a few kilobytes

func (e *engine) newLane(id stats.Lane) *lane {
	st := native.NewStore(e.dev, e.heap)
	st.HostCache = e.dev.P != nil && e.load.Options[native.CacheOption] == "host"
	return &lane{id: id, name: id.String(), st: st, calls: newCalls(maxCalls), forwards: map[forwardKey]*forwardCall{}}
}

// request runs one request in each lane of its order and reports the samples.
func (e *engine) request(r *protocol.Request) {
	e.adopt()
	lanes, err := e.order(r)
	if err != nil {
		e.out.queue(&protocol.Error{Code: "input", Message: fmt.Sprintf("request %d: %v", r.ID, err)})
		return
	}
	waitUntil(r.DueNs)
	outs := make([]*outcome, 0, len(lanes))
	if r.Together && len(lanes) == 2 && !e.alone {
		outs = e.together(
			func() *outcome { return e.inLane(lanes[0], r, 0) },
			func() *outcome { return e.inLane(lanes[1], r, 1) }, lanes)
	} else {
		for i, l := range lanes {
			outs = append(outs, e.inLane(l, r, i))
		}
	}
	e.check(r, outs)
	e.record(r, outs)
	e.remember(r, outs)
	for _, o := range outs {
		e.tellWork(r, o)
		e.report(o)
	}
	e.proveFirst()
	if e.dirty {
		e.out.queue(e.counters())
		e.dirty = false
	}
}

// workKey is what the time of a request is expected from.
type workKey struct {
	mode              string
	strategy          protocol.Strategy
	exec              [2]int
	batch, steps, ran int
}

func workOf(r *protocol.Request) workKey {
	return workKey{r.Mode, r.Strategy, r.Exec, r.Batch, r.NewTokens, len(r.Order)}
}

// remember notes how long a request took in its lanes together.
func (e *engine) remember(r *protocol.Request, outs []*outcome) {
	var sum int64
	for _, o := range outs {
		sum += o.sample.wallNs
	}
	e.took[workOf(r)] = sum
}

// expected is how long a request may take: one that is unknown, very long.
func (e *engine) expected(r *protocol.Request) int64 {
	if d, ok := e.took[workOf(r)]; ok {
		return d
	}
	return int64(flushEvery)
}

// order is the lanes of a request, first to last; each at most once.
func (e *engine) order(r *protocol.Request) ([]*lane, error) {
	var out []*lane
	for _, name := range r.Order {
		id, err := stats.ParseLane(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out, e.lanes[id]) {
			return nil, fmt.Errorf("lane %s stands twice in its order", name)
		}
		out = append(out, e.lanes[id])
	}
	return out, nil
}

// outcome is a sample with what is needed to compare its outputs.
type outcome struct {
	lane   *lane
	sample sample
	last   *call       // the call whose logits answer the request; nil on error
	gen    *generation // of kv_decode and e2e_kv

	forward *forwardCall // of forward
}

func (e *engine) inLane(l *lane, r *protocol.Request, order int) *outcome {
	o := &outcome{lane: l, sample: sample{ttftNs: -1,
		lane: l.name, mode: r.Mode, strategy: label(r), request: r.ID, order: order, shape: "?", backend: e.backends[l.id],
	}}
	var err error
	switch {
	case e.forwardG != nil && r.Mode == "forward":
		if err = e.forward(l, r, o); err == nil {
			e.noteSearch(l, r, o)
		}
	case r.Mode == "forward":
		err = errors.New("mode forward is for models that are no language models: use prefill, kv_decode or e2e_kv")
	case e.prefillG == nil:
		err = fmt.Errorf("mode %s needs a language model with cached keys and values: use forward", r.Mode)
	case r.Mode == "prefill":
		err = e.prefill(l, r, o)
	case e.decodeG == nil && stats.ModeOf(r.Mode).Times(stats.DecodePhase):
		err = fmt.Errorf("mode %s needs a model with past keys and values: use prefill", r.Mode)
	case stats.ModeOf(r.Mode).Times(stats.DecodePhase):
		err = e.generate(l, r, o)
	default:
		err = fmt.Errorf("mode %q is not known to this engine", r.Mode)
	}
	// The readings bracket the region, and a pool's thread may go on waiting
	// after others have done its share: no more than the region is its delay.
	o.sample.noise.RunDelay = min(o.sample.noise.RunDelay, o.sample.wallNs)
	if err != nil {
		o.sample.err, o.last = err.Error(), nil
		if o.sample.startNs == 0 {
			o.sample.startNs = native.Now()
		}
	}
	return o
}

// report sends what happened in a lane: events first, then the sample.
func (e *engine) report(o *outcome) {
	for _, ev := range o.lane.pending {
		e.out.event(ev)
	}
	o.lane.pending = o.lane.pending[:0]
	e.out.add(&o.sample)
	e.last = o.sample
}

func (e *engine) group(mode, strategy string) *group {
	k := [2]string{mode, strategy}
	g := e.groups[k]
	if g == nil {
		g = newGroup(mode, strategy)
		e.groups[k] = g
	}
	return g
}

// counters is the state of the compile cache.
func (e *engine) counters() *protocol.Counters {
	c := &protocol.Counters{Groups: []protocol.Counter{}, Checks: e.checks.report()}
	c.Checks.Reference = e.higher.report()
	for _, k := range sortedKeys(e.groups) {
		c.Groups = append(c.Groups, e.groups[k].counter(e.policy.max))
	}
	return c
}

// set changes policies.
func (e *engine) set(s *protocol.Set) error {
	if len(s.Options) > 0 {
		return errors.New("engine options cannot change while a model is loaded: they are part of its sessions")
	}
	if s.Compile != nil && *s.Compile != "inline" && *s.Compile != "background" && *s.Compile != "warmup" {
		return fmt.Errorf("compile %q: want inline, background or warmup", *s.Compile)
	}
	if s.RecompileLimit != nil {
		e.load.RecompileLimit = *s.RecompileLimit
	}
	if s.Cache != nil {
		e.load.Cache = *s.Cache
	}
	if s.KVEdges != nil {
		e.kvEdges = s.KVEdges
	}
	if s.Compile != nil {
		e.compile = *s.Compile
	}
	e.policy = newPolicy(&e.load)
	for _, g := range e.groups {
		g.limitReached = g.limitReached && e.full(g)
	}
	e.dirty = true
	return nil
}

func newPolicy(l *protocol.Load) policy {
	p := policy{evict: l.Cache.Policy == "evict", max: l.Cache.MaxGraph, maxBytes: l.Cache.MaxBytes}
	if p.max <= 0 {
		p.max = max(l.RecompileLimit, 0)
	}
	return p
}

// clear drops every executable and returns how many there were.
func (e *engine) clear() int {
	e.forgetBackground()
	n := 0
	for _, g := range e.groups {
		n += e.dropAll(g, func(*executable) bool { return true })
		g.limitReached = false
		clear(g.refused)
		clear(g.last)
	}
	e.dirty = true
	return n
}

func (e *engine) dropExecutable(g *group, x *executable) {
	delete(g.execs, x.key)
	for _, l := range e.lanes {
		l.calls.forget(x.s)
		l.forgetForwards(x.s)
	}
	x.s.Free()
}

// dropAll drops those executables of a group for which is says so, and counts them.
func (e *engine) dropAll(g *group, is func(*executable) bool) (n int) {
	for _, x := range g.execs {
		if is(x) {
			e.dropExecutable(g, x)
			n++
		}
	}
	return n
}

func (e *engine) close() {
	e.higher.close()
	e.stopBackground()
	if e.prof != nil {
		e.endProfile()
	}
	if e.other != nil {
		e.other.stop()
	}
	e.clear()
	for _, l := range e.lanes {
		l.calls.forget(nil)
		l.forgetForwards(nil)
		l.st.Free()
		if l.probe != nil {
			l.probe.Close()
		}
	}
	if e.heap.P != nil {
		e.heap.Free()
	}
	for _, set := range []map[*native.Graph]*native.Session{e.second, e.eager} {
		for _, s := range set {
			s.Free()
		}
	}
	e.maker.Weights.Free()
	e.maker.FreeStreams()
}
