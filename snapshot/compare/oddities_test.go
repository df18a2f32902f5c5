package compare

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// An oddity is what a scripted engine plants in a request: so many nanoseconds,
// and what it says of them.
type oddity struct {
	name   string
	cause  string // that the tail must give it
	extra  int64
	long   bool // on a long prompt, of 12 ms
	mark   func(b *protocol.Batch)
	events []stats.Kind
	late   bool // the events follow the sample
}

func runDelay(ns int64) func(b *protocol.Batch) {
	return func(b *protocol.Batch) { b.RunDelayNs = []int64{ns} }
}

func compiles(ns int64) func(b *protocol.Batch) {
	return func(b *protocol.Batch) { b.CompileNs = []int64{ns} }
}

var oddities = []oddity{
	{name: "a stall of the host", cause: "host", extra: 30e6, mark: runDelay(30e6)},
	{name: "42,000 page faults", cause: "host", extra: 20e6, mark: func(b *protocol.Batch) { b.MinFlt, b.MajFlt = []int64{42000}, []int64{0} }},
	{name: "nobody knows", cause: "unexplained", extra: 40e6},
	{name: "throttled", cause: "gpu", extra: 40e6, events: []stats.Kind{stats.KindThrottle}},
	{name: "fell back", cause: "fallback", extra: 30e6, events: []stats.Kind{stats.KindFallback}},
	{name: "a capture", cause: "graph_capture", extra: 25e6, events: []stats.Kind{stats.KindGraphCapture}},
	{name: "a recompile of what was evicted", cause: "compile", extra: 60e6, mark: compiles(60e6), events: []stats.Kind{stats.KindEvict, stats.KindRecompile}},
	{name: "0.2 ms of compile beside 200 ms", cause: "unexplained", extra: 200e6, mark: compiles(.2e6), events: []stats.Kind{stats.KindRecompile}},
	{name: "45 % of the excess is the host's", cause: "unexplained", extra: 40e6, mark: runDelay(18e6)},
	{name: "a compile told after its sample", cause: "compile", extra: 60e6, events: []stats.Kind{stats.KindRecompile}, late: true},
	{name: "a stall on a long prompt", cause: "host", extra: 18e6, long: true, mark: runDelay(18e6)},
	{name: "an eviction alone", cause: "unexplained", extra: 50e6, events: []stats.Kind{stats.KindEvict}},
	{name: "outputs that differ, and a spike", cause: "unexplained", extra: 50e6, events: []stats.Kind{stats.KindDivergence}},
}

// planted is the oddity of the k-th request, which has one in ten.
func planted(k int) *oddity {
	if k < 50 || k%10 != 0 {
		return nil
	}
	return &oddities[k/10%len(oddities)]
}

// odd answers the k-th request in both lanes.
func odd(out *protocol.Writer, r *rand.Rand, m *protocol.Request, k int) {
	for order, lane := range m.Order {
		o, base := planted(k), 2e6
		if o != nil && o.long || o == nil && k%10 == 1 {
			base = 12e6
		}
		shape := fmt.Sprintf("1x%.0f", base/1e5)
		b := &protocol.Batch{Lane: lane, Mode: m.Mode, Strategy: "variable", Shape: shape, Backend: lane[:1], Request: []uint64{m.ID}, Order: []int{order},
			StartNs: []int64{clock.Monotonic()}, WallNs: []int64{int64(base * math.Exp(.05*r.NormFloat64()))}, ExecutedTokens: []int{8}}
		tell := func() {}
		if o != nil {
			b.WallNs[0] += o.extra
			if o.mark != nil {
				o.mark(b)
			}
			tell = func() {
				for _, kind := range o.events {
					_ = out.Send(&protocol.Event{TNs: b.StartNs[0], Kind: kind, Lane: lane, Mode: m.Mode, Strategy: "variable", Shape: shape, Request: &m.ID, Reason: o.name})
				}
			}
			if !o.late {
				tell()
			}
		}
		_ = out.Send(b)
		if o != nil && o.late {
			tell()
		}
	}
}

// Each of what is planted in one request of ten has the cause that is its own, and
// nothing else has one but the long prompts, which are work.
func TestEachOddityHasItsOwnCause(t *testing.T) {
	truth := filepath.Join(t.TempDir(), "truth.json")
	dir := script{Seed: 3, Odd: true, Truth: truth}.session(t, 2600)
	var order []uint64 // requests as they came
	readJSON(t, truth, &order)
	nth := map[string]int{}
	for k, id := range order {
		nth[fmt.Sprint(id)] = k
	}
	f := must.Get(os.Open(filepath.Join(dir, "prefill", "metrics.csv")))(t)
	defer f.Close()
	rows := must.Get(csv.NewReader(f).ReadAll())(t)
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	seen := map[string]int{}
	for _, row := range rows[1:] {
		k, cause := nth[row[at["request"]]], row[at["cause"]]
		switch o := planted(k); {
		case o != nil:
			seen[o.name]++
			if cause != o.cause {
				t.Errorf("%s in the %s lane (%s ms): %q, want %q", o.name, row[at["lane"]], row[at["latency_ms"]], cause, o.cause)
			}
		case cause != "" && cause != "work" && k >= 50:
			t.Errorf("nothing was planted in request %d of the %s lane (%s ms), which has the cause %q", k, row[at["lane"]], row[at["latency_ms"]], cause)
		}
	}
	for _, o := range oddities {
		if seen[o.name] < 30 {
			t.Errorf("%s: %d times", o.name, seen[o.name])
		}
	}
}

// writeTruth is what a scripted engine leaves for its test.
func (s script) writeTruth(v any) {
	if s.Truth != "" {
		text, _ := json.Marshal(v)
		_ = os.WriteFile(s.Truth, text, 0o600)
	}
}
