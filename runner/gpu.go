package runner

import (
	"math"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// gpuHistory is how many readings the screen's small charts go back.
const gpuHistory = 120

// gpuState is the last reading and what it says about samples.
type gpuState struct {
	last               gpu.State
	seen               bool
	watch              gpu.Watcher
	throttle, drop     bool
	util, power, clock []float64 // oldest first, NaN where missing
}

// flags are those of a sample that ran while the last reading stood.
func (g *gpuState) flags() (f stats.Flag) {
	if g.throttle {
		f |= stats.FlagThrottle
	}
	if g.drop {
		f |= stats.FlagClockDrop
	}
	return f
}

// takeGPU notes a reading; a transition is an event, and samples that finish
// until the next one carry its flag.
func (s *Session) takeGPU(st gpu.State) {
	g := &s.gpuNow
	g.last, g.seen = st, true
	s.sinkErr(s.o.Sink.GPU(st))
	g.util = push(g.util, value(st.UtilPct))
	g.power = push(g.power, value(st.PowerMilliwatts))
	g.clock = push(g.clock, value(st.SMClockMHz))
	for _, c := range g.watch.See(st) {
		kind := stats.KindThrottle
		switch c.Kind {
		case gpu.ThrottleStart, gpu.ThrottleEnd:
			g.throttle = c.Kind == gpu.ThrottleStart
		default:
			kind, g.drop = stats.KindClockDrop, c.Kind == gpu.ClockDropStart
		}
		s.event(stats.Event{TNs: c.TNs, Kind: kind, Reason: c.Reason, Extra: map[string]any{"change": string(c.Kind)}})
	}
}

// push appends to a bounded history without changing what was handed out.
func push(h []float64, v float64) []float64 {
	if len(h) >= gpuHistory {
		h = h[len(h)-gpuHistory+1:]
	}
	return append(h[:len(h):len(h)], v)
}

func value[T uint64 | float64](r gpu.Reading[T]) float64 {
	if r.Err != nil {
		return math.NaN()
	}
	return float64(r.Value)
}

// reading converts a reading for the screen.
func reading[T uint64 | float64](r gpu.Reading[T]) view.Reading {
	if r.Err != nil {
		return view.Reading{Err: r.Err.Error()}
	}
	return view.Reading{Value: float64(r.Value)}
}

// view is the state for the screen.
func (g *gpuState) view(now int64) view.GPU {
	st := g.last
	if !g.seen || st.Why != "" {
		return view.GPU{Why: st.Why, Index: st.Index}
	}
	v := view.GPU{Name: st.Name, Driver: st.Driver, Index: st.Index, Count: st.Count,
		UtilPct: reading(st.UtilPct), MemUtilPct: reading(st.MemUtilPct),
		MemUsedBytes: reading(st.MemUsedBytes), MemTotalBytes: reading(st.MemTotalBytes),
		PowerMilliwatts: reading(st.PowerMilliwatts), PowerLimitMilliwatts: reading(st.PowerLimitMilliwatts),
		TempC: reading(st.TempC), SMClockMHz: reading(st.SMClockMHz), SMClockMaxMHz: reading(st.SMClockMaxMHz),
		MemClockMHz: reading(st.MemClockMHz), PCIeTxKBs: notPolled, PCIeRxKBs: notPolled,
		AgeNs: now - st.TNs, CostNs: st.CostNs, Interval: time.Duration(st.Interval),
		UtilHistory: g.util, PowerHistory: g.power, ClockHistory: g.clock}
	if st.Throttle.Err != nil {
		v.ThrottleErr = st.Throttle.Err.Error()
	} else {
		v.Throttle = st.Throttle.Value
	}
	return v
}

// notPolled stands for readings that cost too much to take while measuring.
var notPolled = view.Reading{Err: "not polled: a reading takes 20 ms"}
