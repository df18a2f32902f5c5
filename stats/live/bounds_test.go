package live

import (
	"encoding/json"
	"fmt"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/internal/intern"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

// heapAfter is the live heap in bytes.
func heapAfter() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Memory does not grow with samples: what 300,000 (slow: 100 million) samples
// take after the first 300,000 is nothing.
func TestMemoryIsFlat(t *testing.T) {
	n := 300_000
	if !testing.Short() && statstest.IsSlow() {
		n = 100_000_000
	}
	g := statstest.NewStream(5)
	c := New(Options{})
	feed := func(n int) {
		for range n {
			s := g.Next()
			s.Generation = int32(g.I / 1_000_000)
			c.Add(&s)
			if g.I%100_000 == 0 {
				c.Live(stats.Prefill, g.T)
			}
		}
	}
	feed(600_000)
	before := heapAfter()
	feed(n)
	after := heapAfter()
	t.Logf("%d samples: %.1f MiB, then %.1f MiB", n, float64(before)/(1<<20), float64(after)/(1<<20))
	if after > before+2<<20 {
		t.Errorf("grew from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(c)
}

// Tables stop at their caps and say so by the row "more"; the totals stay whole.
func TestTablesAreCapped(t *testing.T) {
	c := New(Options{MaxScenarios: 3, MaxShapes: 10, MaxSegments: 4})
	m := statstest.NewMixture(41)
	const n = 6000
	for i := range n {
		s := m.Add(fmt.Sprintf("1x%d", i%500), 1e6, func(s *stats.Sample) { s.Scenario = fmt.Sprintf("s%d", i%700) })
		c.Add(s)
	}
	live := c.Live(stats.Prefill, m.T)
	if len(live.Scenarios) != 4 || live.Scenarios[3].Scenario != intern.More || len(live.Shapes) != 11 {
		t.Fatalf("%d scenarios, %d shapes", len(live.Scenarios), len(live.Shapes))
	}
	sum, shapes := 0, 0
	for _, r := range live.Scenarios {
		sum += r.Session[stats.Optimized].N
	}
	for _, r := range live.Shapes {
		shapes += r.N
	}
	if sum != n || shapes != n || live.Lanes[stats.Optimized].Session.N != n {
		t.Errorf("scenarios %d, shapes %d, session %d of %d", sum, shapes, live.Lanes[stats.Optimized].Session.N, n)
	}
	for i := range 20 {
		c.NewSegment(int32(i+1), "x", false, m.T)
		c.Add(m.Add("1x1", 1e6, func(s *stats.Sample) { s.Segment = int32(i + 1) }))
	}
	live = c.Live(stats.Prefill, m.T)
	if len(live.Segments) > 5 || live.Lanes[stats.Optimized].Session.N != n+20 || live.Lanes[stats.Optimized].Segment.N != 1 {
		t.Errorf("%d segments, session %d, segment %d", len(live.Segments), live.Lanes[stats.Optimized].Session.N, live.Lanes[stats.Optimized].Segment.N)
	}
}

// Samples that come after their segment ended count for it and the session.
func TestLateSamples(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(42)
	for range 20 {
		c.Add(m.Add("a", 1e6, nil))
	}
	c.NewSegment(1, "padded", false, m.T)
	c.Add(m.Add("a", 1e6, nil)) // still segment 0
	c.Add(m.Add("a", 1e6, func(s *stats.Sample) { s.Segment = 1 }))
	live := c.Live(stats.Prefill, m.T)
	if live.Segments[0].Lanes[stats.Optimized].N != 21 || live.Segments[1].Lanes[stats.Optimized].N != 1 || live.Lanes[stats.Optimized].Session.N != 22 {
		t.Errorf("%d, %d of %d", live.Segments[0].Lanes[stats.Optimized].N, live.Segments[1].Lanes[stats.Optimized].N, live.Lanes[stats.Optimized].Session.N)
	}
}

// The decode steps of a late sample count where it does itself.
func TestStepsOfLateSamples(t *testing.T) {
	c := New(Options{})
	g := statstest.NewStream(1)
	add := func(segment int32, step int64) {
		s := g.Next()
		s.Mode, s.Lane, s.Segment, s.Failed, s.Warmup = stats.E2EKV, stats.Optimized, segment, false, false
		c.Add(&s)
		c.AddSteps(&s, []int64{step, step})
	}
	add(0, 100)
	c.NewSegment(1, "b", false, g.T)
	add(1, 300)
	add(0, 500)
	c.NewSegment(2, "c", false, g.T)
	add(2, 700)
	add(0, 900) // its row takes no more
	v := c.Live(stats.E2EKV, g.T)
	for i, want := range []float64{300, 300, 700} {
		if got := v.Segments[i].Lanes[stats.Optimized].ITLP50; math.Abs(got/want-1) > .01 {
			t.Errorf("segment %d: a step takes %v, want %v", i, got, want)
		}
	}
	if got := v.Lanes[stats.Optimized].Segment.ITLP50; math.Abs(got/700-1) > .01 {
		t.Errorf("the current segment's step takes %v", got)
	}
	if got := v.Lanes[stats.Optimized].Session.ITLP99; math.Abs(got/900-1) > .02 {
		t.Errorf("the session's p99 of a step is %v", got)
	}
}

// The sliding window forgets, whole-segment windows do not.
func TestWindowSlides(t *testing.T) {
	c := New(Options{WindowNs: 1e9})
	m := statstest.NewMixture(43)
	for range 5000 { // 5 s
		c.Add(m.Add("a", 1e6, nil))
	}
	for _, later := range []int64{0, 500e6} { // about 1,000 samples, then about 500: below 1,000 they are exact
		live := c.Live(stats.Prefill, m.T+later)
		lane, shape := live.Lanes[stats.Optimized].Window, live.Shapes[0].Window[stats.Optimized]
		if want := 1000 - int(later/1e6); lane.N < want-100 || lane.N > want+100 {
			t.Errorf("the window holds %d samples of 1 ms, want %d", lane.N, want)
		}
		if want := (stats.ShapeQuantiles{N: lane.N, P50: lane.P50, P99: lane.P99}); !cmp.Equal(shape, want, cmpopts.EquateNaNs()) {
			t.Errorf("its only shape: %+v, the lane: %+v", shape, lane)
		}
		if all := live.Shapes[0].Clean[stats.Optimized]; all.N != 4999 || all.P99.Need != 0 || !(all.P50.Lo < all.P50.Value) {
			t.Errorf("clean of the whole session: %+v", all)
		}
	}
	if n := c.Live(stats.Prefill, m.T+10e9).Lanes[stats.Optimized].Window.N; n != 0 {
		t.Errorf("after 10 s of silence the window holds %d", n)
	}
	c.SetWindow(0)
	if n := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized].Window.N; n != 5000 {
		t.Errorf("the whole segment has %d", n)
	}
}

// An event that names a request flags its sample, before it comes.
func TestEventsFlagTheirSamples(t *testing.T) {
	c, a := New(Options{}), exact.New(exact.Options{})
	m := statstest.NewMixture(44)
	for i := range 300 {
		s := m.Add("a", 1e6, nil)
		if i == 250 {
			s.WallNs = 40e6
			request := s.Request
			e := stats.Event{Kind: stats.KindRecompile, Lane: "optimized", Mode: "prefill", Request: &request, TNs: s.StartNs, Reason: "tokens 61 → 74"}
			c.AddEvent(&e)
			a.AddEvent(&e)
		}
		a.Add(s)
		c.Add(s)
	}
	live := c.Live(stats.Prefill, m.T)
	row := live.Lanes[stats.Optimized].Causes
	i := slices.IndexFunc(row, func(r stats.CauseRow) bool { return r.Cause == stats.CauseCompile })
	if i < 0 || row[i].N != 1 || row[i].Example != "tokens 61 → 74" {
		t.Errorf("%+v", row)
	}
	a.Finish(stats.Prefill)
	if a.Causes()[250] != stats.CauseCompile {
		t.Errorf("exact: %v", a.Causes()[250])
	}
	marks := 0
	for _, b := range live.Timeline {
		marks += b.Compiles
	}
	if marks != 1 {
		t.Errorf("%d compiles on the timeline", marks)
	}
}

func TestNothingPanicsOnExtremes(t *testing.T) {
	for _, wall := range []int64{0, 1, math.MaxInt64, -5} {
		for _, n := range []int{1, 2, 6, 1500} {
			c, a := New(Options{SLONs: 1e6}), exact.New(exact.Options{SLONs: 1e6})
			for i := range n {
				s := stats.Sample{Seq: uint64(i), Request: uint64(i / 2), Lane: stats.Lane(i % 2), Mode: stats.Mode(i % stats.NumModes), WallNs: wall,
					DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent}
				c.Add(&s)
				a.Add(&s)
			}
			for mode := range stats.Mode(stats.NumModes) {
				live := c.Live(mode, 1e9)
				f := a.Finish(mode)
				for l := range live.Lanes {
					if s := live.Lanes[l].Session; s.N > 0 && math.IsNaN(s.Mean) {
						t.Errorf("wall %d n %d: mean is NaN", wall, n)
					}
				}
				if _, err := json.Marshal(f); err != nil {
					t.Errorf("wall %d n %d: %v", wall, n, err)
				}
			}
			c.Live(stats.Mode(200), 0)
		}
	}
	c := New(Options{})
	for mode := range stats.Mode(stats.NumModes) {
		if l := c.Live(mode, 0); !math.IsNaN(l.Lanes[0].Session.Mean) || l.Verdict.Code != "too_few" {
			t.Errorf("empty: %+v", l.Verdict)
		}
	}
}

// Device times appear late, slide with the window and are exact in small ones.
func TestWindowDeviceTimes(t *testing.T) {
	c := New(Options{WindowNs: 2e9})
	m := statstest.NewMixture(46)
	for i := range 6000 {
		c.Add(m.Add("a", 1e6, func(s *stats.Sample) {
			if i >= 3000 {
				s.DeviceNs = s.WallNs / 2
			}
		}))
	}
	w := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized].Window
	statstest.Near(t, "device p50", w.DeviceP50, w.P50.Value/2, .01)
	statstest.Near(t, "host share", w.HostShare, .5, .001)
	s := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized].Session
	statstest.Near(t, "session device p50", s.DeviceP50, s.P50.Value/2, .01)
	statstest.Near(t, "small window", c.Live(stats.Prefill, m.T+1_800_000_000).Lanes[stats.Optimized].Window.DeviceP50, .5e6, .02)
}

// A compile of 30 ms that saves 1 ms a request owes 30 requests, whether it ran
// in a warm-up or in a counted request.
func TestBreakEven(t *testing.T) {
	for _, warm := range []bool{true, false} {
		c := New(Options{})
		m := statstest.NewMixture(47)
		owed := func() stats.ShapeRow { return c.Live(stats.Prefill, m.T).Shapes[0] }
		for i := range 51 {
			for lane := range stats.Lane(stats.NumLanes) {
				c.Add(m.Add("a", 2e6-1e6*float64(lane), func(s *stats.Sample) {
					s.Lane, s.Request = lane, uint64(i)
					if i == 0 {
						s.Warmup = warm
						if lane == stats.Optimized {
							s.Flags, s.CompileNs, s.WallNs = stats.FlagCompile, 30e6, s.WallNs+30e6
						}
					}
				}))
			}
			if i == 20 {
				if r := owed(); r.BreakEven < 8 || r.BreakEven > 12 || r.CompileNs != 30e6 {
					t.Errorf("warm-up %v, after 20 requests: %+v", warm, r)
				}
			}
		}
		if r := owed(); r.BreakEven != 0 || r.SavedNs < 45e6 || r.SavedNs > 55e6 {
			t.Errorf("warm-up %v, after 50 requests: %+v", warm, r)
		}
	}
}
