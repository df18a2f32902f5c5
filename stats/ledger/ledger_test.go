package ledger

import (
	"math"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// The precedence of DESIGN: the first that applies wins.
func TestPrecedence(t *testing.T) {
	e := Evidence{Wall: 100e6, runDelay: 99e6, Compiled: true, Cold: true,
		Flags: stats.FlagRecompile | stats.FlagCapture | stats.FlagFallback | stats.FlagShapeNew | stats.FlagThrottle | stats.FlagTool}
	drop := []func(){func() { e.Flags &^= stats.FlagRecompile; e.Compiled = false }, func() { e.Flags &^= stats.FlagCapture },
		func() { e.Flags &^= stats.FlagFallback }, func() { e.Flags &^= stats.FlagShapeNew }, func() { e.Cold = false }}
	want := []stats.Cause{stats.CauseCompile, stats.CauseCapture, stats.CauseFallback, stats.CauseShapeNew, stats.CauseColdStart, stats.CauseGPU}
	for i, c := range want {
		if got := Classify(&e, 1e6, 1e6); got != c {
			t.Fatalf("step %d: %v, want %v", i, got, c)
		}
		if i < len(drop) {
			drop[i]()
		}
	}
	if got := Classify(&e, 40e6, 1e6); got != stats.CauseWork {
		t.Errorf("within 3 × its shape's median: %v", got)
	}
	e.Flags = stats.FlagTool
	if got := Classify(&e, 1e6, 1e6); got != stats.CauseHost {
		t.Errorf("host comes before the tool: %v", got)
	}
	e.runDelay = 0
	if got := Classify(&e, 1e6, 1e6); got != stats.CauseTool {
		t.Errorf("tool: %v", got)
	}
	e.Flags = 0
	if got := Classify(&e, math.NaN(), math.NaN()); got != stats.CauseUnexplained {
		t.Errorf("nothing known: %v", got)
	}
}
