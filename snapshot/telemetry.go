package snapshot

import (
	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"math"
	"strconv"
	"strings"
)

// Reading is a value or the reason why there is none. It has the shape of
// view.Reading, so that one converts into the other.
type Reading struct {
	Value float64
	Err   string // "" when Value is valid
}

// Telemetry is one reading of one GPU. A reading that is missing is an empty
// field in telemetry.csv, never 0.
type Telemetry struct {
	TNs    int64 // CLOCK_MONOTONIC
	Index  int
	Count  int
	Name   string
	Driver string

	UtilPct, MemUtilPct                    Reading
	MemUsedBytes, MemTotalBytes            Reading
	PowerMilliwatts, PowerLimitMilliwatts  Reading
	TempC                                  Reading
	SMClockMHz, SMClockMaxMHz, MemClockMHz Reading
	PCIeTxKBs, PCIeRxKBs                   Reading
	Throttle                               []string // reasons active
	ThrottleErr                            string
	CostNs                                 int64  // what taking the reading cost
	Why                                    string // why nothing can be read; then every reading is missing
}

// telemetryColumns are the columns of telemetry.csv, in order.
var telemetryColumns = []string{"t_ms", "gpu", "util_pct", "mem_util_pct", "mem_used_bytes", "mem_total_bytes",
	"power_mw", "power_limit_mw", "temp_c", "sm_clock_mhz", "sm_clock_max_mhz", "mem_clock_mhz",
	"pcie_tx_kbs", "pcie_rx_kbs", "throttle", "cost_ms", "missing"}

// readings lists the readings in the order of telemetryColumns.
func (t *Telemetry) readings() [12]*Reading {
	return [12]*Reading{&t.UtilPct, &t.MemUtilPct, &t.MemUsedBytes, &t.MemTotalBytes, &t.PowerMilliwatts,
		&t.PowerLimitMilliwatts, &t.TempC, &t.SMClockMHz, &t.SMClockMaxMHz, &t.MemClockMHz, &t.PCIeTxKBs, &t.PCIeRxKBs}
}

// appendCSV appends t as a line of telemetry.csv. The column missing holds the
// distinct reasons why readings lack.
func (t *Telemetry) appendCSV(b []byte, startNs int64) []byte {
	b = textio.AppendMs(b, t.TNs-startNs)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(t.Index), 10)
	var why []string
	note := func(s string) {
		for _, w := range why {
			if w == s {
				return
			}
		}
		why = append(why, s)
	}
	for _, r := range t.readings() {
		b = append(b, ',')
		switch {
		case t.Why != "":
		case r.Err != "":
			note(r.Err)
		case !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0):
			b = strconv.AppendFloat(b, r.Value, 'f', -1, 64)
		}
	}
	if t.Why != "" {
		note(t.Why)
	}
	if t.ThrottleErr != "" {
		note(t.ThrottleErr)
	}
	b = append(b, ',')
	b = textio.AppendCSV(b, strings.Join(t.Throttle, "|"))
	b = append(b, ',')
	b = textio.AppendMs(b, t.CostNs)
	b = append(b, ',')
	b = textio.AppendCSV(b, strings.Join(why, "; "))
	return append(b, '\n')
}
