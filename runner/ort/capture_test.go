package ort

import (
	"strings"
	"testing"

	"tailscope/runner/protocol"
	"tailscope/stats"
)

// A captured graph either answers like the eager lane, input for input, or is
// caught at its first replay and switched off; either way no wrong answer
// stays unflagged.
func TestCaptureIsProvenOrOff(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Provider, l.Capture, l.Check = "webgpu", "on", 1e-9 })
	const n = 5
	for range n {
		k.prefill("variable", 6, 6)
	}
	k.drain("optimized", n)
	rows := k.settle()["optimized"]
	wrong := map[uint64]bool{}
	for _, e := range k.events(stats.KindDivergence) {
		wrong[*e.Request] = true
	}
	off := false
	for _, e := range k.events(stats.KindGraphCapture) {
		t.Log(e.Reason)
		off = off || strings.Contains(e.Reason, "capture is off")
	}
	if len(wrong) > 0 != off || len(wrong) > 1 {
		t.Errorf("%d answers differ, capture switched off: %v", len(wrong), off)
	}
	if off && rows[n-1].err != "" {
		t.Errorf("after capture was switched off: %+v", rows[n-1])
	}
	if c := k.counters(); c.Checks.N < 2 || c.Groups[0].Captures != 1 {
		t.Errorf("counters %+v", c)
	}
}

// The time is the device's: more work takes more of it, and answers change
// with the inputs.
func TestDeviceWorkScalesTheTime(t *testing.T) {
	if !swiftShader(t) {
		return
	}
	k := startWorker(t)
	k.loadBuiltin("default", func(l *protocol.Load) { l.Provider = "webgpu" })
	for range 3 {
		k.prefill("dynamic", 4, 4)
		k.prefill("dynamic", 128, 128)
	}
	k.drain("eager", 6)
	rows := k.settle()["eager"]
	short, long := rows[4].wall, rows[5].wall
	t.Logf("4 tokens %.0f ms, 128 tokens %.0f ms", float64(short)/1e6, float64(long)/1e6)
	if float64(long) < 2*float64(short) {
		t.Errorf("128 tokens took %d ns, 4 took %d: the end of the device's work is not in the time", long, short)
	}
}
