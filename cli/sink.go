package cli

import (
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/snapshot"
)

// sink lets a snapshot.Writer take the readings of package gpu.
type sink struct{ *snapshot.Writer }

// GPU writes one reading to the journal.
func (s sink) GPU(st gpu.State) error { return s.Writer.GPU(telemetry(st)) }

// telemetry converts a reading to the form that session folders keep.
func telemetry(st gpu.State) snapshot.Telemetry {
	t := snapshot.Telemetry{TNs: st.TNs, Index: st.Index, Count: st.Count, Name: st.Name, Driver: st.Driver,
		UtilPct: reading(st.UtilPct), MemUtilPct: reading(st.MemUtilPct),
		MemUsedBytes: reading(st.MemUsedBytes), MemTotalBytes: reading(st.MemTotalBytes),
		PowerMilliwatts: reading(st.PowerMilliwatts), PowerLimitMilliwatts: reading(st.PowerLimitMilliwatts),
		TempC: reading(st.TempC), SMClockMHz: reading(st.SMClockMHz), SMClockMaxMHz: reading(st.SMClockMaxMHz),
		MemClockMHz: reading(st.MemClockMHz), PCIeTxKBs: notPolled, PCIeRxKBs: notPolled, CostNs: st.CostNs, Why: st.Why}
	if st.Throttle.Err != nil {
		t.ThrottleErr = st.Throttle.Err.Error()
	} else {
		t.Throttle = st.Throttle.Value
	}
	return t
}

// notPolled stands for readings that cost too much to take while measuring.
var notPolled = snapshot.Reading{Err: "not polled"}

func reading[T uint64 | float64](r gpu.Reading[T]) snapshot.Reading {
	if r.Err != nil {
		return snapshot.Reading{Err: r.Err.Error()}
	}
	return snapshot.Reading{Value: float64(r.Value)}
}
