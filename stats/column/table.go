package column

import (
	"fmt"

	"github.com/tailscope/tailscope/stats"
)

// Table has every column, in the order of samples.parquet. A new one comes
// last: readers know a file by the columns that it has.
var Table = []*Column{
	unsigned("seq", "position in the session over both lanes, 0-based", func(s *stats.Sample) *uint64 { return &s.Seq }),
	unsigned("request", "unique per occurrence; both lanes of a pair share it", func(s *stats.Sample) *uint64 { return &s.Request }).wire("request"),
	count("generation", "worker process, 0-based, +1 at each restart", func(s *stats.Sample) *int32 { return &s.Generation }),
	count("segment", "stretch between two toggles, 0-based", func(s *stats.Sample) *int32 { return &s.Segment }),
	count("nth_in_run", "position in its run, 0-based; a failed sample does not count, the next has its place too", func(s *stats.Sample) *int32 { return &s.NthInRun }),
	order.wire("order"),
	mode, lane,
	text("strategy", "how its shape came about", func(s *stats.Sample) *string { return &s.Strategy }),
	text("scenario", "its name", func(s *stats.Sample) *string { return &s.Scenario }),
	count("prompt", "index of the prompt in its scenario", func(s *stats.Sample) *int32 { return &s.Prompt }),
	text("backend", "what really ran", func(s *stats.Sample) *string { return &s.Backend }),
	text("shape", "executed, as `1x64`", func(s *stats.Sample) *string { return &s.Shape }).notInCSV(),
	status,
	flag("is_warmup", "`true` or `false`", func(s *stats.Sample) *bool { return &s.Warmup }),
	flags.notInCSV(),
	cause,
	count("batch", "rows", func(s *stats.Sample) *int32 { return &s.Batch }).in("rows"),
	count("tokens", "semantic (non-padding) tokens in the timed region, TR120 2.4", func(s *stats.Sample) *int32 { return &s.Tokens }).in("tokens"),
	count("executed_tokens", "with padding", func(s *stats.Sample) *int32 { return &s.ExecutedTokens }).in("tokens").wire("executed_tokens"),
	count("new_tokens", "decode steps", func(s *stats.Sample) *int32 { return &s.NewTokens }).in("tokens"),
	count("kv_tokens", "cache length at the end", func(s *stats.Sample) *int32 { return &s.KVTokens }).in("tokens").wire("kv_tokens"),
	duration("start_ns", "start; in `t_ms` since the session's start", func(s *stats.Sample) *int64 { return &s.StartNs }).asCSV("t_ms").instant().wire("start_ns"),
	duration("wall_ns", "the timed region; of a failed sample the time until the error", func(s *stats.Sample) *int64 { return &s.WallNs }).asCSV("latency_ms").wire("wall_ns"),
	duration("device_ns", "from device events", func(s *stats.Sample) *int64 { return &s.DeviceNs }).absent().wire("device_ns"),
	duration("response_ns", "since the request was due; open loop only", func(s *stats.Sample) *int64 { return &s.ResponseNs }).absent(),
	duration("compile_ns", "part of the latency spent making an executable", func(s *stats.Sample) *int64 { return &s.CompileNs }).wire("compile_ns"),
	duration("ttft_ns", "time to the first token", func(s *stats.Sample) *int64 { return &s.TTFTNs }).absent().notInCSV().wire("ttft_ns"),
	duration("run_delay_ns", "runnable but not running", func(s *stats.Sample) *int64 { return &s.RunDelayNs }).absent().wire("run_delay_ns"),
	number("minflt", "minor page faults", func(s *stats.Sample) *int64 { return &s.MinFlt }).absent().wire("minflt"),
	number("majflt", "major page faults", func(s *stats.Sample) *int64 { return &s.MajFlt }).absent().wire("majflt"),
	number("nivcsw", "involuntary context switches", func(s *stats.Sample) *int64 { return &s.NIvCSw }).absent().wire("nivcsw"),
	duration("bound_ns", "least time that its work takes on the device, without padding (limits.md)", func(s *stats.Sample) *int64 { return &s.BoundNs }).absent(),
	duration("bound_compute_ns", "part of the bound that operations set", func(s *stats.Sample) *int64 { return &s.BoundComputeNs }).absent().notInCSV(),
	duration("padding_ns", "what padding adds to the bound", func(s *stats.Sample) *int64 { return &s.PaddingNs }).absent().notInCSV(),
}

// csvOrder is the order of the columns that metrics.csv had at first; those
// that came later follow in the order of the table.
var csvOrder = []string{"generation", "segment", "seq", "request", "order", "start_ns", "mode", "strategy", "scenario", "prompt", "lane", "backend",
	"status", "batch", "tokens", "executed_tokens", "new_tokens", "kv_tokens", "wall_ns", "device_ns", "response_ns", "compile_ns", "cause",
	"is_warmup", "nth_in_run", "run_delay_ns", "minflt", "majflt", "nivcsw"}

// Columns whose values have names.
var (
	order = &Column{Name: "order", Doc: "0: this lane ran first in its pair, 1: second", Type: Int32,
		Get: func(s *stats.Sample) int64 { return int64(s.Order) }, Set: func(s *stats.Sample, v int64) { s.Order = uint8(v & 1) }}
	flags = &Column{Name: "flags", Doc: "a bit for each event attached", Type: Int32,
		Get: func(s *stats.Sample) int64 { return int64(s.Flags) }, Set: func(s *stats.Sample, v int64) { s.Flags = stats.Flag(v) }}
	mode = &Column{Name: "mode", Doc: "`prefill`, `kv_decode`, `e2e_kv`, `forward`", Type: Text,
		Text:    func(s *stats.Sample) string { return s.Mode.String() },
		SetText: func(s *stats.Sample, v string) (err error) { s.Mode, err = stats.ParseMode(v); return err }}
	lane = &Column{Name: "lane", Doc: "`eager` or `optimized`", Type: Text,
		Text:    func(s *stats.Sample) string { return s.Lane.String() },
		SetText: func(s *stats.Sample, v string) (err error) { s.Lane, err = stats.ParseLane(v); return err }}
	status = &Column{Name: "status", Doc: "`ok` or `error`; then the latency is the time until the error", Type: Text,
		Text:    Status,
		SetText: func(s *stats.Sample, v string) error { s.Failed = v != "ok"; return nil }}
	cause = &Column{Name: "cause", Type: Text,
		Doc:  "why it is in the tail; empty outside the tail",
		Text: func(s *stats.Sample) string { return s.Cause.String() },
		SetText: func(s *stats.Sample, v string) error {
			c, ok := stats.ParseCause(v)
			if !ok {
				return fmt.Errorf("%q is no cause", v)
			}
			s.Cause = c
			return nil
		}}
)

// Status is "ok" or "error".
func Status(s *stats.Sample) string {
	if s.Failed {
		return "error"
	}
	return "ok"
}
