package runner

import (
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/energy"
)

// gpuState is the last reading and what it says about samples.
type gpuState struct {
	last           gpu.State
	seen           bool
	watch          gpu.Watcher
	throttle, drop bool
	past           gpu.History
	energy         energy.Meter
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
	s.rec.keep(s.rec.sink.GPU(st))
	g.past.Take(st)
	if st.Why == "" {
		g.energy.Reading(st.TNs, st.EnergyMillijoules.OrNaN())
		s.rec.heat.AddGPU(st.TNs, st.SMClockMHz.OrNaN(), st.PowerMilliwatts.OrNaN()/1e3)
	}
	if why := s.limits.check(&st); why != "" {
		s.rec.event(stats.Event{Kind: stats.KindMark, Reason: why})
	}
	for _, c := range g.watch.See(st) {
		kind := stats.KindThrottle
		switch c.Kind {
		case gpu.ThrottleStart, gpu.ThrottleEnd:
			g.throttle = c.Kind == gpu.ThrottleStart
		default:
			kind, g.drop = stats.KindClockDrop, c.Kind == gpu.ClockDropStart
		}
		s.rec.event(stats.Event{TNs: c.TNs, Kind: kind, Reason: c.Reason, Extra: map[string]any{"change": string(c.Kind)}})
	}
}

// view is the state for the screen, with what requests of a mode cost.
func (g *gpuState) view(now int64, mode string) view.GPU {
	st := g.last
	if !g.seen || st.Why != "" {
		return view.GPU{State: gpu.State{Why: st.Why, Index: st.Index}}
	}
	v := view.GPU{State: st, History: g.past, AgeNs: now - st.TNs}
	if m, err := stats.ParseMode(mode); err == nil && st.EnergyMillijoules.OK() {
		for lane := range stats.Lane(stats.NumLanes) {
			v.Energy[lane] = g.energy.Of(m, lane)
		}
	}
	return v
}
