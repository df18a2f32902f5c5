package folder

import (
	"strconv"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// metrics.csv has the columns of the table, the session's name before them
// and, after the time that the device says, what follows from two of them.
const (
	runIDColumn = "run_id"
	rateColumn  = "tokens_per_s"
	rateAfter   = "device_ns"
)

// metricsHeader names the columns of metrics.csv.
func metricsHeader() []byte {
	b := []byte(runIDColumn)
	for _, c := range stats.CSVColumns {
		b = append(append(b, ','), c.CSV...)
		if c.Name == rateAfter {
			b = append(b, ","+rateColumn...)
		}
	}
	return append(b, '\n')
}

// appendMetricsRow appends s as a line of metrics.csv. Times are the measured
// nanoseconds as milliseconds with six decimals; absent values are empty.
func appendMetricsRow(b []byte, runID string, startNs int64, s *stats.Sample) []byte {
	b = textio.AppendCSV(b, runID)
	for _, c := range stats.CSVColumns {
		b = appendField(append(b, ','), c, startNs, s)
		if c.Name == rateAfter {
			b = append(b, ',')
			if s.WallNs > 0 && s.Tokens > 0 && !s.Failed {
				b = strconv.AppendFloat(b, tokensPerS(s), 'g', 9, 64)
			}
		}
	}
	return append(b, '\n')
}

func appendField(b []byte, c *stats.Column, startNs int64, s *stats.Sample) []byte {
	if c.Type == stats.Text {
		return textio.AppendCSV(b, c.Text(s))
	}
	v := c.Get(s)
	switch {
	case c.Absent && v < 0:
		return b
	case c.Instant:
		return textio.AppendMs(b, v-startNs)
	case c.Time:
		return textio.AppendMs(b, v)
	case c.Type == stats.Bool:
		return strconv.AppendBool(b, v != 0)
	case c.Type == stats.Uint64:
		return strconv.AppendUint(b, uint64(v), 10)
	}
	return strconv.AppendInt(b, v, 10)
}

// tokensPerS is TR120 2.4: semantic tokens over the time of the timed region.
func tokensPerS(s *stats.Sample) float64 { return float64(s.Tokens) / (float64(s.WallNs) / 1e9) }
