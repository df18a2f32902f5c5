package runner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// What an engine says is believed only where it can be: a figure that cannot
// be makes its sample a failure, which is counted, told and never ranked; a row
// that nobody asked for ends the session, since nothing else can be believed.

// Bounds of what can be.
const (
	maxNs     = int64(1000 * time.Hour) // of any duration
	maxTokens = 1 << 30                 // of any count that becomes an int32
	longAgo   = int64(24 * time.Hour)   // of what an observed program did
)

// asked says how a row contradicts its request, nil where it does not.
func (fl *inflight) asked(b *protocol.Batch, i int) error {
	at := slices.Index(fl.order, b.Lane)
	switch {
	case b.Mode != fl.item.Mode:
		return fmt.Errorf("a sample of mode %q for %s", b.Mode, fl)
	case at < 0:
		return fmt.Errorf("a sample of the %s lane for %s, which is for %s", b.Lane, fl, strings.Join(fl.order, " and "))
	case b.Order[i] < 0 || b.Order[i] >= max(len(fl.order), 2):
		return fmt.Errorf("order %d in a sample of %s", b.Order[i], fl)
	case len(fl.order) == 2 && !fl.together && b.Order[i] != at:
		return fmt.Errorf("order %d in a sample of the %s lane of %s, which asks for %s", b.Order[i], b.Lane, fl, strings.Join(fl.order, " first, then "))
	}
	for k := range fl.rows {
		if fl.rows[k].smp.Lane.String() == b.Lane {
			return fmt.Errorf("two samples of the %s lane for %s", b.Lane, fl)
		}
	}
	return nil
}

// impossible says which figure of row i cannot be, "" where all can. now is the
// instant of the supervisor's clock.
func (fl *inflight) impossible(b *protocol.Batch, i int, now int64) string {
	start, wall, latest := b.StartNs[i], b.WallNs[i], now+clockSkew
	earliest := fl.sentNs - clockSkew
	if fl.unasked {
		earliest = now - longAgo
	}
	switch {
	case start < earliest || start > latest:
		return fmt.Sprintf("start_ns is %v from the clock of this machine", time.Duration(start-now).Round(time.Millisecond))
	case wall < 0 || wall > latest-start:
		return fmt.Sprintf("wall_ns is %d, and the request began %v ago", wall, time.Duration(now-start).Round(time.Microsecond))
	}
	ns := func(name string, c []int64) string {
		if v := column(c, i, 0); v < stats.Absent || v > maxNs {
			return fmt.Sprintf("%s is %d", name, v)
		}
		return ""
	}
	part := func(name string, c []int64) string { // of the request: none can be far longer than the whole
		if v := column(c, i, 0); v < stats.Absent || v > 2*wall+int64(time.Second) {
			return fmt.Sprintf("%s is %d of a request of %d ns", name, v, wall)
		}
		return ""
	}
	further := func() string {
		for _, c := range protocol.Further {
			if why := ns(c.Wire, b.Further[c.Wire]); why != "" {
				return why
			}
		}
		return ""
	}
	count := func(name string, c []int) string {
		if v := column(c, i, 0); v < 0 || v > maxTokens {
			return fmt.Sprintf("%s is %d", name, v)
		}
		return ""
	}
	for _, why := range []string{part("device_ns", b.DeviceNs), part("compile_ns", b.CompileNs), part("ttft_ns", b.TTFTNs), part("run_delay_ns", b.RunDelayNs),
		ns("minflt", b.MinFlt), ns("majflt", b.MajFlt), ns("nivcsw", b.NIvCSw), count("executed_tokens", b.ExecutedTokens), count("kv_tokens", b.KVTokens), further()} {
		if why != "" {
			return why
		}
	}
	return impossibleSteps(column(b.StepsNs, i, nil), column(b.StepsKV, i, nil), wall)
}

// impossibleSteps looks at the steps of a decode, none of which can be far
// longer than the whole.
func impossibleSteps(steps []int64, kv []int, wall int64) string {
	if k := slices.IndexFunc(steps, func(ns int64) bool { return ns < 0 || ns > 2*wall+int64(time.Second) }); k >= 0 {
		return fmt.Sprintf("step %d takes %d ns of a request of %d ns", k, steps[k], wall)
	}
	if k := slices.IndexFunc(kv, func(n int) bool { return n < 0 || n > maxTokens }); k >= 0 {
		return fmt.Sprintf("step %d has a cache of %d", k, kv[k])
	}
	return ""
}

// instead is a row that failed in place of one that cannot be. What had failed
// already keeps its error.
func instead(b *protocol.Batch, i int, why string, now int64) *protocol.Batch {
	why = cmp.Or(column(b.Error, i, ""), "the engine reported an impossible figure: "+why)
	return &protocol.Batch{Lane: b.Lane, Mode: b.Mode, Strategy: b.Strategy, Scenario: b.Scenario, Shape: b.Shape, Backend: b.Backend,
		Request: b.Request[i : i+1], Order: b.Order[i : i+1], StartNs: []int64{now}, WallNs: []int64{0},
		Error: []string{why}}
}

// Bounds of texts, in bytes: what is longer is cut and says so.
const (
	maxName   = 256      // shape, backend, scenario
	maxReason = 4 << 10  // of an event or an error
	maxExtra  = 64 << 10 // what else an event carries
)

// clip cuts a text to at most n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + fmt.Sprintf("… (%d bytes)", len(s))
}

// clipEvent bounds what an engine's event carries, and puts it on the clock.
func clipEvent(e *stats.Event, now int64) {
	e.Reason, e.Shape, e.Strategy = clip(e.Reason, maxReason), clip(e.Shape, maxName), clip(e.Strategy, maxName)
	if n := sizeOf(e.Extra, maxExtra); n > maxExtra {
		e.Extra = map[string]any{"cut": fmt.Sprintf("more than %d bytes", maxExtra)}
	}
	if e.DurNs < 0 || e.DurNs > maxNs || e.TNs < now-longAgo || e.TNs > now+clockSkew {
		e.Reason = fmt.Sprintf("%s (the engine reported an impossible time: t_ns %d, dur_ns %d)", e.Reason, e.TNs, e.DurNs)
		e.TNs, e.DurNs = now, 0
	}
}

// sizeOf estimates the bytes of a decoded JSON value, and gives up beyond limit.
func sizeOf(v any, limit int) int {
	n := 8
	switch x := v.(type) {
	case string:
		n += len(x)
	case []any:
		for _, e := range x {
			if n += sizeOf(e, limit-n); n > limit {
				break
			}
		}
	case map[string]any:
		for k, e := range x {
			if n += len(k) + sizeOf(e, limit-n); n > limit {
				break
			}
		}
	}
	return n
}
