package replay

import (
	"math"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/snapshot"
)

// gpuPast is the last reading and the small charts behind it.
type gpuPast struct {
	last               *snapshot.Telemetry
	util, power, clock []float64
}

// history is how many readings the charts go back.
const history = 120

func (g *gpuPast) take(t snapshot.Telemetry) {
	g.last = &t
	g.util, g.power, g.clock = push(g.util, t.UtilPct), push(g.power, t.PowerMilliwatts), push(g.clock, t.SMClockMHz)
}

func push(h []float64, r snapshot.Reading) []float64 {
	v := r.Value
	if r.Err != "" {
		v = math.NaN()
	}
	if len(h) >= history {
		h = h[len(h)-history+1:]
	}
	return append(h[:len(h):len(h)], v)
}

func (g *gpuPast) view(now int64) view.GPU {
	if g.last == nil {
		return view.GPU{Why: "no GPU reading up to here"}
	}
	t := g.last
	if t.Why != "" {
		return view.GPU{Why: t.Why, Index: t.Index}
	}
	return view.GPU{Name: t.Name, Driver: t.Driver, Index: t.Index, Count: t.Count,
		UtilPct: view.Reading(t.UtilPct), MemUtilPct: view.Reading(t.MemUtilPct),
		MemUsedBytes: view.Reading(t.MemUsedBytes), MemTotalBytes: view.Reading(t.MemTotalBytes),
		PowerMilliwatts: view.Reading(t.PowerMilliwatts), PowerLimitMilliwatts: view.Reading(t.PowerLimitMilliwatts),
		TempC: view.Reading(t.TempC), SMClockMHz: view.Reading(t.SMClockMHz), SMClockMaxMHz: view.Reading(t.SMClockMaxMHz),
		MemClockMHz: view.Reading(t.MemClockMHz), PCIeTxKBs: view.Reading(t.PCIeTxKBs), PCIeRxKBs: view.Reading(t.PCIeRxKBs),
		Throttle: t.Throttle, ThrottleErr: t.ThrottleErr, AgeNs: now - t.TNs, CostNs: t.CostNs,
		UtilHistory: g.util, PowerHistory: g.power, ClockHistory: g.clock}
}
