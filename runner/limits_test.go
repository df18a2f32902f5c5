package runner

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// loadedLimits knows an H200 as it was measured, and a decode of 64 steps over 15 GB.
func loadedLimits(t *testing.T) *limits {
	t.Helper()
	l := &limits{}
	l.loaded(&protocol.Loaded{Roof: &limit.Roof{OpsPerS: 8.06e14, Read: []limit.Rate{{Bytes: 1 << 30, PerS: 4.694e12}, {Bytes: 1 << 32, PerS: 4.632e12}}}})
	w := limit.Work{Bytes: 15.01e9, Ops: 15e9}
	pass := limit.Pass{Times: 64, Natural: w, Executed: limit.Work{Bytes: 15.02e9, Ops: 15e9}}
	for _, m := range []protocol.Work{
		{Lane: "eager", Mode: "kv_decode", Shape: "1x64+64", Tokens: 61, NewTokens: 64, Passes: []limit.Pass{pass}},
		{Lane: "eager", Mode: "prefill", Shape: "1x64", Tokens: 61, Passes: []limit.Pass{{Times: -1, Natural: w, Executed: w}}},
	} {
		must.OK(t, l.learn(&m))
	}
	return l
}

// A sample has the bound of its kind: 15.01 GB at 4.632 TB/s, 64 times; another
// kind has none, nor has a failure, nor work that cannot be.
func TestSamplesGetTheBoundOfTheirKind(t *testing.T) {
	l := loadedLimits(t)
	it := &plan.Item{Tokens: 61, NewTokens: 64}
	s := stats.Sample{Mode: stats.KVDecode, Shape: "1x64+64", BoundNs: stats.Absent, PaddingNs: stats.Absent}
	l.set(&s, it)
	if s.BoundNs < 207e6 || s.BoundNs > 208e6 || s.BoundComputeNs != 0 || s.PaddingNs < 100e3 || s.PaddingNs > 200e3 {
		t.Errorf("bound %d, compute %d, padding %d ns", s.BoundNs, s.BoundComputeNs, s.PaddingNs)
	}
	for name, x := range map[string]stats.Sample{"optimized": {Lane: stats.Optimized, Mode: stats.KVDecode, Shape: "1x64+64"}, "failed": {Failed: true, Mode: stats.KVDecode, Shape: "1x64+64"},
		"another shape": {Mode: stats.KVDecode, Shape: "1x61+64"}, "impossible": {Mode: stats.Prefill, Shape: "1x64"}} {
		x.BoundNs = stats.Absent
		if l.set(&x, it); x.BoundNs != stats.Absent {
			t.Errorf("%s: bound %d", name, x.BoundNs)
		}
	}
	if err := l.learn(&protocol.Work{Lane: "fast", Mode: "prefill"}); err == nil {
		t.Error("work of a lane that is none")
	}
}

// The driver's clock × bus width agrees, is far off or refutes what was measured.
func TestRatesAreHeldAgainstTheDriver(t *testing.T) {
	for name, c := range map[string]struct {
		clock, bits float64
		says        string
		kept        bool
	}{
		"an H200": {3201, 6016, "", true}, "no figures": {0, 0, "", true},
		"half the bus": {3201, 3008, "no limit is shown", false}, "twice the bus": {3201, 12032, "may be too low", true},
	} {
		l := loadedLimits(t)
		st := gpu.State{MemClockMaxMHz: gpu.Of(c.clock), MemBusBits: gpu.Of(c.bits)}
		if got := l.check(&st); !strings.Contains(got, c.says) || (got == "") != (c.says == "") || (l.roof != nil) != c.kept {
			t.Errorf("%s: %q, roof kept %v", name, got, l.roof != nil)
		}
		if got := l.check(&st); c.kept && got != "" {
			t.Errorf("%s: said twice: %q", name, got)
		}
	}
}

// TestEnergyIsShownWhileItRuns: two blocks of three seconds at 300 W in requests of
// 10 ms are 3 J each; the other lane and other modes have none.
func TestEnergyIsShownWhileItRuns(t *testing.T) {
	g := &gpuState{seen: true, last: gpu.State{EnergyMillijoules: gpu.Of(1e6)}}
	for at := int64(0); at < 7e9; at += 10e6 {
		if at%100e6 == 0 {
			g.energy.Reading(at, 1e6+300*float64(at)/1e6)
		}
		g.energy.Sample(&stats.Sample{StartNs: at, WallNs: 10e6, Tokens: 20, Lane: stats.Optimized, Mode: stats.Prefill})
	}
	v := g.view(7e9, "prefill")
	if e := v.Energy[stats.Optimized]; e.Blocks != 2 || math.Abs(e.Request-3) > .01 || math.Abs(e.Per1kTokens-150) > .5 {
		t.Errorf("%+v", e)
	}
	if v.Energy[stats.Eager].Blocks != 0 || g.view(7e9, "kv_decode").Energy[stats.Optimized].Blocks != 0 {
		t.Error("energy of what did not run")
	}
}
