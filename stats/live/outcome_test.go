package live

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// feedLengths adds n requests of 1 to 64 tokens, 20 µs a token executed, whose
// optimized lane runs at execOf(tokens) and compiles for 60 ms what it has not seen.
func feedLengths(c *Collector, r *rand.Rand, from, n int, segment int32, strategy string, gain float64, execOf func(int) int) int64 {
	seen, now := map[int]bool{}, int64(from)*1e8+1e9
	for i := from; i < from+n; i++ {
		tokens := 1 + r.IntN(64)
		for l := range stats.Lane(stats.NumLanes) {
			exec, factor := tokens, 1.0
			if l == stats.Optimized {
				exec, factor = execOf(tokens), gain
			}
			s := stats.Sample{Seq: uint64(2*i) + uint64(l), Request: uint64(i), Lane: l, Mode: stats.Prefill, Segment: segment, Scenario: "s", Strategy: strategy,
				Shape: fmt.Sprintf("1x%d", exec), Batch: 1, Tokens: int32(tokens), ExecutedTokens: int32(exec), StartNs: now, NthInRun: int32(i - from),
				DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent, MinFlt: stats.Absent, MajFlt: stats.Absent}
			s.WallNs = int64((1e6 + 20e3*float64(exec)) * factor * math.Exp(.02*r.NormFloat64()))
			if l == stats.Optimized && !seen[exec] && strategy != "eager" {
				seen[exec] = true
				s.CompileNs, s.Flags = 60e6, stats.FlagRecompile
				s.WallNs += s.CompileNs
			}
			now += s.WallNs
			c.Add(&s)
		}
	}
	return now
}

// Advice that is followed is measured: the prediction stands beside what came, and
// nothing is said of a strategy that was not advised.
func TestAdviceIsMeasuredOnceItIsFollowed(t *testing.T) {
	same := func(n int) int { return n }
	pow2 := func(n int) int {
		e := 1
		for e < n {
			e *= 2
		}
		return e
	}
	for _, x := range []struct {
		rule, strategy string
		gain           float64
		execOf         func(int) int
	}{{"keep_eager", "eager", 1.4, same}, {"stabilise_shapes", "bucketed", .5, pow2}} {
		r := rand.New(rand.NewPCG(6, 6))
		c := New(Options{})
		facts := stats.Facts{CompilerReal: "yes", Strategy: "variable"}
		c.SetFacts(facts)
		now := feedLengths(c, r, 0, 3000, 0, "variable", x.gain, same)
		v := c.Live(stats.Prefill, now).Verdict
		var a *stats.Advice
		for i := range v.Advice {
			if v.Advice[i].Rule == x.rule {
				a = &v.Advice[i]
			}
		}
		if a == nil || a.Strategy != x.strategy || !(a.ThenNs > 0) || v.Outcome != nil {
			t.Fatalf("%s: %+v, outcome %+v", x.rule, v.Advice, v.Outcome)
		}
		then, gain := a.ThenNs, x.gain
		if x.strategy == "eager" {
			gain = 1
		}
		c.NewSegment(1, x.strategy, false, now)
		facts.Strategy = x.strategy
		c.SetFacts(facts)
		now = feedLengths(c, r, 3000, 3000, 1, x.strategy, gain, x.execOf)
		o := c.Live(stats.Prefill, now).Verdict.Outcome
		if o == nil || o.ThenNs != then || !(math.Abs(o.Now.Value/then-1) < .1) || !strings.Contains(o.Sentence, x.strategy+", as advised: p99 was") {
			t.Errorf("%s: %+v", x.rule, o)
		}
		c.NewSegment(2, "padded", false, now)
		facts.Strategy = "padded"
		c.SetFacts(facts)
		now = feedLengths(c, r, 6000, 500, 2, "padded", gain, func(int) int { return 64 })
		if o := c.Live(stats.Prefill, now).Verdict.Outcome; o != nil {
			t.Errorf("%s: padded was not advised, yet %+v", x.rule, o)
		}
	}
}
