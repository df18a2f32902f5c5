// Package demo makes views out of simulated samples, for tests of the screen
// and for looking at it while working on it. It is test data: nothing outside
// tui's tests and the program in demo/screen may import it, and no figure in
// it was measured.
package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// startNs is the simulated start of timing on the monotonic clock.
const startNs = int64(5_000_000_000_000)

type sample struct {
	t      int64
	ns     float64
	tagged bool
	cause  stats.Cause
	seg    int32
}

// Source simulates a run: eager and optimized latencies, a compile for each
// new shape until the strategy is padded.
type Source struct {
	rng      *rand.Rand
	now      int64
	lanes    [stats.NumLanes][]sample
	diffs    []float64
	events   []stats.Event
	seg      int32
	segs     []stats.SegmentRow
	strategy string
	shapes   map[int]int
	compiles int
	limit    int
	AA       bool
	Paused   bool
	window   time.Duration
	gpu      bool
}

// New returns a source; the same seed gives the same views.
func New(seed uint64, gpu bool) *Source {
	s := &Source{rng: rand.New(rand.NewPCG(seed, 7)), strategy: "variable", shapes: map[int]int{}, limit: 96, gpu: gpu}
	s.segs = []stats.SegmentRow{{Label: "variable", StartNs: startNs, PairedDiff: math.NaN(), P: math.NaN(), PHolm: math.NaN()}}
	return s
}

// Step simulates d of running at about 120 requests a second.
func (s *Source) Step(d time.Duration) {
	if s.Paused {
		return
	}
	end := s.now + int64(d)
	for s.now < end {
		s.request()
		s.now += 8_300_000
	}
}

func (s *Source) request() {
	tokens := 8 * (1 + s.rng.IntN(6)) // common lengths, and a long tail of rare ones
	if s.rng.Float64() < 0.013 {
		tokens = 9 + s.rng.IntN(118)
	}
	t := startNs + s.now
	eager := (1.1e6 + float64(tokens)*1.4e4) * math.Exp(0.06*s.rng.NormFloat64())
	if s.rng.Float64() < 0.004 {
		eager *= 2 + 2*s.rng.Float64()
	}
	opt := eager * 0.58 * math.Exp(0.04*s.rng.NormFloat64())
	executed := tokens
	if s.strategy == "padded" {
		executed = 128
		opt = 1.35e6 * math.Exp(0.04*s.rng.NormFloat64())
		eager = 2.9e6 * math.Exp(0.06*s.rng.NormFloat64())
	}
	o := sample{t: t, seg: s.seg}
	if s.AA {
		opt = eager * math.Exp(0.05*s.rng.NormFloat64())
	} else if s.shapes[executed] == 0 && len(s.shapes) < s.limit {
		ms := 22 + 20*s.rng.Float64()
		opt += ms * 1e6
		o.tagged, o.cause = true, stats.CauseCompile
		s.compiles++
		s.event(stats.KindRecompile, stats.Optimized, fmt.Sprintf("1x%d", executed), int64(ms*1e6),
			fmt.Sprintf("tokens %d: no executable for this shape, %d of %d used", executed, len(s.shapes)+1, s.limit))
	}
	if len(s.shapes) < s.limit {
		s.shapes[executed]++
	}
	o.ns = opt
	s.lanes[0] = append(s.lanes[0], sample{t: t, ns: eager, seg: s.seg})
	s.lanes[1] = append(s.lanes[1], o)
	s.diffs = append(s.diffs, opt-eager)
	if !o.tagged && eager > 6e6 {
		s.event(stats.KindSpike, stats.Eager, fmt.Sprintf("1x%d", tokens), int64(eager), fmt.Sprintf("%.2f ms, 4.1 times the window's median; the thread waited 2.3 ms for a core", eager/1e6))
	}
}

func (s *Source) event(k stats.Kind, l stats.Lane, shape string, dur int64, reason string) {
	e := stats.Event{TNs: startNs + s.now, Kind: k, Segment: s.seg, Mode: "prefill", Strategy: s.strategy, Shape: shape, DurNs: dur, Reason: reason}
	if l < stats.NumLanes {
		e.Lane = l.String()
	}
	s.events = append(s.events, e)
}

// Do carries out a command the way a session would.
func (s *Source) Do(c view.Command) {
	switch c.Action {
	case view.ActStrategy:
		if s.strategy = c.Arg; c.Arg == "" {
			s.strategy = "variable"
		}
		s.segment(s.strategy)
	case view.ActAA:
		s.AA = !s.AA
		s.segment("A/A")
	case view.ActSegment:
		s.segment("by hand")
	case view.ActPause:
		s.Paused = !s.Paused
	case view.ActWindow:
		s.window = c.D
	}
}

func (s *Source) segment(label string) {
	t := startNs + s.now
	s.seg++
	s.segs[len(s.segs)-1].EndNs = t
	s.segs = append(s.segs, stats.SegmentRow{Segment: s.seg, Label: label, StartNs: t, PairedDiff: math.NaN()})
	clear(s.shapes)
	s.event(stats.KindToggle, stats.NumLanes, "", 0, "strategy is now "+label+"; segment "+fmt.Sprint(s.seg)+" begins")
}

// View is what a session would publish now.
func (s *Source) View() view.View {
	now := startNs + s.now
	v := view.View{NowNs: now, StartNs: startNs, Phase: view.PhaseRunning, Progress: math.NaN(), NumEvents: len(s.events), Session: s.session()}
	if s.Paused {
		v.Phase = view.PhasePaused
	}
	v.Events = slices.Clone(s.events[max(0, len(s.events)-500):])
	v.Self = view.Self{RenderP99: 1830 * time.Microsecond, CPUPercent: 2.4, RSSBytes: 44 << 20, Samples: uint64(2 * len(s.lanes[0])), GPUPoll: 61 * time.Microsecond, WorkerRSS: 231 << 20, CreditInUse: 4}
	v.Lanes[0] = view.Lane{Backend: "ort-cpu-eager", CompilerReal: "no", Why: "not asked to compile", Evidence: "33 of 33 nodes on CPU, optimisation off", Checks: len(s.lanes[0]) / 8, MaxRelL2: 1.3e-6}
	v.Lanes[1] = view.Lane{Backend: "ort-cpu-compiled", CompilerReal: "yes", Why: "backend as asked, " + fmt.Sprint(s.compiles) + " compiles seen, no fallback", Evidence: "21 nodes of 33 left after fusion, all on CPU",
		UniqueGraphs: len(s.shapes), Limit: s.limit, Compiles: s.compiles, CompileNs: int64(s.compiles) * 31e6, CacheBytes: 38 << 20, Checks: len(s.lanes[0]) / 8, MaxRelL2: 1.3e-6}
	v.GPU = view.GPU{State: gpu.State{Why: "No NVIDIA driver on this machine: libnvidia-ml.so.1 was not found. Everything else works without it."}}
	if s.gpu {
		v.GPU = s.gpuView()
	}
	v.Stats = s.live(now)
	return v
}

func (s *Source) session() view.Session {
	return view.Session{RunID: "20261123_034500", Dir: "tailscope-runs/20261123_034500", Model: "builtin:gpt2-mini", Engine: "ort 1.30.0", ProviderAsked: "auto", Provider: "cpu",
		Refusals: []string{"cuda: libonnxruntime_providers_cuda.so is not there"}, Device: "Xeon 2 cores", Mode: "prefill", Strategy: s.strategy, EagerInputs: "raw", Scenarios: "*", Pairing: "interleaved", Seed: 7, Segment: s.seg, Threads: 1, AA: s.AA,
		Lacks: map[string]string{"profile": "the ort engine has no profiler window"}}
}

func (s *Source) gpuView() view.GPU {
	r := gpu.Of[float64]
	hist := func(base, amp float64) []float64 {
		out := make([]float64, 60)
		for i := range out {
			out[i] = base + amp*math.Sin(float64(i)/5) + amp/3*math.Sin(float64(i*i))
		}
		out[17] = math.NaN()
		return out
	}
	return view.GPU{State: gpu.State{Name: "NVIDIA H200", Driver: "580.159", Count: 1, UtilPct: r(87), MemUtilPct: r(21), MemUsedBytes: r(12.3 * (1 << 30)), MemTotalBytes: r(139.7 * (1 << 30)),
		PowerMilliwatts: r(312_000), PowerLimitMilliwatts: r(700_000), TempC: r(41), SMClockMHz: r(1980), SMClockMaxMHz: r(1980), MemClockMHz: r(3201),
		CostNs: 61_000, Interval: time.Second}, AgeNs: 4e8,
		History: gpu.History{UtilHistory: hist(70, 22), PowerHistory: hist(290_000, 40_000), ClockHistory: hist(1900, 60)}}
}
