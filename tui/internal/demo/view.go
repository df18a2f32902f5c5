package demo

import (
	"fmt"
	"math"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// View is what a session would publish now.
func (s *Source) View() view.View {
	now := startNs + s.now
	s.coll.SetFacts(stats.Facts{CompilerReal: "yes", Strategy: s.strategy, Checks: int(s.request) / 8})
	v := view.View{NowNs: now, StartNs: startNs, Phase: view.PhaseRunning, Progress: math.NaN(), NumEvents: s.recent.Num(), Session: s.session()}
	if s.Paused {
		v.Phase = view.PhasePaused
	}
	v.Events = s.recent.List()
	v.Self = view.Self{RenderP99: 1830 * time.Microsecond, CPUPercent: 2.4, RSSBytes: 44 << 20, Samples: s.seq, GPUPoll: 61 * time.Microsecond, WorkerRSS: 231 << 20, WorkerCPU: 97, CreditInUse: 4}
	v.Lanes[0] = view.Lane{CompilerReal: "no", Why: "not asked to compile", Checks: int(s.request) / 8, MaxRelL2: 1.3e-6}
	v.Lanes[1] = view.Lane{CompilerReal: "yes", Why: "backend as asked, " + fmt.Sprint(s.compiles) + " compiles seen, no fallback",
		UniqueGraphs: len(s.shapes), Limit: s.limit, Compiles: s.compiles, CompileNs: int64(s.compiles) * 31e6, CacheBytes: 38 << 20, Checks: int(s.request) / 8, MaxRelL2: 1.3e-6}
	v.GPU = view.GPU{State: gpu.State{Why: "No NVIDIA driver on this machine: libnvidia-ml.so.1 was not found. Everything else works without it."}}
	if s.gpu {
		v.GPU = s.gpuView()
	}
	v.Stats, v.Heat = s.coll.Live(stats.Prefill, now), s.heat.View(stats.Prefill)
	return v
}

func (s *Source) session() view.Session {
	return view.Session{RunID: "20261123_034500", Dir: "tailscope-runs/20261123_034500", Model: "builtin:gpt2-mini", Engine: "ort 1.30.0", ProviderAsked: "auto", Provider: "cpu",
		Refusals: []string{"cuda: libonnxruntime_providers_cuda.so is not there"}, Device: "Xeon 2 cores", Mode: "prefill", Strategy: s.strategy, EagerInputs: "raw", Scenarios: "*", Pairing: "interleaved", Seed: 7, Segment: s.segment, Threads: 1, AA: s.AA,
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
