package live

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/paired"
)

func TestParadoxSentence(t *testing.T) {
	c, a := New(Options{}), exact.New(exact.Options{Facts: stats.Facts{CompilerReal: "yes"}})
	c.SetFacts(stats.Facts{CompilerReal: "yes", Strategy: "variable"})
	rows := statstest.Paradox(false)
	now := rows.T
	for i := range rows.Rows {
		s := rows.Rows[i]
		a.Add(&s)
		c.Add(&rows.Rows[i])
	}
	pairs, first, segment := c.PairSample(stats.Prefill)
	bands := paired.Bootstrap(pairs, paired.BootstrapOptions{})
	bands.Segment, bands.Second = segment, paired.OrderOf(pairs, first).Effect()
	c.SetBootstrap(stats.Prefill, bands)
	live := c.Live(stats.Prefill, now)
	if v := live.Verdict; v.Code != "flip" || v.WinnerP50 != "optimized" || v.WinnerMean != "eager" || v.WinnerP99 != "eager" {
		t.Errorf("live: %+v", v)
	}
	if v := a.Finish(stats.Prefill).Paradox; v.Verdict != "flip" || *v.WinnerP50 != "optimized" || *v.WinnerMean != "eager" || *v.WinnerP99 != "eager" {
		t.Errorf("exact: %+v", v)
	}
	for name, s := range map[string]string{"live": live.Verdict.Sentence, "exact": a.Finish(stats.Prefill).Paradox.Sentence} {
		if !strings.Contains(s, "135 of 2700 samples, all recompiles, cost the mean") {
			t.Errorf("%s: %s", name, s)
		}
	}
	if len(live.Verdict.Advice) == 0 || live.Verdict.Advice[0].Rule != "stabilise_shapes" {
		t.Errorf("advice: %+v", live.Verdict.Advice)
	}
	if x := live.Pair.Crossover; x < .9 || x > .97 {
		t.Errorf("crossover at %v, 135 of 2700 lose", x)
	}
	if live.Pair.ShareWon < .94 || live.Pair.MedianDiff > -.9e6 || live.Pair.DiffHi > 0 {
		t.Errorf("pairs: %+v", live.Pair)
	}
	statstest.Near(t, "exact crossover", float64(a.Finish(stats.Prefill).Pairs[0].CrossoverQ), 1-135.0/2700, .01)

	// The cure: a padded segment agrees.
	c.NewSegment(1, "padded", false, now)
	c.SetFacts(stats.Facts{CompilerReal: "yes", Strategy: "padded"})
	m := statstest.NewMixture(32)
	m.T = now
	for i := range 2500 {
		for lane := stats.Lane(0); lane < stats.NumLanes; lane++ {
			c.Add(m.Add("a", 2e6-1e6*float64(lane), func(s *stats.Sample) {
				s.Lane, s.Segment, s.Request, s.Strategy = lane, 1, uint64(10000+i), "padded"
			}))
		}
	}
	live = c.Live(stats.Prefill, m.T)
	if live.Verdict.Code != "agree" || live.Verdict.WinnerP99 != "optimized" || live.Verdict.Advice[0].Rule != "compile_prefill" {
		t.Errorf("padded: %+v", live.Verdict)
	}
	if len(live.Segments) != 2 || live.Segments[0].Lanes[stats.Optimized].N != 2700 || live.Segments[1].Lanes[stats.Optimized].N != 2500 ||
		live.Segments[0].Lanes[stats.Optimized].Compiles != 135 || live.Segments[1].Lanes[stats.Optimized].Compiles != 0 {
		t.Errorf("segments: %+v", live.Segments)
	}
	if s := live.Segments; !math.IsNaN(s[0].P) || !(s[1].PHolm >= 0) {
		t.Errorf("change against the segment before: %v, %v", s[0].P, s[1].PHolm)
	}
	sum := 0
	for _, r := range live.Lanes[stats.Optimized].Causes {
		sum += r.N
	}
	if sum != live.Lanes[stats.Optimized].TailN || sum < 135 {
		t.Errorf("causes over two segments add up to %d of %d", sum, live.Lanes[stats.Optimized].TailN)
	}
}

// What running second does is in the view, in either order's words.
func TestOrderIsShownLive(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(33)
	for i := range 5000 { // more than the ring of recent pairs holds
		first := stats.Lane(i / 3 % 2)
		for order, lane := range []stats.Lane{first, 1 - first} {
			c.Add(m.Add("a", 2e6*(1-.05*float64(order)), func(s *stats.Sample) {
				s.Lane, s.Request, s.Order = lane, uint64(i), uint8(order)
			}))
		}
	}
	pairs, first, segment := c.PairSample(stats.Prefill)
	bands := paired.Bootstrap(pairs, paired.BootstrapOptions{Resamples: 10})
	bands.Segment, bands.Second = segment, paired.OrderOf(pairs, first).Effect()
	c.SetBootstrap(stats.Prefill, bands)
	s := c.Live(stats.Prefill, m.T).Pair.Second
	if !s.Told() || s.Hi >= 1 || s.Ratio < .94 || s.Ratio > .96 || !strings.HasPrefix(s.Words(), "-5.") && !strings.HasPrefix(s.Words(), "-4.") {
		t.Errorf("running second: %+v, %s", s, s.Words())
	}
}
