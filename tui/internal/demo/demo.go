package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/stats/live"
)

// startNs is the simulated start of timing on the monotonic clock.
const startNs = int64(5_000_000_000_000)

// between two requests, ns
const requestEvery = int64(8_300_000)

// Source simulates a run: eager and optimized latencies, a compile for each
// new shape until the strategy is padded.
type Source struct {
	rng      *rand.Rand
	coll     *live.Collector
	heat     heat.Modes
	now      int64 // since startNs
	seq      uint64
	request  uint64
	segment  int32
	strategy string
	shapes   map[string]bool // executables of the strategy in force
	compiles int
	recent   view.Recent
	limit    int
	AA       bool
	Paused   bool
	window   time.Duration
	gpu      bool
}

// New returns a source; the same seed gives the same views.
func New(seed uint64, gpu bool) *Source {
	s := &Source{rng: rand.New(rand.NewPCG(seed, 7)), strategy: "variable", shapes: map[string]bool{}, limit: 96, gpu: gpu, coll: live.New(live.Options{})}
	s.coll.NewSegment(0, "variable", false, startNs)
	return s
}

// Step simulates d of running at about 120 requests a second.
func (s *Source) Step(d time.Duration) {
	if s.Paused {
		return
	}
	for end := s.now + int64(d); s.now < end; s.now += requestEvery {
		s.pair()
	}
}

var scenarios = []string{"single_short", "single_medium", "single_long", "stress_single", "batch_short"}

// pair runs one request in both lanes.
func (s *Source) pair() {
	tokens := 8 * (1 + s.rng.IntN(6)) // common lengths, and a long tail of rare ones
	if s.rng.Float64() < 0.013 {
		tokens = 9 + s.rng.IntN(118)
	}
	executed := tokens
	eager := (1.1e6 + float64(tokens)*1.4e4) * math.Exp(0.06*s.rng.NormFloat64())
	optimized := eager * 0.58 * math.Exp(0.04*s.rng.NormFloat64())
	if s.strategy == "padded" {
		executed = 128
		eager, optimized = 2.9e6*math.Exp(0.06*s.rng.NormFloat64()), 1.35e6*math.Exp(0.04*s.rng.NormFloat64())
	}
	stall := 0.0
	if s.rng.Float64() < 0.004 { // the thread waits for a core
		stall = eager * (1 + 2*s.rng.Float64())
	}
	if s.AA {
		optimized = eager * math.Exp(0.05*s.rng.NormFloat64())
	}
	base := stats.Unknown()
	base.Request, base.Segment, base.Mode, base.Strategy = s.request, s.segment, stats.Prefill, s.strategy
	base.Scenario, base.Shape, base.Batch = scenarios[s.request%5], fmt.Sprintf("1x%d", executed), 1
	base.Tokens, base.ExecutedTokens, base.NthInRun = int32(tokens), int32(executed), int32(s.request/5)
	base.RunDelayNs, base.MinFlt, base.MajFlt, base.NIvCSw = 0, 3, 0, 0
	base.BoundNs, base.BoundComputeNs, base.PaddingNs = 2e5+5e3*int64(tokens), 0, 5e3*int64(executed-tokens)
	if tokens > 40 { // 2e5 ns are bytes'
		base.BoundComputeNs = base.BoundNs
	}
	e, o := base, base
	e.Lane, e.Backend, e.WallNs, e.RunDelayNs = stats.Eager, "ort-cpu-eager", int64(eager+stall), int64(stall)
	o.Lane, o.Backend, o.WallNs = stats.Optimized, "ort-cpu-compiled", int64(optimized)
	o.Order = 1
	if !s.AA && !s.shapes[o.Shape] && len(s.shapes) < s.limit {
		s.compile(&o)
	}
	s.request++
	e.StartNs = startNs + s.now
	o.StartNs = e.StartNs + e.WallNs
	s.add(&e)
	s.add(&o)
}

// compile makes an executable inside o.
func (s *Source) compile(o *stats.Sample) {
	o.CompileNs = int64((22 + 20*s.rng.Float64()) * 1e6)
	o.WallNs += o.CompileNs
	s.shapes[o.Shape] = true
	s.compiles++
	kind, what := stats.KindRecompile, "no executable for this shape"
	if len(s.shapes) == 1 {
		kind, what = stats.KindCompile, "the first executable of this strategy"
	}
	req := o.Request
	s.event(stats.Event{Kind: kind, Lane: "optimized", Shape: o.Shape, Request: &req, DurNs: o.CompileNs,
		Reason: fmt.Sprintf("tokens %d: %s, %d of %d used", o.ExecutedTokens, what, len(s.shapes), s.limit)})
	s.coll.SetGauge(live.GaugeInput{Mode: "prefill", Strategy: s.strategy, Used: len(s.shapes), Limit: s.limit, Compiles: s.compiles})
}

func (s *Source) add(x *stats.Sample) {
	x.Seq = s.seq
	s.seq++
	derived := s.coll.Add(x)
	s.heat.Add(x)
	for _, e := range derived {
		s.recent.Add(e)
		s.heat.AddEvent(&e)
	}
}

func (s *Source) event(e stats.Event) {
	e.TNs, e.Segment, e.Mode, e.Strategy = startNs+s.now, s.segment, "prefill", s.strategy
	s.coll.AddEvent(&e)
	s.heat.AddEvent(&e)
	s.recent.Add(e)
}

// Do carries out a command the way a session would.
func (s *Source) Do(c view.Command) {
	switch c.Action {
	case view.ActStrategy:
		if s.strategy = c.Arg; c.Arg == "" {
			s.strategy = "variable"
		}
		s.newSegment(s.strategy)
	case view.ActAA:
		s.AA = !s.AA
		s.newSegment("A/A")
	case view.ActSegment:
		s.newSegment("by hand")
	case view.ActPause:
		s.Paused = !s.Paused
	case view.ActMark:
		s.event(stats.Event{Kind: stats.KindMark, Reason: c.Arg})
	case view.ActWindow:
		s.window = c.D
		s.coll.SetWindow(int64(c.D))
	}
}

func (s *Source) newSegment(label string) {
	s.segment++
	clear(s.shapes)
	s.event(stats.Event{Kind: stats.KindToggle, Reason: fmt.Sprintf("strategy is now %s; segment %d begins", label, s.segment)})
	s.coll.NewSegment(s.segment, label, s.AA, startNs+s.now)
}
