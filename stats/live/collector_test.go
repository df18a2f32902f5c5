package live

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

func TestCollectorCountsAndLedgerAddsUp(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9, 500, 1998, 2000, 2001, 30000} {
		c := New(Options{})
		a := exact.New(exact.Options{})
		g := statstest.NewStream(7)
		for range n {
			s := g.Next()
			c.Add(&s)
			a.Add(&s)
		}
		live := c.Live(stats.Prefill, g.T)
		file := a.Finish(stats.Prefill)
		for l, v := range live.Lanes {
			sum := 0
			for _, row := range v.Causes {
				sum += row.N
			}
			if sum != v.TailN {
				t.Errorf("n=%d lane %d: causes add up to %d, the tail has %d", n, l, sum, v.TailN)
			}
			if v.Session.N != v.Segment.N || v.Session.N != live.Total[l] {
				t.Errorf("n=%d lane %d: session %d, segment %d, total %d", n, l, v.Session.N, v.Segment.N, live.Total[l])
			}
		}
		for _, grp := range file.Groups {
			if grp.Scenario != "*" || grp.Segment != "*" {
				continue
			}
			sum := 0
			for _, r := range file.Causes {
				if r.Lane == grp.Lane {
					sum += r.N
				}
			}
			if sum != grp.TailN {
				t.Errorf("n=%d %s: causes add up to %d, tail_n is %d", n, grp.Lane, sum, grp.TailN)
			}
		}
	}
}

// The live view of 15,000 samples a lane must agree with the exact analysis.
func TestLiveAgreesWithAnalysis(t *testing.T) {
	c := New(Options{})
	a := exact.New(exact.Options{})
	g := statstest.NewStream(3)
	for range 30000 {
		s := g.Next()
		c.Add(&s)
		a.Add(&s)
	}
	live, file := c.Live(stats.Prefill, g.T), a.Finish(stats.Prefill)
	for _, grp := range file.Groups {
		if grp.Scenario != "*" || grp.Segment != "*" {
			continue
		}
		l, _ := stats.ParseLane(grp.Lane)
		s := live.Lanes[l].Session
		near := func(name string, got float64, want stats.Num, tol float64) {
			if math.Abs(got/1e6/float64(want)-1) > tol {
				t.Errorf("%s %s: live %v, exact %v", grp.Lane, name, got/1e6, want)
			}
		}
		near("mean", s.Mean, grp.MeanMs, 1e-12)
		near("std", s.Std, grp.StdMs, 1e-9)
		near("excl top5", s.MeanExclTop5, grp.MeanExclTop5Ms, 1e-12)
		near("p50", s.P50.Value, grp.P50Ms, 1e-3)
		near("p99", s.P99.Value, grp.P99Ms, 1e-3)
		near("p99.9", s.P999.Value, grp.P999Ms, 1e-3)
		near("threshold", live.Lanes[l].TailNs, grp.TailThresholdMs, 1e-3)
		if d := live.Lanes[l].TailN - grp.TailN; d < -3 || d > 3 {
			t.Errorf("%s: tail live %d, exact %d", grp.Lane, live.Lanes[l].TailN, grp.TailN)
		}
	}
	near := live.PairAll.MedianDiff/1e6 - float64(file.Pairs[0].MedianDiffMs)
	if math.Abs(near) > 0.002 || live.PairAll.N != file.Pairs[0].N {
		t.Errorf("pairs: live %v of %d, exact %v of %d", live.PairAll.MedianDiff, live.PairAll.N,
			file.Pairs[0].MedianDiffMs, file.Pairs[0].N)
	}
}

// BenchmarkAdd takes in samples as the session does: one struct, filled anew
// for each from a batch that is in the cache. "wall" has what every engine
// reports; "all" has device times, response times of an open load and a
// service level besides, so that every group of a prefill session is live.
func BenchmarkAdd(b *testing.B) {
	b.Run("wall", func(b *testing.B) { benchmarkAdd(b, false) })
	b.Run("all", func(b *testing.B) { benchmarkAdd(b, true) })
}

func benchmarkAdd(b *testing.B, all bool) {
	const n = 1 << 10
	g := statstest.NewStream(1)
	ring, places := make([]stats.Sample, 20), make([]Place, 20)
	var walls [n]int64
	var flags [n]stats.Flag
	for i := range walls {
		s := g.Next()
		walls[i], flags[i] = s.WallNs, s.Flags
		ring[i%20] = s
	}
	o := Options{}
	if all {
		o.SLONs = 3e6
	}
	c := New(o)
	t, zero := g.T, uint64(0)
	c.AddEvent(&stats.Event{Kind: stats.KindCompile, Request: &zero, Lane: "optimized", Mode: "prefill"})
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b, cpuNs())
	for i := 0; i < b.N; i++ {
		s := &ring[i%20]
		s.Request += 10
		s.WallNs, s.Flags, s.StartNs = walls[i&(n-1)], flags[i&(n-1)], t
		s.NthInRun = int32(i / 20)
		if all {
			s.DeviceNs, s.ResponseNs = s.WallNs-s.WallNs>>3, s.WallNs+s.WallNs>>2
		}
		t += s.WallNs + 1000
		c.AddAt(s, &places[i%20])
	}
}

func BenchmarkLive(b *testing.B) {
	g := statstest.NewStream(1)
	c := New(Options{})
	for range 200000 {
		s := g.Next()
		c.Add(&s)
	}
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b, cpuNs())
	for b.Loop() {
		for range 66 { // 30 views a second at 2,000 samples
			s := g.Next()
			c.Add(&s)
		}
		c.Live(stats.Prefill, g.T)
	}
}

// TestAddAtIsAdd: samples that share the places of their batches give what
// samples that look for theirs give.
func TestAddAtIsAdd(t *testing.T) {
	type key struct{ strategy, scenario, shape string }
	g := statstest.NewStream(3)
	alone, shared, places := New(Options{MaxShapes: 6}), New(Options{MaxShapes: 6}), map[key]*Place{}
	for i := range 4000 {
		s := g.Next()
		s.Strategy = []string{"variable", "padded"}[i/1000%2]
		if i == 2000 {
			alone.NewSegment(1, "padded", false, s.StartNs)
			shared.NewSegment(1, "padded", false, s.StartNs)
		}
		if i%50 == 0 {
			clear(places) // of the next batch
		}
		k := key{s.Strategy, s.Scenario, s.Shape}
		if places[k] == nil {
			places[k] = &Place{}
		}
		again := s
		want := slices.Clone(alone.Add(&s))
		if got := shared.AddAt(&again, places[k]); !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 || again != s {
			t.Fatalf("sample %d: %v %v, want %v %v", i, again, got, s, want)
		}
	}
	if diff := cmp.Diff(alone.Live(stats.Prefill, g.T), shared.Live(stats.Prefill, g.T), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}
