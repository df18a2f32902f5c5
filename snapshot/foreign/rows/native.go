package rows

import (
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// bindNative finds the columns of tailscope's own metrics.csv; a table that
// lacks one that was always there is another tool's.
func (t *columnReader) bindNative() {
	at := make([]int, len(stats.CSVColumns))
	for i, c := range stats.CSVColumns {
		if at[i] = t.position(c.CSV); at[i] < 0 && !c.Absent {
			return
		}
	}
	t.native = at
}

// sample reads the columns that only tailscope writes.
func (t *columnReader) sample(r *Row) error {
	s := &t.own
	*s = stats.Unknown()
	for i, c := range stats.CSVColumns {
		if t.native[i] < 0 {
			continue
		}
		b := t.fields[t.native[i]]
		if len(b) == 0 {
			continue
		}
		if err := t.takeOwn(s, c, b); err != nil {
			return fmt.Errorf("%s: %w", c.CSV, err)
		}
	}
	s.Scenario, s.WallNs, s.Failed, s.Warmup = plain.Uncell(r.Scenario), r.Ns, !r.OK, r.Warmup // as every table's row says them
	if s.CompileNs > 0 {
		s.Flags |= stats.FlagRecompile
	}
	s.Flags |= flagOf[s.Cause]
	r.Native = s
	return nil
}

// takeOwn reads one field into s.
func (t *columnReader) takeOwn(s *stats.Sample, c *stats.Column, b []byte) error {
	var v int64
	var err error
	switch {
	case c.Type == stats.Text:
		return c.SetText(s, plain.Uncell(t.str(b)))
	case c.Time:
		v, err = textio.ParseMs(b)
	case c.Type == stats.Bool:
		var is bool
		if is, err = strconv.ParseBool(string(b)); is {
			v = 1
		}
	case c.Type == stats.Uint64:
		var u uint64
		u, err = strconv.ParseUint(string(b), 10, 64)
		v = int64(u)
	case c.Type == stats.Int32:
		v, err = strconv.ParseInt(string(b), 10, 32)
	default:
		v, err = strconv.ParseInt(string(b), 10, 64)
	}
	if err == nil {
		c.Set(s, v)
	}
	return err
}

// flagOf is the flag that leads to a cause: the table has no flags, and a
// cause without one (cold start, work, host) follows from the times.
var flagOf = [stats.NumCauses]stats.Flag{stats.CauseCompile: stats.FlagRecompile, stats.CauseCapture: stats.FlagCapture, stats.CauseFallback: stats.FlagFallback,
	stats.CauseShapeNew: stats.FlagShapeNew, stats.CauseGPU: stats.FlagThrottle, stats.CauseTool: stats.FlagTool}
