package folder

import (
	"strconv"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// metricsColumns are the columns of metrics.csv, in order.
var metricsColumns = []string{"run_id", "generation", "segment", "seq", "request", "order", "t_ms", "mode", "strategy",
	"scenario", "prompt", "lane", "backend", "status", "batch", "tokens", "executed_tokens", "new_tokens", "kv_tokens",
	"latency_ms", "device_ms", "tokens_per_s", "response_ms", "compile_ms", "cause", "is_warmup", "nth_in_run",
	"run_delay_ms", "minflt", "majflt", "nivcsw"}

// appendMetricsRow appends s as a line of metrics.csv. Times are the measured
// nanoseconds as milliseconds with six decimals; absent values are empty.
func appendMetricsRow(b []byte, runID string, startNs int64, s *stats.Sample) []byte {
	b = textio.AppendCSV(b, runID)
	for _, v := range [...]int64{int64(s.Generation), int64(s.Segment), int64(s.Seq), int64(s.Request), int64(s.Order)} {
		b = append(b, ',')
		b = strconv.AppendInt(b, v, 10)
	}
	b = append(b, ',')
	b = textio.AppendMs(b, s.StartNs-startNs)
	b = append(b, ',')
	b = append(b, s.Mode.String()...)
	b = append(b, ',')
	b = textio.AppendCSV(b, s.Strategy)
	b = append(b, ',')
	b = textio.AppendCSV(b, s.Scenario)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(s.Prompt), 10)
	b = append(b, ',')
	b = append(b, s.Lane.String()...)
	b = append(b, ',')
	b = textio.AppendCSV(b, s.Backend)
	b = append(b, ',')
	b = append(b, journal.Status(s)...)
	for _, v := range [...]int32{s.Batch, s.Tokens, s.ExecutedTokens, s.NewTokens, s.KVTokens} {
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(v), 10)
	}
	b = append(b, ',')
	b = textio.AppendMs(b, s.WallNs)
	b = append(b, ',')
	b = textio.AppendOptMs(b, s.DeviceNs)
	b = append(b, ',')
	if s.WallNs > 0 && s.Tokens > 0 && !s.Failed {
		b = strconv.AppendFloat(b, tokensPerS(s), 'g', 9, 64)
	}
	b = append(b, ',')
	b = textio.AppendOptMs(b, s.ResponseNs)
	b = append(b, ',')
	b = textio.AppendOptMs(b, s.CompileNs)
	b = append(b, ',')
	b = append(b, s.Cause.String()...)
	b = append(b, ',')
	b = strconv.AppendBool(b, s.Warmup)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(s.NthInRun), 10)
	b = append(b, ',')
	b = textio.AppendOptMs(b, s.RunDelayNs)
	for _, v := range [...]int64{s.MinFlt, s.MajFlt, s.NIvCSw} {
		b = append(b, ',')
		b = textio.AppendOptInt(b, v)
	}
	return append(b, '\n')
}

// tokensPerS is TR120 2.4: semantic tokens over the time of the timed region.
func tokensPerS(s *stats.Sample) float64 { return float64(s.Tokens) / (float64(s.WallNs) / 1e9) }
