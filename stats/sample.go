package stats

import (
	"fmt"
	"strings"
)

// Absent marks an int64 measurement that the engine does not have.
const Absent int64 = -1

// Sample is one timed execution of one request in one lane.
// All times are nanoseconds; instants are CLOCK_MONOTONIC.
type Sample struct {
	Seq        uint64 // position in the session, 0-based, over both lanes
	Request    uint64 // unique per occurrence; both lanes of a pair share it
	Generation int32  // worker generation, 0-based, +1 at each restart
	Segment    int32  // stretch between two toggles, 0-based
	NthInRun   int32  // position in its run, 0-based; warm-ups count apart, failed samples do not count
	Prompt     int32  // index of the prompt in its scenario
	Order      uint8  // 0: this lane ran first in its pair, 1: second
	Lane       Lane
	Mode       Mode
	Warmup     bool
	Failed     bool // status error; WallNs then is the time until the error
	Flags      Flag
	Cause      Cause // why it is in the tail; CauseNone while it is not

	Strategy string // per-phase strategy word that produced its shape, e.g. "padded" or "prefill=padded,decode=eager"
	Scenario string
	Backend  string // what really ran, e.g. "ort-cpu-compiled" or "ort-cpu-eager"
	Shape    string // executed shape, e.g. "1x64"

	Batch          int32
	Tokens         int32 // semantic tokens in the timed region (TR120 2.4)
	ExecutedTokens int32 // padded tokens in the timed region
	NewTokens      int32 // decode steps
	KVTokens       int32 // cache length at the end

	StartNs    int64
	WallNs     int64 // latency
	DeviceNs   int64 // from device events, or Absent
	ResponseNs int64 // since the request was due (open loop), or Absent
	CompileNs  int64 // part of WallNs spent making an executable; 0 if none
	TTFTNs     int64 // time to first token (e2e_kv), or Absent

	BoundNs        int64 // least time that its work takes on the device, at its natural shape: see Limit; Absent or 0: not known
	BoundComputeNs int64 // part of BoundNs that operations set, bytes set the rest; or Absent
	PaddingNs      int64 // what padding adds to BoundNs, or Absent

	RunDelayNs int64 // time runnable but not running (schedstat), or Absent
	MinFlt     int64 // minor page faults, or Absent
	MajFlt     int64 // major page faults, or Absent
	NIvCSw     int64 // involuntary context switches, or Absent
}

// Clean reports whether the sample may stand for the engine at rest: not a
// warm-up, no event attached, not the first of its shape, no error.
func (s *Sample) Clean() bool { return s.Counts() && !s.Tagged() }

// Status is "ok" or "error".
func (s *Sample) Status() string {
	if s.Failed {
		return "error"
	}
	return "ok"
}

// Counts reports whether the sample enters statistics.
func (s *Sample) Counts() bool { return !s.Warmup && !s.Failed }

// Tagged reports whether an event is attached to the sample or it is the first
// of its shape.
func (s *Sample) Tagged() bool { return s.Flags&(EventFlags|FlagShapeNew) != 0 }

// Columns has every column, in the order of samples.parquet. A new one comes
// last and may be absent: readers know a file by the columns that it has. The
// journal, Parquet, metrics.csv, the import, batches of the protocol and
// docs/snapshot.md follow.
var Columns = []*Column{
	unsigned("seq", "position in the session over both lanes, 0-based", func(s *Sample) *uint64 { return &s.Seq }),
	unsigned("request", "unique per occurrence; both lanes of a pair share it", func(s *Sample) *uint64 { return &s.Request }).wire("request"),
	count("generation", "worker process, 0-based, +1 at each restart", func(s *Sample) *int32 { return &s.Generation }),
	count("segment", "stretch between two toggles, 0-based", func(s *Sample) *int32 { return &s.Segment }),
	count("nth_in_run", "position in its run, 0-based; a failed sample does not count, the next has its place too", func(s *Sample) *int32 { return &s.NthInRun }),
	orderColumn.wire("order"),
	modeColumn, laneColumn,
	text("strategy", "how its shape came about", func(s *Sample) *string { return &s.Strategy }),
	text("scenario", "its name", func(s *Sample) *string { return &s.Scenario }),
	count("prompt", "index of the prompt in its scenario", func(s *Sample) *int32 { return &s.Prompt }),
	text("backend", "what really ran", func(s *Sample) *string { return &s.Backend }),
	text("shape", "executed, as `1x64`", func(s *Sample) *string { return &s.Shape }).notInCSV(),
	statusColumn,
	flag("is_warmup", "`true` or `false`", func(s *Sample) *bool { return &s.Warmup }),
	flagsColumn.notInCSV(),
	causeColumn,
	count("batch", "rows", func(s *Sample) *int32 { return &s.Batch }).in("rows"),
	count("tokens", "semantic (non-padding) tokens in the timed region, TR120 2.4", func(s *Sample) *int32 { return &s.Tokens }).in("tokens"),
	count("executed_tokens", "with padding", func(s *Sample) *int32 { return &s.ExecutedTokens }).in("tokens").wire("executed_tokens"),
	count("new_tokens", "decode steps", func(s *Sample) *int32 { return &s.NewTokens }).in("tokens"),
	count("kv_tokens", "cache length at the end", func(s *Sample) *int32 { return &s.KVTokens }).in("tokens").wire("kv_tokens"),
	duration("start_ns", "start; in `t_ms` since the session's start", func(s *Sample) *int64 { return &s.StartNs }).asCSV("t_ms").instant().wire("start_ns"),
	duration("wall_ns", "the timed region; of a failed sample the time until the error", func(s *Sample) *int64 { return &s.WallNs }).asCSV("latency_ms").wire("wall_ns"),
	duration("device_ns", "from device events", func(s *Sample) *int64 { return &s.DeviceNs }).absent().wire("device_ns"),
	duration("response_ns", "since the request was due; open loop only", func(s *Sample) *int64 { return &s.ResponseNs }).absent(),
	duration("compile_ns", "part of the latency spent making an executable", func(s *Sample) *int64 { return &s.CompileNs }).wire("compile_ns"),
	duration("ttft_ns", "time to the first token", func(s *Sample) *int64 { return &s.TTFTNs }).absent().notInCSV().wire("ttft_ns"),
	duration("run_delay_ns", "runnable but not running", func(s *Sample) *int64 { return &s.RunDelayNs }).absent().wire("run_delay_ns"),
	number("minflt", "minor page faults", func(s *Sample) *int64 { return &s.MinFlt }).absent().wire("minflt"),
	number("majflt", "major page faults", func(s *Sample) *int64 { return &s.MajFlt }).absent().wire("majflt"),
	number("nivcsw", "involuntary context switches", func(s *Sample) *int64 { return &s.NIvCSw }).absent().wire("nivcsw"),
	duration("bound_ns", "least time that its work takes on the device, without padding (limits.md)", func(s *Sample) *int64 { return &s.BoundNs }).absent(),
	duration("bound_compute_ns", "part of the bound that operations set", func(s *Sample) *int64 { return &s.BoundComputeNs }).absent().notInCSV(),
	duration("padding_ns", "what padding adds to the bound", func(s *Sample) *int64 { return &s.PaddingNs }).absent().notInCSV(),
}

// csvOrder is the order of the columns that metrics.csv had at first; those
// that came later follow in the order of the table.
var csvOrder = []string{"generation", "segment", "seq", "request", "order", "start_ns", "mode", "strategy", "scenario", "prompt", "lane", "backend",
	"status", "batch", "tokens", "executed_tokens", "new_tokens", "kv_tokens", "wall_ns", "device_ns", "response_ns", "compile_ns", "cause",
	"is_warmup", "nth_in_run", "run_delay_ns", "minflt", "majflt", "nivcsw"}

// Columns whose values have names.
var (
	orderColumn = &Column{Name: "order", Doc: "0: this lane ran first in its pair, 1: second", Type: Int32,
		Get: func(s *Sample) int64 { return int64(s.Order) }, Set: func(s *Sample, v int64) { s.Order = uint8(v & 1) }}
	flagsColumn = &Column{Name: "flags", Doc: "a bit for each event attached", Type: Int32,
		Get: func(s *Sample) int64 { return int64(s.Flags) }, Set: func(s *Sample, v int64) { s.Flags = Flag(v) }}
	modeColumn = &Column{Name: "mode", Doc: "`" + strings.Join(ModeNames(), "`, `") + "`", Type: Text,
		Text:    func(s *Sample) string { return s.Mode.String() },
		SetText: func(s *Sample, v string) (err error) { s.Mode, err = ParseMode(v); return err }}
	laneColumn = &Column{Name: "lane", Doc: "`" + strings.Join(Lanes[:], "` or `") + "`", Type: Text,
		Text:    func(s *Sample) string { return s.Lane.String() },
		SetText: func(s *Sample, v string) (err error) { s.Lane, err = ParseLane(v); return err }}
	statusColumn = &Column{Name: "status", Doc: "`ok` or `error`; then the latency is the time until the error", Type: Text,
		Text:    (*Sample).Status,
		SetText: func(s *Sample, v string) error { s.Failed = v != "ok"; return nil }}
	causeColumn = &Column{Name: "cause", Type: Text,
		Doc:  "why it is in the tail; empty outside the tail",
		Text: func(s *Sample) string { return s.Cause.String() },
		SetText: func(s *Sample, v string) error {
			c, ok := ParseCause(v)
			if !ok {
				return fmt.Errorf("%q is no cause", v)
			}
			s.Cause = c
			return nil
		}}
)
