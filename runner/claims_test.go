package runner

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// The last word of a worker is held against the samples that came, in silence
// where they agree.
func TestByeIsCounted(t *testing.T) {
	for fault, want := range map[string]string{"none": "", "miscounts": "the engine says that it sent 71 samples, and 66 arrived"} {
		res, mem := runSession(t, fault, sessionConfig(), nil)
		said := ""
		for _, e := range mem.events {
			if e.Kind == stats.KindError {
				said += e.Reason
			}
		}
		if res.Err != nil || said != want {
			t.Errorf("%s: %v, said %q, want %q", fault, res.Err, said, want)
		}
	}
}

// Every number of a claim is looked at, however deep.
func TestClaimsThatCannotBe(t *testing.T) {
	good := func() *protocol.Counters {
		return &protocol.Counters{Groups: []protocol.Counter{{}, {Compiles: 1, CompileNs: 5}}, Checks: protocol.Checks{N: 2, Failed: 1,
			Modes: map[string]protocol.ModeChecks{"prefill": {N: 2, Failed: 1, MaxRelL2: 0.5}}, Reference: &protocol.References{N: 1}}, Engine: map[string]any{"x": -1.0}}
	}
	if why := cannotBe(good()); why != "" {
		t.Error(why)
	}
	for want, bend := range map[string]func(c *protocol.Counters){
		"groups[1].compiles is -1":     func(c *protocol.Counters) { c.Groups[1].Compiles = -1 },
		"groups[0].bytes is -7":        func(c *protocol.Counters) { c.Groups[0].Bytes = -7 },
		"checks.modes.prefill.n is -2": func(c *protocol.Counters) { c.Checks.Modes["prefill"] = protocol.ModeChecks{N: -2} },
		"checks.reference.ns is -3":    func(c *protocol.Counters) { c.Checks.Reference.Ns = -3 },
		"checks.failed is 3 of 2":      func(c *protocol.Counters) { c.Checks.Failed = 3 },
		"checks.tolerance is -0.1":     func(c *protocol.Counters) { c.Checks.Tolerance = -0.1 },
		"groups[0].compile_ns is 1":    func(c *protocol.Counters) { c.Groups[0].CompileNs = 1 << 60 },
	} {
		c := good()
		bend(c)
		if why := cannotBe(c); !strings.HasPrefix(why, want) {
			t.Errorf("%q, want %q", why, want)
		}
	}
}
