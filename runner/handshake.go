package runner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// What supervisor and engine tell each other before the first request: hello,
// load, loaded.

// checkHello ends the session when the engine never speaks.
func (s *Session) checkHello() {
	if s.proc != nil && s.hello == nil && clock.Monotonic()-s.procNs > int64(helloWait) {
		s.proc.Kill()
		s.fail(fmt.Errorf("the engine %q has not said hello within %v: does it speak docs/protocol.md?", strings.Join(s.o.Engine.Argv, " "), helloWait))
	}
}

func (s *Session) takeHello(m *protocol.Hello) {
	switch {
	case m.Protocol != protocol.Version:
		s.fail(fmt.Errorf("the engine %s speaks protocol %d, this tailscope speaks %d", m.Engine, m.Protocol, protocol.Version))
		return
	case abs(clock.Monotonic()-m.ClockNs) > clockSkew:
		s.fail(fmt.Errorf("the engine %s does not use CLOCK_MONOTONIC: its clock is %v away", m.Engine, time.Duration(m.ClockNs-clock.Monotonic()).Round(time.Millisecond)))
		return
	}
	s.hello = m
	if s.refuse() {
		return
	}
	s.status = "loading the model"
	s.proc.Send(s.loadMessage())
}

// refuse ends the session when the engine cannot do what the configuration
// asks for.
func (s *Session) refuse() bool {
	m := s.hello
	for _, mode := range append([]string{s.mode()}, s.modes...) {
		if lack := s.lacks(mode); lack != "" {
			s.fail(fmt.Errorf("the engine %s cannot run %s", m.Engine, lack))
			return true
		}
	}
	switch {
	case s.pairing == "concurrent" && !contains(m.Pairings, "concurrent"):
		s.fail(fmt.Errorf("the engine %s cannot run both lanes at once%s", m.Engine, because(m.Lacks["concurrent"])))
	case s.aa && !contains(m.Features, "aa"):
		s.fail(fmt.Errorf("the engine %s has no second eager session for an A/A run%s", m.Engine, because(m.Lacks["aa"])))
	default:
		return false
	}
	return true
}

func abs(x int64) int64 { return max(x, -x) }

// lacks says why the engine cannot run the current settings in a mode, or "".
func (s *Session) lacks(mode string) string {
	if why, no := s.hello.Lacks[mode]; no || !contains(s.hello.Modes, mode) {
		if why == "" && len(s.hello.Modes) == 0 { // nothing at all: what it lacks says why
			why = strings.Join(slices.Sorted(maps.Values(s.hello.Lacks)), "; ")
		}
		return mode + because(why)
	}
	check := func(phase, word string) string {
		why, no := s.hello.Lacks[word]
		offered := s.hello.Strategies[phase]
		if no && !contains(offered, word) || offered != nil && !contains(offered, word) {
			return "the strategy " + word + " in " + phase + because(why)
		}
		return ""
	}
	w := s.strategy.wire(s.hello.Strategies)
	lack := ""
	if mode == "forward" && (w.Prefill == "padded" || w.Prefill == "bucketed") {
		return "the strategy " + s.strategy.String() + " in forward: sizes of a dimension are run as they are given"
	}
	if mode == "prefill" || mode == "e2e_kv" {
		lack = check("prefill", w.Prefill)
	}
	if lack == "" && (mode == "kv_decode" || mode == "e2e_kv") {
		lack = check("decode", w.Decode)
	}
	return lack
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

func contains(list []string, w string) bool {
	for _, x := range list {
		if x == w {
			return true
		}
	}
	return false
}

// loadMessage is the configuration as the engine is told it.
func (s *Session) loadMessage() *protocol.Load {
	c := s.cfg
	m := &protocol.Load{Model: s.o.Model, Name: c.Model, Provider: c.Provider, Device: c.Device,
		Threads: c.Threads, CPUs: s.placed.Worker.String(), Beside: s.placed.Supervisor, Seed: c.Seed, RecompileLimit: c.RecompileLimit, Compile: c.Compile,
		Cache: protocol.Cache{Policy: c.Cache.Policy}, KVEdges: c.KVEdges, Capture: c.Capture, Check: c.Check,
		Modes: c.Modes, Options: map[string]string{}}
	m.Cache.MaxBytes, _ = c.CacheBytes() // checked by Validate
	maps.Copy(m.Options, c.Options)
	maps.Copy(m.Options, s.o.Engines)
	if len(c.Dims) > 0 {
		m.Dims = map[string][]int{}
		for name, spec := range c.Dims {
			m.Dims[name], _ = ParseDim(spec) // checked by NewPlan
		}
	}
	return m
}

// nameEngine keeps what a stranger's engine calls itself: the configuration
// knows it as "cmd" only, and two versions of it could not be told apart.
func (s *Session) nameEngine(m *protocol.Loaded) {
	if s.cfg.EngineCmd == "" || s.hello == nil || s.hello.Engine == "" || m.Versions[s.hello.Engine] != "" {
		return
	}
	m.Versions = maps.Clone(m.Versions)
	if m.Versions == nil {
		m.Versions = map[string]string{}
	}
	m.Versions[s.hello.Engine] = cmp.Or(s.hello.Version, "unknown")
}

// takeBack notes what hello offered and the loaded model or provider cannot do.
func (s *Session) takeBack(lacks map[string]string) {
	if len(lacks) == 0 {
		return
	}
	h := *s.hello
	h.Pairings = slices.DeleteFunc(slices.Clone(h.Pairings), func(p string) bool { return lacks[p] != "" })
	h.Lacks = maps.Clone(h.Lacks)
	if h.Lacks == nil {
		h.Lacks = map[string]string{}
	}
	maps.Copy(h.Lacks, lacks)
	s.hello = &h
}

// takeLoaded starts the timed part of the session.
func (s *Session) takeLoaded(m *protocol.Loaded) {
	s.nameEngine(m)
	if m.CPUs == "" {
		m.CPUs = worker.Affinity(s.proc.PID()).String()
	}
	s.loaded = m
	s.takeBack(m.Lacks)
	if s.refuse() {
		return
	}
	if s.startNs == 0 {
		s.startNs = clock.Monotonic()
	}
	s.sinkErr(s.o.Sink.Loaded(*m))
	reason := fmt.Sprintf("%s on %s (%s)", m.Model.Name, m.Device, m.Provider)
	s.event(stats.Event{TNs: clock.Monotonic() - m.DurNs, Kind: stats.KindLoaded, DurNs: m.DurNs, Reason: reason})
	for _, r := range m.Refusals {
		e := stats.Event{Kind: stats.KindMark, Reason: r.Provider + " is not used: " + r.Reason,
			Extra: map[string]any{"refused": r.Provider}}
		if r.Provider == m.ProviderAsked { // asked for by name: something else runs
			e.Kind, e.Extra = stats.KindFallback, map[string]any{"fallback_from": r.Provider, "fallback_error": r.Reason}
		}
		s.event(e)
	}
	if s.plans[s.mode()] == nil { // a later worker goes on where the last one ended
		if err := s.enterMode(s.mode(), s.modes); err != nil {
			s.fail(err)
			return
		}
	}
	s.compileFirst()
	s.work.dueNs = clock.Monotonic()
	if s.gen == 0 {
		s.coll.NewSegment(0, s.segmentLabel(), s.aa, s.startNs)
	}
	s.phase, s.status = view.PhaseWarmup, "warming up"
	switch {
	case s.paused:
		s.phase, s.status = view.PhasePaused, ""
	case s.cfg.Warmup == 0 && len(s.work.again) == 0 || s.firstWorkNs != 0:
		s.phase, s.status = view.PhaseRunning, ""
	}
	s.catchUp()
	s.dispatch()
}
