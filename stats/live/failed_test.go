package live

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
)

// TestFailuresAreSaid: figures that leave failed requests out say how many,
// live and exported alike; failed warm-ups are no requests.
func TestFailuresAreSaid(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	a := exact.New(exact.Options{})
	c := New(Options{})
	seq, now := uint64(0), int64(0)
	for i := range uint64(300) {
		for l := range stats.Lane(stats.NumLanes) {
			s := stats.Sample{Seq: seq, Request: i, Lane: l, Scenario: []string{"a", "b"}[i%2], Strategy: "padded", Shape: "1x8", StartNs: now,
				WallNs: 1e6 + r.Int64N(1e5), Warmup: i < 10, DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent,
				MinFlt: stats.Absent, MajFlt: stats.Absent, NIvCSw: stats.Absent}
			s.Failed = i%10 == 3 && l == stats.Optimized || i == 5 || i == 150
			seq, now = seq+1, now+s.WallNs
			a.Add(&s)
			c.Add(&s)
		}
	}
	const want = " 1 of 290 eager and 30 of 290 optimized requests failed: the times are of the others."
	f := a.Finish(stats.Prefill)
	if !strings.HasSuffix(f.Paradox.Sentence, want) {
		t.Errorf("exported: %q", f.Paradox.Sentence)
	}
	if s := c.Live(stats.Prefill, now).Verdict.Sentence; !strings.HasSuffix(s, want) {
		t.Errorf("live: %q", s)
	}
	for _, g := range f.Groups {
		want := map[string]int{"optimized*": 30, "optimizeda": 1, "optimizedb": 29, "eager*": 1, "eagera": 1, "eagerb": 0}[g.Lane+g.Scenario]
		if g.Errors != want {
			t.Errorf("%s, scenario %s: %d errors, want %d", g.Lane, g.Scenario, g.Errors, want)
		}
	}
	c.NewSegment(1, "next", false, now)
	if s := c.Live(stats.Prefill, now).Verdict.Sentence; strings.Contains(s, "failed") {
		t.Errorf("a segment without samples: %q", s)
	}
}

// TestResponsesAreSaid: where the load is open, the sentence has the response
// times, live and exported alike, and says when requests queue.
func TestResponsesAreSaid(t *testing.T) {
	for _, queue := range []bool{false, true} {
		a := exact.New(exact.Options{})
		c := New(Options{})
		seq, now := uint64(0), int64(0)
		for i := range uint64(601) {
			for l := range stats.Lane(stats.NumLanes) {
				s := stats.Sample{Seq: seq, Request: i, Lane: l, Scenario: "a", Strategy: "padded", Shape: "1x8", StartNs: now, WallNs: 1e6 * int64(l+1),
					DeviceNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent, MinFlt: stats.Absent, MajFlt: stats.Absent, NIvCSw: stats.Absent}
				s.ResponseNs = s.WallNs + int64(i)*1000/3
				if queue && l == stats.Eager {
					s.ResponseNs += 5e6
				}
				seq, now = seq+1, now+s.WallNs
				a.Add(&s)
				c.Add(&s)
			}
		}
		want := " That is execution; since they were due, requests took 1.10 ms (p99 1.20 ms) eager and 2.10 ms (p99 2.20 ms) optimized."
		if queue {
			want = " That is execution; since they were due, requests took 6.10 ms (p99 6.20 ms) eager and 2.10 ms (p99 2.20 ms) optimized." +
				" Half of them took more than twice the median execution (eager): they queue."
		}
		f := a.Finish(stats.Prefill)
		if !strings.HasSuffix(f.Paradox.Sentence, want) {
			t.Errorf("exported: %q", f.Paradox.Sentence)
		}
		if s := c.Live(stats.Prefill, now).Verdict.Sentence; !strings.HasSuffix(s, want) {
			t.Errorf("live: %q", s)
		}
		if g := f.Groups[0]; !queue && (g.Lane != "eager" || float64(g.ResponseP50Ms) != 1.1) {
			t.Errorf("%+v", g)
		}
	}
}
