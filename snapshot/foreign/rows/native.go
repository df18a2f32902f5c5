package rows

import (
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// nativeColumns are the columns by which a metrics.csv of tailscope is known,
// with what takes their value into a sample.
var nativeColumns = []struct {
	name string
	take func(*stats.Sample, []byte) error
}{
	{"generation", func(s *stats.Sample, b []byte) error { return int32Of(&s.Generation, b) }},
	{"segment", func(s *stats.Sample, b []byte) error { return int32Of(&s.Segment, b) }},
	{"seq", func(s *stats.Sample, b []byte) error { return uintOf(&s.Seq, b) }},
	{"request", func(s *stats.Sample, b []byte) error { return uintOf(&s.Request, b) }},
	{"order", func(s *stats.Sample, b []byte) (err error) {
		var n int32
		err = int32Of(&n, b)
		s.Order = uint8(n & 1)
		return err
	}},
	{"t_ms", func(s *stats.Sample, b []byte) error { return msOf(&s.StartNs, b) }},
	{"mode", func(s *stats.Sample, b []byte) (err error) { s.Mode, err = stats.ParseMode(string(b)); return err }},
	{"prompt", func(s *stats.Sample, b []byte) error { return int32Of(&s.Prompt, b) }},
	{"lane", func(s *stats.Sample, b []byte) (err error) { s.Lane, err = stats.ParseLane(string(b)); return err }},
	{"batch", func(s *stats.Sample, b []byte) error { return int32Of(&s.Batch, b) }},
	{"tokens", func(s *stats.Sample, b []byte) error { return int32Of(&s.Tokens, b) }},
	{"executed_tokens", func(s *stats.Sample, b []byte) error { return int32Of(&s.ExecutedTokens, b) }},
	{"new_tokens", func(s *stats.Sample, b []byte) error { return int32Of(&s.NewTokens, b) }},
	{"kv_tokens", func(s *stats.Sample, b []byte) error { return int32Of(&s.KVTokens, b) }},
	{"device_ms", func(s *stats.Sample, b []byte) error { return msOf(&s.DeviceNs, b) }},
	{"response_ms", func(s *stats.Sample, b []byte) error { return msOf(&s.ResponseNs, b) }},
	{"compile_ms", func(s *stats.Sample, b []byte) error { return msOf(&s.CompileNs, b) }},
	{"cause", takeCause},
	{"nth_in_run", func(s *stats.Sample, b []byte) error { return int32Of(&s.NthInRun, b) }},
	{"run_delay_ms", func(s *stats.Sample, b []byte) error { return msOf(&s.RunDelayNs, b) }},
	{"minflt", func(s *stats.Sample, b []byte) error { return intOf(&s.MinFlt, b) }},
	{"majflt", func(s *stats.Sample, b []byte) error { return intOf(&s.MajFlt, b) }},
	{"nivcsw", func(s *stats.Sample, b []byte) error { return intOf(&s.NIvCSw, b) }},
}

// bindNative finds the columns of tailscope's own metrics.csv; a table that
// lacks one of them is another tool's.
func (t *columnReader) bindNative() {
	var at []int
	for _, c := range nativeColumns {
		i := t.position(c.name)
		if i < 0 {
			return
		}
		at = append(at, i)
	}
	t.native = at
}

// sample reads the columns that only tailscope writes.
func (t *columnReader) sample(r *Row) error {
	s := &t.own
	*s = stats.Sample{DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent,
		MinFlt: stats.Absent, MajFlt: stats.Absent, NIvCSw: stats.Absent}
	for i, c := range nativeColumns {
		if b := t.fields[t.native[i]]; len(b) > 0 {
			if err := c.take(s, b); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	s.Scenario, s.WallNs, s.Failed, s.Warmup = r.Scenario, r.Ns, !r.OK, r.Warmup
	s.Strategy, s.Backend = t.column("strategy"), t.column("backend")
	if s.CompileNs > 0 {
		s.Flags |= stats.FlagRecompile
	}
	r.Native = s
	return nil
}

// column is the value of a column, "" if there is none.
func (t *columnReader) column(name string) string {
	if i := t.position(name); i >= 0 {
		return t.str(t.fields[i])
	}
	return ""
}

// takeCause sets the flag that leads to a cause: the table has no flags, and a
// cause without one (cold start, work, host) follows from the times.
func takeCause(s *stats.Sample, b []byte) error {
	c, ok := stats.ParseCause(string(b))
	if !ok {
		return fmt.Errorf("%q is no cause", b)
	}
	s.Cause = c
	switch c {
	case stats.CauseCompile:
		s.Flags |= stats.FlagRecompile
	case stats.CauseCapture:
		s.Flags |= stats.FlagCapture
	case stats.CauseFallback:
		s.Flags |= stats.FlagFallback
	case stats.CauseShapeNew:
		s.Flags |= stats.FlagShapeNew
	case stats.CauseGPU:
		s.Flags |= stats.FlagThrottle
	case stats.CauseTool:
		s.Flags |= stats.FlagTool
	}
	return nil
}

func msOf(v *int64, b []byte) (err error) {
	*v, err = textio.ParseMs(b)
	return err
}

func intOf(v *int64, b []byte) (err error) {
	*v, err = strconv.ParseInt(string(b), 10, 64)
	return err
}

func uintOf(v *uint64, b []byte) (err error) {
	*v, err = strconv.ParseUint(string(b), 10, 64)
	return err
}

func int32Of(v *int32, b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 32)
	*v = int32(n)
	return err
}
