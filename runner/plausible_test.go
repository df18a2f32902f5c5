package runner

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// Figures that cannot be make failures, never samples that count: each of
// these was taken as ok, shown and ranked.
func TestImpossibleFiguresAreFailures(t *testing.T) {
	for name, bend := range map[string]func(b *protocol.Batch){
		"negative wall":   func(b *protocol.Batch) { b.WallNs[0] = -5 },
		"least wall":      func(b *protocol.Batch) { b.WallNs[0] = math.MinInt64 },
		"largest wall":    func(b *protocol.Batch) { b.WallNs[0] = math.MaxInt64 },
		"an hour":         func(b *protocol.Batch) { b.WallNs[0] = 3600e9 },
		"future":          func(b *protocol.Batch) { b.StartNs[0] += 1e18 },
		"past":            func(b *protocol.Batch) { b.StartNs[0] = -(1 << 62) },
		"largest start":   func(b *protocol.Batch) { b.StartNs[0] = math.MaxInt64 },
		"before it began": func(b *protocol.Batch) { b.StartNs[0] -= 60e9 },
		"compile":         func(b *protocol.Batch) { b.CompileNs = []int64{-9} },
		"device":          func(b *protocol.Batch) { b.DeviceNs = []int64{math.MaxInt64} },
		"compile > wall":  func(b *protocol.Batch) { b.CompileNs = []int64{5e9} },
		"device > wall":   func(b *protocol.Batch) { b.DeviceNs = []int64{1e15} },
		"delay > wall":    func(b *protocol.Batch) { b.RunDelayNs = []int64{1e12} },
		"tokens":          func(b *protocol.Batch) { b.ExecutedTokens = []int{1 << 62} },
		"cache":           func(b *protocol.Batch) { b.KVTokens = []int{-9} },
		"delay":           func(b *protocol.Batch) { b.RunDelayNs = []int64{math.MinInt64} },
		"faults":          func(b *protocol.Batch) { b.MinFlt = []int64{-2} },
		"steps":           func(b *protocol.Batch) { b.StepsNs, b.StepsKV = [][]int64{{-1, 1 << 62}}, [][]int{{1, 2}} },
		"step caches":     func(b *protocol.Batch) { b.StepsNs, b.StepsKV = [][]int64{{1}}, [][]int{{-1}} },
	} {
		t.Run(name, func(t *testing.T) {
			mem, b := oneRow(t, bend)
			if len(mem.samples) != 2 {
				t.Fatalf("%d samples of %+v", len(mem.samples), b)
			}
			for _, s := range mem.samples {
				if bad := s.Lane == stats.Eager; s.Failed != bad || bad && (s.WallNs != 0 || s.StartNs < 0 || s.CompileNs < 0 || s.ExecutedTokens < 0) {
					t.Errorf("%+v", s)
				}
			}
			if e := mem.events; len(e) == 0 || !strings.Contains(e[0].Reason, "impossible figure") {
				t.Errorf("%+v", e)
			}
		})
	}
	if mem, _ := oneRow(t, func(*protocol.Batch) {}); mem.samples[0].Failed || mem.samples[1].Failed {
		t.Error("a plain row failed")
	}
}

// oneRow sends one request through a session's joins, with the eager row bent.
func oneRow(t *testing.T, bend func(*protocol.Batch)) (*memory, *protocol.Batch) {
	t.Helper()
	mem := &memory{}
	s := must.Get(NewSession(Options{Config: sessionConfig(), Sink: mem}))(t)
	fl := &inflight{id: 1, item: plan.Item{Mode: "prefill", Scenario: "a", Tokens: 8, Batch: 1}, order: []string{"eager", "optimized"}, left: 2, label: "variable"}
	s.join.expect(fl)
	var bent *protocol.Batch
	for i, lane := range fl.order {
		b := &protocol.Batch{Lane: lane, Mode: "prefill", Shape: "1x8", Backend: "b", Request: []uint64{1}, Order: []int{i},
			StartNs: []int64{clock.Monotonic()}, WallNs: []int64{1}}
		if i == 0 {
			bend(b)
			bent = b
		}
		must.OK(t, s.join.take(b, nil))
	}
	return mem, bent
}

// A row that nobody asked for ends the session.
func TestRowsThatNobodyAskedFor(t *testing.T) {
	for want, b := range map[string]protocol.Batch{
		"mode":                      {Lane: "eager", Mode: "kv_decode", Order: []int{0}},
		"lane":                      {Lane: "optimized", Mode: "prefill", Order: []int{0}},
		"order 1 in a sample":       {Lane: "eager", Mode: "prefill", Order: []int{1}},
		"order 300 in a sample":     {Lane: "eager", Mode: "prefill", Order: []int{300}},
		"order -1 in a sample":      {Lane: "eager", Mode: "prefill", Order: []int{-1}},
		"two samples of the eager":  {Lane: "eager", Mode: "prefill", Order: []int{0}},
		"which is for eager":        {Lane: "optimized", Mode: "prefill", Order: []int{0}},
		"a sample of request 7, wh": {Lane: "eager", Mode: "prefill", Order: []int{0}, Request: []uint64{7}},
	} {
		s := must.Get(NewSession(Options{Config: sessionConfig(), Sink: &memory{}}))(t)
		fl := &inflight{id: 1, item: plan.Item{Mode: "prefill"}, order: []string{"eager", "optimized"}, left: 2}
		if want == "which is for eager" {
			fl.order, fl.left = []string{"eager"}, 1
		}
		s.join.expect(fl)
		if b.Request == nil {
			b.Request = []uint64{1}
		}
		b.StartNs, b.WallNs = []int64{clock.Monotonic()}, []int64{0}
		if strings.HasPrefix(want, "two") {
			_ = s.join.take(&b, nil)
		}
		if err := s.join.take(&b, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", b, err, want)
		}
	}
}

// What an engine writes is bounded by bytes before it is kept.
func TestTextsAreBounded(t *testing.T) {
	now := clock.Monotonic()
	e := stats.Event{TNs: now, Reason: strings.Repeat("x", 15<<20), Shape: strings.Repeat("s", 1<<20),
		Extra: map[string]any{"a": []any{strings.Repeat("y", 1<<20)}}}
	clipEvent(&e, now)
	if len(e.Reason) > maxReason+64 || len(e.Shape) > maxName+64 || sizeOf(e.Extra, maxExtra) > maxExtra || !strings.Contains(e.Reason, "15728640 bytes") {
		t.Errorf("reason %d, shape %d bytes, extra %v", len(e.Reason), len(e.Shape), e.Extra)
	}
	late := stats.Event{TNs: 1e18 + now, Reason: "compiled"}
	if clipEvent(&late, now); late.TNs != now || !strings.Contains(late.Reason, "impossible time") {
		t.Errorf("%+v", late)
	}
	kept := stats.Event{TNs: now, Reason: "r", Extra: map[string]any{"n": 1.0}}
	if clipEvent(&kept, now); kept.Reason != "r" || kept.Extra["n"] != 1.0 {
		t.Errorf("%+v", kept)
	}
}
