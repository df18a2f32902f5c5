package ort

import (
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// decode sends one request of a decoding mode in both lanes.
func (k *worker) decode(mode, prefill, decode string, tokens, exec, steps int) uint64 {
	k.next++
	k.send(&protocol.Request{
		ID: k.next, Mode: mode, Batch: 1, Tokens: tokens, Exec: [2]int{tokens, exec}, NewTokens: steps,
		Strategy: protocol.Strategy{Prefill: prefill, Decode: decode},
		Order:    []string{"optimized", "eager"}, Seed: k.next,
	})
	return k.next
}

// Every cache length is a new shape under variable: the limit is reached
// within the first request, and the rest runs eager, as in the report.
func TestDecodeVariableReachesLimit(t *testing.T) {
	k := startWorker(t)
	k.loadBuiltin("default", nil)
	k.decode("kv_decode", "variable", "variable", 7, 7, 12)
	k.decode("kv_decode", "variable", "variable", 9, 9, 12)
	k.drain("optimized", 2)
	rows := k.settle()
	first, second := rows["optimized"][0], rows["optimized"][1]
	if first.backend != "ort-cpu-compiled+eager" || first.compile == 0 || second.compile != 0 {
		t.Errorf("first %+v\nsecond %+v", first, second)
	}
	if len(first.steps) != 12 || first.kv[0] != 8 || first.kv[11] != 19 {
		t.Errorf("steps %v, cache lengths %v", first.steps, first.kv)
	}
	var sum int64
	for _, s := range first.steps {
		sum += s
	}
	if sum > first.wall || float64(sum) < 0.9*float64(first.wall) {
		t.Errorf("steps add up to %d of %d", sum, first.wall)
	}
	if n := len(k.events(stats.KindLimitReached)); n != 1 {
		t.Errorf("%d limit events, want 1", n)
	}
	g := k.counters().Groups[0]
	if g.UniqueGraphs != 8 || !g.LimitReached || g.Fallbacks != 2 || g.Mode != "kv_decode" {
		t.Errorf("counters %+v", g)
	}
	for _, r := range rows["eager"] {
		if r.compile != 0 || r.backend != "ort-cpu-eager" {
			t.Errorf("eager lane %+v", r)
		}
	}
}

// The same on the size of GPT-2 small.
func TestDecodeAgreesOn124M(t *testing.T) {
	demand.Time(t)
	k := startWorker(t)
	k.loadBuiltin("gpt2", nil)
	k.prefill("variable", 9, 9)
	k.prefill("padded", 9, 16)
	k.decode("kv_decode", "bucketed", "kv-bucketed", 6, 6, 6)
	k.decode("kv_decode", "dynamic", "dynamic", 6, 6, 6)
	k.decode("e2e_kv", "bucketed", "kv-bucketed", 9, 16, 6)
	k.drain("optimized", 5)
	for lane, rs := range k.settle() {
		for _, r := range rs {
			t.Logf("%s %s %s: %.0f ms, compile %.0f ms", lane, r.strategy, r.shape, float64(r.wall)/1e6, float64(r.compile)/1e6)
			if r.err != "" {
				t.Error(r.err)
			}
		}
	}
	c := k.counters().Checks
	t.Logf("%+v", c)
	if c.N != 5 || c.Failed != 0 {
		t.Errorf("checks %+v", c)
	}
}
