package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

var (
	modes      = stats.ModeNames()
	strategies = map[string][]string{
		"prefill": stats.StrategyWords(stats.PrefillPhase, ""),
		"decode":  stats.StrategyWords(stats.DecodePhase, ""),
	}
	pairings = []string{"interleaved", "sequential", "concurrent"}
	features = []string{"clear", "set", "profile", "aa", "evidence", "check", "device_ns", "steps", "capture"}
	codes    = []string{"library", "model", "provider", "option", "input", "memory", "internal"}
	kinds    = []stats.Kind{stats.KindCompile, stats.KindRecompile, stats.KindLimitReached, stats.KindFallback,
		stats.KindGraphCapture, stats.KindShapeNew, stats.KindEvict, stats.KindDivergence, stats.KindError, stats.KindMark, stats.KindRoute}
)

// take checks one message against the rules that always hold.
func (e *engine) take(r received) {
	if r.err != nil {
		e.fatal("malformed line: %v", r.err)
	}
	if _, first := r.msg.(*protocol.Hello); !first && e.hello == nil {
		e.fatal("the first message is %T, want hello", r.msg)
	}
	if e.bye != nil {
		e.fatal("%T after bye", r.msg)
	}
	switch m := r.msg.(type) {
	case *protocol.Hello:
		e.takeHello(m, r.at)
	case *protocol.Loaded:
		e.takeLoaded(m)
	case *protocol.Batch:
		e.takeBatch(m, r.at)
	case *protocol.Event:
		e.takeEvent(m, r.at)
	case *protocol.Counters:
		e.takeCounters(m)
	case *protocol.Evidence:
		e.proof = append(e.proof, m)
		e.lane(m.Lane, "evidence")
		if m.BackendRequested == "" || m.BackendActual == "" {
			e.fail("evidence of %s names no backends", m.Shape)
		}
	case *protocol.Work:
		e.takeWork(m)
	case *protocol.Error:
		e.errors = append(e.errors, m)
		if m.Message == "" || m.Code != "" && !slices.Contains(codes, m.Code) {
			e.fail("error with code %q and message %q", m.Code, m.Message)
		}
	case *protocol.Flushed:
		for _, id := range m.Dropped {
			if e.pending[id] == nil {
				e.fail("flushed drops request %d, which was not outstanding", id)
			}
			delete(e.pending, id)
		}
		e.answered = append(e.answered, m)
	case *protocol.Cleared, *protocol.Profiled:
		e.answered = append(e.answered, m)
	case *protocol.Bye:
		e.bye = m
	case *protocol.Unknown:
		e.fail("a message of unknown type %q", m.T)
	default:
		e.fail("a message that only tailscope sends: %T", m)
	}
}

// takeWork checks the work of a kind of request: something is moved, padding
// takes nothing away, and what it is needed with is there.
func (e *engine) takeWork(m *protocol.Work) {
	e.lane(m.Lane, "work")
	if e.loaded == nil || !e.loaded.Roof.Known() {
		e.fail("work of %s, but loaded has no roof that bounds can be computed with", m.Shape)
	}
	if len(m.Passes) == 0 {
		e.fail("work of %s has no passes", m.Shape)
	}
	for _, p := range m.Passes {
		if !(p.Times >= 1 && p.Natural.Bytes > 0 && p.Natural.Ops >= 0 && p.Executed.Bytes >= p.Natural.Bytes && p.Executed.Ops >= p.Natural.Ops) {
			e.fail("work of %s: %+v", m.Shape, p)
		}
	}
}

func (e *engine) takeHello(m *protocol.Hello, at int64) {
	if e.hello != nil {
		e.fatal("a second hello")
	}
	e.hello = m
	if m.Protocol != protocol.Version {
		e.fail("protocol %d, want %d", m.Protocol, protocol.Version)
	}
	if m.Engine == "" || m.PID <= 0 || m.Credit < 1 {
		e.fail("hello: engine %q, pid %d, credit %d", m.Engine, m.PID, m.Credit)
	}
	if d := time.Duration(at - m.ClockNs); d < -2*time.Second || d > 2*time.Second {
		e.fail("hello: clock_ns is %v from CLOCK_MONOTONIC", d)
	}
	e.subset("modes", m.Modes, modes)
	e.subset("pairings", m.Pairings, pairings)
	e.subset("features", m.Features, features)
	for phase, words := range m.Strategies {
		e.subset("strategies of "+phase, words, strategies[phase])
	}
	for what, why := range m.Lacks {
		if why == "" {
			e.fail("hello: lacks %q without a sentence", what)
		}
	}
}

func (e *engine) subset(what string, got, want []string) {
	for _, g := range got {
		if !slices.Contains(want, g) {
			e.fail("hello: %s holds %q, want some of %v", what, g, want)
		}
	}
}

func (e *engine) takeLoaded(m *protocol.Loaded) {
	if e.loaded != nil {
		e.fatal("a second loaded")
	}
	e.loaded = m
	if m.Model.Name == "" || m.Device == "" || m.Boundary == "" || m.Threads < 1 || m.DurNs < 0 {
		e.fail("loaded: name %q, device %q, boundary %q, threads %d", m.Model.Name, m.Device, m.Boundary, m.Threads)
	}
	if m.Model.Kind != stats.CausalLM && m.Model.Kind != stats.AnyModel {
		e.fail("loaded: kind %q, want causal-lm or any", m.Model.Kind)
	}
	for _, lane := range stats.Lanes {
		if m.Backends[lane] == "" {
			e.fail("loaded: no backend for lane %s", lane)
		}
	}
}

func (e *engine) lane(lane, what string) bool {
	_, err := stats.ParseLane(lane)
	if err != nil {
		e.fail("%s: %v", what, err)
	}
	return err == nil
}

// takeBatch checks each row against its request and gives the credit back.
func (e *engine) takeBatch(b *protocol.Batch, at int64) {
	if e.loaded == nil {
		e.fail("a batch before loaded")
	}
	if b.Len() == 0 {
		e.fail("an empty batch")
	}
	if !e.lane(b.Lane, "batch") || b.Shape == "" {
		e.fail("batch of lane %q with shape %q", b.Lane, b.Shape)
	}
	for i, id := range b.Request {
		a := e.pending[id]
		if a == nil || !a.left[b.Lane] {
			e.fail("a sample of request %d in lane %s, which is not outstanding", id, b.Lane)
			continue
		}
		e.rows = append(e.rows, row{b, i, a.req})
		e.checkRow(b, i, a, at)
		if delete(a.left, b.Lane); len(a.left) == 0 {
			delete(e.pending, id)
		}
	}
}

func (e *engine) checkRow(b *protocol.Batch, i int, a *asked, at int64) {
	r, what := a.req, fmt.Sprintf("%s, lane %s", describe(a.req), b.Lane)
	if b.Mode != r.Mode {
		e.fail("%s: batch of mode %s", what, b.Mode)
	}
	if b.Strategy == "" || b.Strategy != r.Strategy.Prefill && b.Strategy != r.Strategy.Decode &&
		b.Strategy != "prefill="+r.Strategy.Prefill+",decode="+r.Strategy.Decode {
		e.fail("%s: batch of strategy %q", what, b.Strategy)
	}
	if n := b.Order[i]; n < 0 || n >= len(r.Order) || r.Order[n] != b.Lane {
		e.fail("%s: order %d, but the request has %v", what, n, r.Order)
	}
	begin, wall := b.StartNs[i], b.WallNs[i]
	if wall < 0 || begin < a.sent || begin+wall > at {
		e.fail("%s: ran from %d for %d, but it was sent at %d and reported at %d", what, begin, wall, a.sent, at)
	}
	if begin < r.DueNs {
		e.fail("%s: started %v before it was due", what, time.Duration(r.DueNs-begin))
	}
	if (row{b, i, r}).err() != "" {
		return
	}
	if b.Backend == "" {
		e.fail("%s: no backend", what)
	}
	if wall == 0 {
		e.fail("%s: took no time at all", what)
	}
	if len(b.CompileNs) > 0 && (b.CompileNs[i] < 0 || b.CompileNs[i] > wall) {
		e.fail("%s: compile_ns %d of wall_ns %d", what, b.CompileNs[i], wall)
	}
	if len(b.DeviceNs) > 0 && (b.DeviceNs[i] < -1 || b.DeviceNs[i] > wall+wall/10+100_000) {
		e.fail("%s: device_ns %d of wall_ns %d", what, b.DeviceNs[i], wall)
	}
	if len(b.TTFTNs) > 0 && b.TTFTNs[i] > wall+wall/10+100_000 {
		e.fail("%s: ttft_ns %d of wall_ns %d", what, b.TTFTNs[i], wall)
	}
	e.checkSteps(b, i, r, what)
}

func (e *engine) checkSteps(b *protocol.Batch, i int, r *protocol.Request, what string) {
	if len(b.StepsNs) == 0 || len(b.StepsNs[i]) == 0 {
		return
	}
	if len(b.StepsNs[i]) != r.NewTokens {
		e.fail("%s: %d steps, want %d", what, len(b.StepsNs[i]), r.NewTokens)
	}
	var sum int64
	for _, ns := range b.StepsNs[i] {
		sum += ns
		if ns < 0 {
			e.fail("%s: a step of %d ns", what, ns)
		}
	}
	if wall := b.WallNs[i]; sum > wall+wall/10+100_000 {
		e.fail("%s: steps add up to %d of wall_ns %d", what, sum, wall)
	}
	if len(b.StepsKV) > 0 && len(b.StepsKV[i]) != len(b.StepsNs[i]) {
		e.fail("%s: %d cache lengths for %d steps", what, len(b.StepsKV[i]), len(b.StepsNs[i]))
	}
}

func (e *engine) takeEvent(m *protocol.Event, at int64) {
	e.events = append(e.events, m)
	if !slices.Contains(kinds, m.Kind) || m.Reason == "" {
		e.fail("event of kind %q with reason %q", m.Kind, m.Reason)
	}
	began := m.Kind == stats.KindCompile || m.Kind == stats.KindRecompile || m.Kind == stats.KindGraphCapture // else dur_ns is what it cost
	if m.TNs <= 0 || m.TNs > at || m.DurNs < 0 || began && m.TNs > at-m.DurNs {
		e.fail("event %s at %d lasting %d, received at %d", m.Kind, m.TNs, m.DurNs, at)
	}
	if m.Request == nil {
		return
	}
	a := e.pending[*m.Request]
	if a == nil || m.Lane != "" && !a.left[m.Lane] {
		e.fail("event %s of request %d comes after its sample", m.Kind, *m.Request)
	}
	if (m.Kind == stats.KindFallback) && (m.Extra["fallback_from"] == nil || m.Extra["fallback_error"] == nil) {
		e.fail("fallback of request %d without fallback_from and fallback_error", *m.Request)
	}
}

func (e *engine) takeCounters(m *protocol.Counters) {
	e.count = m
	for _, g := range m.Groups {
		if g.Compiles < 0 || g.Compiles > 1 || g.Recompiles > 0 && g.Compiles == 0 {
			e.fail("counters of %s %s: %d compiles, %d recompiles", g.Mode, g.Strategy, g.Compiles, g.Recompiles)
		}
		if g.UniqueGraphs > g.Compiles+g.Recompiles {
			e.fail("counters of %s %s: %d graphs of %d compiles", g.Mode, g.Strategy, g.UniqueGraphs, g.Compiles+g.Recompiles)
		}
	}
	if m.Checks.Failed > m.Checks.N {
		e.fail("checks: %d of %d failed", m.Checks.Failed, m.Checks.N)
	}
	if m.Checks.Modes == nil {
		return
	}
	n, failed := 0, 0
	for _, c := range m.Checks.Modes {
		n, failed = n+c.N, failed+c.Failed
	}
	if n != m.Checks.N || failed != m.Checks.Failed {
		e.fail("checks: the modes have %d of %d failed, the sum says %d of %d", failed, n, m.Checks.Failed, m.Checks.N)
	}
}

// checkCounters compares the last counters with the events.
func (e *engine) checkCounters() {
	made := map[string]int{}
	for _, ev := range e.events {
		if ev.Kind == stats.KindCompile || ev.Kind == stats.KindRecompile {
			made[ev.Mode+" "+ev.Strategy]++
		}
	}
	if e.count == nil {
		if len(made) > 0 {
			e.fail("something was compiled, but no counters came")
		}
		return
	}
	for _, g := range e.count.Groups {
		key := g.Mode + " " + g.Strategy
		if got := g.Compiles + g.Recompiles; got != made[key] {
			e.fail("counters of %s: %d compiles, but %d events", key, got, made[key])
		}
		delete(made, key)
	}
	for key := range made {
		e.fail("no counters of %s, which was compiled", key)
	}
}
