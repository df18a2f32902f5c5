package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
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
	if !testing.Short() && isSlow() {
		n = 100_000_000
	}
	g := newStream(5)
	c := NewCollector(CollectorOptions{})
	feed := func(n int) {
		for range n {
			s := g.next()
			s.Generation = int32(g.i / 1_000_000)
			c.Add(&s)
			if g.i%100_000 == 0 {
				c.Live(Prefill, g.t)
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
	c := NewCollector(CollectorOptions{MaxScenarios: 3, MaxShapes: 10, MaxSegments: 4})
	m := newMixture(41)
	const n = 6000
	for i := range n {
		s := m.add(fmt.Sprintf("1x%d", i%500), 1e6, func(s *Sample) { s.Scenario = fmt.Sprintf("s%d", i%700) })
		c.Add(s)
	}
	live := c.Live(Prefill, m.t)
	if len(live.Scenarios) != 4 || live.Scenarios[3].Scenario != more || len(live.Shapes) != 11 {
		t.Fatalf("%d scenarios, %d shapes", len(live.Scenarios), len(live.Shapes))
	}
	sum, shapes := 0, 0
	for _, r := range live.Scenarios {
		sum += r.Session[Optimized].N
	}
	for _, r := range live.Shapes {
		shapes += r.N
	}
	if sum != n || shapes != n || live.Lanes[Optimized].Session.N != n {
		t.Errorf("scenarios %d, shapes %d, session %d of %d", sum, shapes, live.Lanes[Optimized].Session.N, n)
	}
	for i := range 20 {
		c.NewSegment(int32(i+1), "x", false, m.t)
		c.Add(m.add("1x1", 1e6, func(s *Sample) { s.Segment = int32(i + 1) }))
	}
	live = c.Live(Prefill, m.t)
	if len(live.Segments) > 5 || live.Lanes[Optimized].Session.N != n+20 || live.Lanes[Optimized].Segment.N != 1 {
		t.Errorf("%d segments, session %d, segment %d", len(live.Segments), live.Lanes[Optimized].Session.N, live.Lanes[Optimized].Segment.N)
	}
}

// Samples that come after their segment ended count for it and the session.
func TestLateSamples(t *testing.T) {
	c := NewCollector(CollectorOptions{})
	m := newMixture(42)
	for range 20 {
		c.Add(m.add("a", 1e6, nil))
	}
	c.NewSegment(1, "padded", false, m.t)
	c.Add(m.add("a", 1e6, nil)) // still segment 0
	c.Add(m.add("a", 1e6, func(s *Sample) { s.Segment = 1 }))
	live := c.Live(Prefill, m.t)
	if live.Segments[0].Lanes[Optimized].N != 21 || live.Segments[1].Lanes[Optimized].N != 1 || live.Lanes[Optimized].Session.N != 22 {
		t.Errorf("%d, %d of %d", live.Segments[0].Lanes[Optimized].N, live.Segments[1].Lanes[Optimized].N, live.Lanes[Optimized].Session.N)
	}
}

// The sliding window forgets, whole-segment windows do not.
func TestWindowSlides(t *testing.T) {
	c := NewCollector(CollectorOptions{WindowNs: 1e9})
	m := newMixture(43)
	for range 5000 { // 5 s
		c.Add(m.add("a", 1e6, nil))
	}
	for _, later := range []int64{0, 500e6} { // about 1,000 samples, then about 500: below 1,000 they are exact
		live := c.Live(Prefill, m.t+later)
		lane, shape := live.Lanes[Optimized].Window, live.Shapes[0].Window[Optimized]
		if want := 1000 - int(later/1e6); lane.N < want-100 || lane.N > want+100 {
			t.Errorf("the window holds %d samples of 1 ms, want %d", lane.N, want)
		}
		if shape.N != lane.N || shape.P50 != lane.P50 || shape.P99 != lane.P99 {
			t.Errorf("its only shape: %+v, the lane: %+v", shape, lane)
		}
		if all := live.Shapes[0].Clean[Optimized]; all.N != 4999 || all.P99.Need != 0 || !(all.P50.Lo < all.P50.Value) {
			t.Errorf("clean of the whole session: %+v", all)
		}
	}
	if n := c.Live(Prefill, m.t+10e9).Lanes[Optimized].Window.N; n != 0 {
		t.Errorf("after 10 s of silence the window holds %d", n)
	}
	c.SetWindow(0)
	if n := c.Live(Prefill, m.t).Lanes[Optimized].Window.N; n != 5000 {
		t.Errorf("the whole segment has %d", n)
	}
}

// An event that names a request flags its sample, before it comes.
func TestEventsFlagTheirSamples(t *testing.T) {
	c, a := NewCollector(CollectorOptions{}), NewAnalysis(AnalysisOptions{})
	m := newMixture(44)
	for i := range 300 {
		s := m.add("a", 1e6, nil)
		if i == 250 {
			s.WallNs = 40e6
			request := s.Request
			e := Event{Kind: KindRecompile, Lane: "optimized", Mode: "prefill", Request: &request, TNs: s.StartNs, Reason: "tokens 61 → 74"}
			c.AddEvent(&e)
			a.AddEvent(&e)
		}
		a.Add(s)
		c.Add(s)
	}
	live := c.Live(Prefill, m.t)
	row := live.Lanes[Optimized].Causes
	i := slices.IndexFunc(row, func(r CauseRow) bool { return r.Cause == CauseCompile })
	if i < 0 || row[i].N != 1 || row[i].Example != "tokens 61 → 74" {
		t.Errorf("%+v", row)
	}
	a.Finish(Prefill)
	if a.Causes()[250] != CauseCompile {
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
			c, a := NewCollector(CollectorOptions{SLONs: 1e6}), NewAnalysis(AnalysisOptions{SLONs: 1e6})
			for i := range n {
				s := Sample{Seq: uint64(i), Request: uint64(i / 2), Lane: Lane(i % 2), Mode: Mode(i % NumModes), WallNs: wall,
					DeviceNs: Absent, ResponseNs: Absent, TTFTNs: Absent}
				c.Add(&s)
				a.Add(&s)
			}
			for mode := range Mode(NumModes) {
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
			c.Live(Mode(200), 0)
		}
	}
	c := NewCollector(CollectorOptions{})
	for mode := range Mode(NumModes) {
		if l := c.Live(mode, 0); !math.IsNaN(l.Lanes[0].Session.Mean) || l.Verdict.Code != "too_few" {
			t.Errorf("empty: %+v", l.Verdict)
		}
	}
}

func TestLindley(t *testing.T) {
	// One stall of 10 in a stream due every 2: the queue behind it drains slowly.
	var l Lindley
	var got []int64
	for i, arrival := range []int64{0, 2, 4, 6, 8, 100} {
		got = append(got, l.Response(arrival, []int64{1, 10, 1, 1, 1, 1}[i]))
	}
	if want := []int64{1, 10, 9, 8, 7, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestUntil(t *testing.T) {
	for s, want := range map[string]Until{
		"p99 within 5 %":            {Statistic: "p99", Within: .05},
		"P50 within 1%":             {Statistic: "p50", Within: .01},
		"median within 2 %":         {Statistic: "p50", Within: .02},
		"optimized p99.9 within 9%": {Statistic: "p99.9", Within: .09, Lane: "optimized"},
		"diff within 10 %":          {Statistic: "diff", Within: .1},
	} {
		got, err := ParseUntil(s)
		if err != nil || got.Statistic != want.Statistic || math.Abs(got.Within-want.Within) > 1e-15 || got.Lane != want.Lane {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "p99", "p99 within", "p99 within 5 6 7", "p99 within 5", "p50 within 0.05", "p42 within 5 %", "p99 within -1 %", "p99 within 500 %", "p99 within NaN", "optimized diff within 5 %"} {
		if u, err := ParseUntil(s); err == nil {
			t.Errorf("%q: %+v", s, u)
		}
	}
	c := NewCollector(CollectorOptions{})
	u, _ := ParseUntil("p50 within 1 %")
	m := newMixture(45)
	until := 0
	for i := range 5000 {
		for lane := range Lane(NumLanes) {
			c.Add(m.add("a", 1e6, func(s *Sample) { s.Lane = lane }))
		}
		if i%50 == 0 {
			live := c.Live(Prefill, m.t)
			if ok, why := u.Done(&live); ok {
				until = i
				break
			} else if i == 0 && why != "p50: too few samples for an interval" {
				t.Error(why)
			}
		}
	}
	// Width of the interval ≈ 2·1.96·1.2533·σ/√n with σ = 5 %: 1 % at n ≈ 600.
	if until < 400 || until > 1100 {
		t.Errorf("stopped after %d samples a lane", until)
	}
}

// Device times appear late, slide with the window and are exact in small ones.
func TestWindowDeviceTimes(t *testing.T) {
	c := NewCollector(CollectorOptions{WindowNs: 2e9})
	m := newMixture(46)
	for i := range 6000 {
		c.Add(m.add("a", 1e6, func(s *Sample) {
			if i >= 3000 {
				s.DeviceNs = s.WallNs / 2
			}
		}))
	}
	w := c.Live(Prefill, m.t).Lanes[Optimized].Window
	near(t, "device p50", w.DeviceP50, w.P50.Value/2, .01)
	near(t, "host share", w.HostShare, .5, .001)
	s := c.Live(Prefill, m.t).Lanes[Optimized].Session
	near(t, "session device p50", s.DeviceP50, s.P50.Value/2, .01)
	near(t, "small window", c.Live(Prefill, m.t+1_800_000_000).Lanes[Optimized].Window.DeviceP50, .5e6, .02)
}

// A compile of 30 ms that saves 1 ms a request owes 30 requests, whether it ran
// in a warm-up or in a counted request.
func TestBreakEven(t *testing.T) {
	for _, warm := range []bool{true, false} {
		c := NewCollector(CollectorOptions{})
		m := newMixture(47)
		owed := func() ShapeRow { return c.Live(Prefill, m.t).Shapes[0] }
		for i := range 51 {
			for lane := range Lane(NumLanes) {
				c.Add(m.add("a", 2e6-1e6*float64(lane), func(s *Sample) {
					s.Lane, s.Request = lane, uint64(i)
					if i == 0 {
						s.Warmup = warm
						if lane == Optimized {
							s.Flags, s.CompileNs, s.WallNs = FlagCompile, 30e6, s.WallNs+30e6
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
