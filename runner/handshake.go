package runner

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/tailscope/tailscope/configs/dims"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// What supervisor and engine tell each other before the first request: hello,
// load, loaded.

func (s *Session) takeHello(m *protocol.Hello) {
	clipTexts(reflect.ValueOf(m))
	m.Engine = cmp.Or(m.Engine, "without a name")
	switch {
	case s.eng.hello != nil:
		s.fail(fmt.Errorf("the engine broke the protocol: it said hello twice"))
		return
	case m.Protocol != protocol.Version:
		s.fail(fmt.Errorf("the engine %s speaks protocol %d, this tailscope speaks %d", m.Engine, m.Protocol, protocol.Version))
		return
	case m.ClockNs < s.eng.startedNs-clockSkew || m.ClockNs > clock.Monotonic()+clockSkew: // on a busy machine hello is read late
		s.fail(fmt.Errorf("the engine %s does not use CLOCK_MONOTONIC: its clock is %v away", m.Engine, time.Duration(m.ClockNs-clock.Monotonic()).Round(time.Millisecond)))
		return
	}
	s.eng.hello = m
	s.join.parallel = s.eng.offers("parallel")
	if s.refuse() {
		return
	}
	s.status, s.eng.helloNs = "loading the model", clock.Monotonic()
	s.eng.ask(s.loadMessage())
}

// refuse ends the session when the engine cannot do what the configuration
// asks for.
func (s *Session) refuse() bool {
	if s.o.Work != nil {
		return false // whoever asks knows what it lacks
	}
	why := s.eng.refusal(append([]string{s.queue.mode()}, s.queue.modes...), s.set)
	if why == "" {
		return false
	}
	s.fail(fmt.Errorf("the engine %s cannot run %s", s.eng.hello.Engine, why))
	return true
}

// loadMessage is the configuration as the engine is told it.
func (s *Session) loadMessage() *protocol.Load {
	c := s.cfg
	m := &protocol.Load{Model: s.o.Model, Name: c.Model, Provider: c.Provider, Device: c.Device,
		Threads: c.Threads, CPUs: s.eng.placed.Worker.String(), Beside: s.eng.placed.Supervisor, Seed: c.Seed, RecompileLimit: c.Limit(), Compile: c.Compile,
		Cache: protocol.Cache{Policy: c.Cache.Policy}, KVEdges: c.KVEdges, Capture: c.Capture, Check: c.Check,
		Modes: c.Modes, Swap: s.o.Swap, Options: map[string]string{}, Dims: map[string][]int{}, Ties: map[string]string{}}
	if c.Engine == "torch" {
		m.RecompileLimit = c.RecompileLimit // 0: what its torch has
	}
	m.Cache.MaxBytes, _ = c.CacheBytes() // checked by Validate
	maps.Copy(m.Options, c.Options)
	maps.Copy(m.Options, s.eng.options)
	m.Inputs, m.Recorded = c.Inputs, c.Recorded
	for name, text := range c.Dims {
		spec, _ := dims.ParseSpec(text) // checked by Validate
		if spec.Tied() {
			m.Ties[name] = spec.Expr.String()
		} else {
			m.Dims[name] = spec.Values
		}
	}
	return m
}

// nameEngine keeps what a stranger's engine calls itself: the configuration
// knows it as "cmd" only, and two versions of it could not be told apart.
func (s *Session) nameEngine(m *protocol.Loaded) {
	if s.cfg.EngineCmd == "" || s.eng.hello.Engine == "" || m.Versions[s.eng.hello.Engine] != "" {
		return
	}
	if m.Versions == nil {
		m.Versions = map[string]string{}
	}
	m.Versions[s.eng.hello.Engine] = cmp.Or(s.eng.hello.Version, "unknown")
}

// takeLoaded starts the timed part of the session.
func (s *Session) takeLoaded(m *protocol.Loaded) {
	if s.eng.hello == nil || s.eng.loaded != nil {
		s.fail(fmt.Errorf("the engine broke the protocol: it said loaded when it was not asked to load"))
		return
	}
	clipTexts(reflect.ValueOf(m))
	s.dog.loadNs = clock.Monotonic() - s.eng.helloNs
	if m.DurNs < 0 || m.DurNs > s.dog.loadNs+int64(clockSkew) { // no engine loads longer than it was waited for
		m.DurNs = s.dog.loadNs
	}
	if why := cannotBe(&m.Model); why != "" || m.Threads < 0 {
		s.fail(fmt.Errorf("the engine broke the protocol: what it says of the model cannot be: %s", cmp.Or(why, fmt.Sprintf("threads is %d", m.Threads))))
		return
	}
	s.nameEngine(m)
	if m.CPUs == "" {
		m.CPUs = worker.Affinity(s.eng.proc.PID()).String()
	}
	s.eng.loaded = m
	s.limits.loaded(m)
	s.eng.takeBack(m.Lacks)
	if s.refuse() {
		return
	}
	if s.startNs == 0 {
		s.startNs = clock.Monotonic()
	}
	s.rec.keep(s.rec.sink.Loaded(*m))
	reason := fmt.Sprintf("%s on %s (%s)", m.Model.Name, m.Device, m.Provider)
	s.rec.event(stats.Event{TNs: clock.Monotonic() - m.DurNs, Kind: stats.KindLoaded, DurNs: m.DurNs, Reason: reason})
	for _, r := range m.Refusals {
		e := stats.Event{Kind: stats.KindMark, Reason: r.Provider + " is not used: " + r.Reason,
			Extra: map[string]any{"refused": r.Provider}}
		if r.Provider == m.ProviderAsked { // asked for by name: something else runs
			e.Kind, e.Extra = stats.KindFallback, map[string]any{"fallback_from": r.Provider, "fallback_error": r.Reason}
		}
		s.rec.event(e)
	}
	if s.queue.plans[s.queue.mode()] == nil { // a later worker goes on where the last one ended
		if err := s.enterMode(s.queue.mode(), s.queue.modes); err != nil {
			s.fail(err)
			return
		}
	}
	s.compileFirst()
	s.queue.resume()
	if s.rec.gen == 0 {
		s.rec.coll.NewSegment(0, s.segmentLabel(), s.set.aa, s.startNs)
		s.pub.segment(s.set.strategy.Label(s.queue.mode()), s.set.aa)
	}
	s.phase, s.status = view.PhaseWarmup, ""
	if s.cfg.Warmup == 0 && len(s.queue.again) == 0 || s.firstWorkNs != 0 {
		s.phase = view.PhaseRunning
	}
	if e := s.eng; s.o.OnReady != nil {
		s.o.OnReady(Ready{Loaded: m, Lacks: func(mode string, st plan.Strategy) string { return e.lacks(mode, st) }})
	}
	s.catchUp()
	s.dispatch()
}
