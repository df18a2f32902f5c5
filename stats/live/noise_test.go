package live

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/paired"
)

// twoLanes feeds n interleaved requests of a segment to both collectors; the
// optimized lane is slower by shift ns.
func twoLanes(m *statstest.Mixture, c *Collector, a *exact.Analysis, segment int32, n int, shift float64) {
	for i := range n {
		for lane := stats.Lane(0); lane < stats.NumLanes; lane++ {
			s := m.Add("a", 1e6+shift*float64(lane), func(s *stats.Sample) {
				s.Lane, s.Segment, s.Request = lane, segment, uint64(int(segment)*10000+i)
			})
			c.Add(s)
			a.Add(s)
		}
	}
}

// start begins a segment as the session does: an event and a call.
func start(m *statstest.Mixture, c *Collector, a *exact.Analysis, segment int32, aa bool) {
	label := fmt.Sprint("segment ", segment)
	c.NewSegment(segment, label, aa, m.T)
	a.AddEvent(&stats.Event{Kind: stats.KindSegment, Segment: segment, Extra: map[string]any{"aa": aa, "label": label}})
}

// A session that begins as A/A and goes on with the optimized lane: the first
// segment is the noise floor of the second, live and exported, and neither is
// judged as the other.
func TestNoiseFloorFromAA(t *testing.T) {
	for _, c := range []struct {
		shift       float64
		p50, sorted string
	}{{1e3, "~", "noise"}, {200e3, "eager", "agree"}} {
		col, an := New(Options{}), exact.New(exact.Options{Facts: stats.Facts{CompilerReal: "yes", AA: true}})
		col.SetFacts(stats.Facts{CompilerReal: "yes"})
		m := statstest.NewMixture(33)
		col.NewSegment(0, "A/A", true, m.T)
		twoLanes(m, col, an, 0, 2500, 0)
		if v := col.Live(stats.Prefill, m.T).Verdict; v.Code != "aa" || v.WinnerP50 != "~" {
			t.Errorf("A/A: %+v", v)
		}
		if v := an.Finish(stats.Prefill).Paradox; v.Verdict != "aa" {
			t.Errorf("A/A, exported: %+v", v)
		}
		pairs, _, _ := col.PairSample(stats.Prefill)
		start(m, col, an, 1, false)
		floor := paired.NoiseFloor(pairs, 1)
		col.SetNoise(stats.Prefill, floor)
		twoLanes(m, col, an, 1, 2500, c.shift)
		live := col.Live(stats.Prefill, m.T)
		if live.Verdict.Code != c.sorted || live.Verdict.WinnerP50 != c.p50 || live.Pair.NoiseNs != floor.MedianNs {
			t.Errorf("shift %v: %+v, noise %v of %+v", c.shift, live.Verdict, live.Pair.NoiseNs, floor)
		}
		if v := an.Finish(stats.Prefill).Paradox; v.Verdict != c.sorted || *v.WinnerP50 != c.p50 {
			t.Errorf("shift %v, exported: %+v", c.shift, v)
		}
		if col.AA() {
			t.Error("the second segment is not A/A")
		}
	}
}

// Only a segment that was A/A from its start to its end is a noise floor.
func TestOrdinarySegmentsAreNoNoise(t *testing.T) {
	c, a := New(Options{}), exact.New(exact.Options{Facts: stats.Facts{CompilerReal: "yes"}})
	c.SetFacts(stats.Facts{CompilerReal: "yes"})
	m := statstest.NewMixture(34)
	twoLanes(m, c, a, 0, 4000, 500e3)
	start(m, c, a, 1, true) // its key was pressed during segment 0
	if live := c.Live(stats.Prefill, m.T); !math.IsNaN(live.Pair.NoiseNs) {
		t.Errorf("a difference of 0.5 ms became noise: ± %v", live.Pair.NoiseNs)
	}
	twoLanes(m, c, a, 1, 4000, 0)
	start(m, c, a, 2, false)
	twoLanes(m, c, a, 2, 4000, 500e3)
	live := c.Live(stats.Prefill, m.T)
	if live.Verdict.Code != "agree" || live.Verdict.WinnerP50 != "eager" || !(live.Pair.NoiseNs < 50e3) {
		t.Errorf("%+v, noise %v", live.Verdict, live.Pair.NoiseNs)
	}
	if v := a.Finish(stats.Prefill).Paradox; v.Verdict != "agree" || *v.WinnerP50 != "eager" {
		t.Errorf("exported: %+v", v)
	}
}

// The floor covers what another A/A run of the same kind shows: of 200 runs
// against the floor of one more, few differ beyond it.
func TestNoiseFloorHolds(t *testing.T) {
	m := statstest.NewMixture(35)
	draw := func(n int) []paired.Pair {
		p := make([]paired.Pair, n)
		for i := range p {
			for _, to := range []*int64{&p[i].Eager, &p[i].Optimized} {
				*to = m.Add("a", 1e6, nil).WallNs
			}
		}
		return p
	}
	for _, n := range []int{400, 2500} {
		floor := paired.NoiseFloor(draw(n), 7)
		if !(floor.MedianNs > 0 && floor.MeanNs > 0 && floor.P99Ns > floor.MedianNs) {
			t.Fatalf("n %d: %+v", n, floor)
		}
		beyond := 0
		for range 200 {
			if v, _ := paired.Describe(draw(n)); math.Abs(v.MedianDiff) > floor.MedianNs {
				beyond++
			}
		}
		if beyond > 40 {
			t.Errorf("n %d: %d of 200 further A/A runs lie beyond ± %.0f ns", n, beyond, floor.MedianNs)
		}
	}
	for n, want := range map[int]stats.Noise{0: {}, 3: {}} {
		if got := paired.NoiseFloor(draw(n), 1); got != want {
			t.Errorf("%d pairs: %+v", n, got)
		}
	}
}

// A first compile is called what it is, live and exported, below and above the
// 1,000 samples that are kept raw.
func TestFirstCompileIsNoRecompile(t *testing.T) {
	for _, n := range []int{990, 2700} {
		for name, c := range map[string]struct {
			flags func(k int) stats.Flag
			want  string
		}{
			"recompiles": {func(int) stats.Flag { return stats.FlagRecompile }, "all recompiles, cost the"},
			"both": {func(k int) stats.Flag {
				if k == 0 {
					return stats.FlagCompile
				}
				return stats.FlagRecompile
			}, fmt.Sprintf("all compiles (%d of them recompiles), cost the", (n+16)/20-1)},
			"firsts": {func(int) stats.Flag { return stats.FlagCompile }, "all first compiles, cost the"},
		} {
			col, an := New(Options{}), exact.New(exact.Options{Facts: stats.Facts{CompilerReal: "yes"}})
			col.SetFacts(stats.Facts{CompilerReal: "yes"})
			m := statstest.NewMixture(36)
			k := 0
			for i := range n {
				for lane := stats.Lane(0); lane < stats.NumLanes; lane++ {
					s := m.Add("a", 2e6-1e6*float64(lane), func(s *stats.Sample) {
						s.Lane, s.Request = lane, uint64(i)
						if lane == stats.Optimized && i%20 == 3 {
							s.Flags, s.CompileNs, s.WallNs = c.flags(k), 30e6, s.WallNs+30e6
							k++
						}
					})
					col.Add(s)
					an.Add(s)
				}
			}
			if got := col.Live(stats.Prefill, m.T).Verdict.Sentence; !strings.Contains(got, c.want) {
				t.Errorf("%s, %d requests: %s", name, n, got)
			}
			if got := an.Finish(stats.Prefill).Paradox.Sentence; !strings.Contains(got, c.want) {
				t.Errorf("%s, %d requests, exported: %s", name, n, got)
			}
		}
	}
}
