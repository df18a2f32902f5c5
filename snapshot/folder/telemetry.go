package folder

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// telemetryColumns are the columns of telemetry.csv, in order; older files end before
// the last.
var telemetryColumns = []string{"t_ms", "gpu", "util_pct", "mem_util_pct", "mem_used_bytes", "mem_total_bytes",
	"power_mw", "power_limit_mw", "temp_c", "sm_clock_mhz", "sm_clock_max_mhz", "mem_clock_mhz",
	"pcie_tx_kbs", "pcie_rx_kbs", "throttle", "cost_ms", "missing", "energy_mj"}

// oldColumns is how many columns older files have.
const oldColumns = 17

// readings lists the readings of a poll in the order of telemetryColumns. A
// reading that is missing is an empty field there, never 0. PCIe is not polled:
// a reading takes 20 ms.
func readings(t *gpu.State) [12]*gpu.Reading {
	tx, rx := gpu.Reading{Err: "not polled"}, gpu.Reading{Err: "not polled"}
	return [12]*gpu.Reading{&t.UtilPct, &t.MemUtilPct, &t.MemUsedBytes, &t.MemTotalBytes, &t.PowerMilliwatts,
		&t.PowerLimitMilliwatts, &t.TempC, &t.SMClockMHz, &t.SMClockMaxMHz, &t.MemClockMHz, &tx, &rx}
}

// appendTelemetry appends t as a line of telemetry.csv. The column missing holds the
// distinct reasons why readings lack.
func appendTelemetry(b []byte, t *gpu.State, startNs int64) []byte {
	b = append(textio.AppendMs(b, t.TNs-startNs), ',')
	b = strconv.AppendInt(b, int64(t.Index), 10)
	var why []string
	note := func(s string) {
		if s != "" && !slices.Contains(why, s) {
			why = append(why, s)
		}
	}
	for _, r := range readings(t) {
		b = append(b, ',')
		switch {
		case t.Why != "":
		case r.Err != "":
			note(r.Err)
		case !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0):
			b = strconv.AppendFloat(b, r.Value, 'f', -1, 64)
		}
	}
	note(t.Why)
	note(t.ThrottleErr)
	b = textio.AppendCSV(append(b, ','), strings.Join(t.Throttle, "|"))
	b = textio.AppendMs(append(b, ','), t.CostNs)
	b = append(textio.AppendCSV(append(b, ','), strings.Join(why, "; ")), ',')
	if t.Why == "" && t.EnergyMillijoules.OrNaN() > 0 {
		b = strconv.AppendFloat(b, t.EnergyMillijoules.Value, 'f', -1, 64)
	}
	return append(b, '\n')
}
