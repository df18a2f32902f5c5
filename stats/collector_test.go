package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// stream makes interleaved samples of both lanes: lognormal, five scenarios of
// two lengths, a compile at each first shape of the optimized lane and now and then.
type stream struct {
	r      *rand.Rand
	i      int
	t      int64
	names  [5]string
	shapes [10]string
	seen   [10]bool
	churn  float64
}

func newStream(seed uint64) *stream {
	s := &stream{r: rand.New(rand.NewPCG(seed, 1)), t: 1e9, churn: 0.002}
	for i := range s.names {
		s.names[i] = fmt.Sprintf("scenario_%d", i)
	}
	for i := range s.shapes {
		s.shapes[i] = fmt.Sprintf("1x%d", 8*(i+1))
	}
	return s
}

func (g *stream) next() Sample {
	lane := Lane(g.i & 1)
	req := uint64(g.i / 2)
	sc, pr := int(req%5), int(req/5%2)
	median := 2e6 * (1 + 0.2*float64(sc))
	if lane == Optimized {
		median *= 0.6
	}
	s := Sample{Seq: uint64(g.i), Request: req, Lane: lane, Order: uint8(lane), Mode: Prefill, Scenario: g.names[sc],
		Strategy: "variable", Shape: g.shapes[2*sc+pr], Backend: "test", Batch: 1, Tokens: int32(8 * (2*sc + pr + 1)),
		ExecutedTokens: int32(8 * (2*sc + pr + 1)), Prompt: int32(pr), StartNs: g.t, NthInRun: int32(g.i / 10),
		DeviceNs: Absent, ResponseNs: Absent, TTFTNs: Absent, RunDelayNs: 0, MinFlt: 3, MajFlt: 0, NIvCSw: 0}
	s.WallNs = int64(median * math.Exp(0.1*g.r.NormFloat64()))
	if k := 2*sc + pr; lane == Optimized && (!g.seen[k] || g.r.Float64() < g.churn) {
		g.seen[k] = true
		s.CompileNs = 40e6
		s.WallNs += s.CompileNs
		s.Flags |= FlagRecompile
	}
	g.t += s.WallNs + 1000
	g.i++
	return s
}

func TestCollectorCountsAndLedgerAddsUp(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9, 500, 1998, 2000, 2001, 30000} {
		c := NewCollector(CollectorOptions{})
		a := NewAnalysis(AnalysisOptions{})
		g := newStream(7)
		for range n {
			s := g.next()
			c.Add(&s)
			a.Add(&s)
		}
		live := c.Live(Prefill, g.t)
		file := a.Finish(Prefill)
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
	c := NewCollector(CollectorOptions{})
	a := NewAnalysis(AnalysisOptions{})
	g := newStream(3)
	for range 30000 {
		s := g.next()
		c.Add(&s)
		a.Add(&s)
	}
	live, file := c.Live(Prefill, g.t), a.Finish(Prefill)
	for _, grp := range file.Groups {
		if grp.Scenario != "*" || grp.Segment != "*" {
			continue
		}
		l, _ := ParseLane(grp.Lane)
		s := live.Lanes[l].Session
		near := func(name string, got float64, want Num, tol float64) {
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
	g := newStream(1)
	ring := make([]Sample, 20)
	var walls [n]int64
	var flags [n]Flag
	for i := range walls {
		s := g.next()
		walls[i], flags[i] = s.WallNs, s.Flags
		ring[i%20] = s
	}
	o := CollectorOptions{}
	if all {
		o.SLONs = 3e6
	}
	c := NewCollector(o)
	t, zero := g.t, uint64(0)
	c.AddEvent(&Event{Kind: KindCompile, Request: &zero, Lane: "optimized", Mode: "prefill"})
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
		c.Add(s)
	}
}

func BenchmarkLive(b *testing.B) {
	g := newStream(1)
	c := NewCollector(CollectorOptions{})
	for range 200000 {
		s := g.next()
		c.Add(&s)
	}
	b.ReportAllocs()
	b.ResetTimer()
	defer reportCPU(b, cpuNs())
	for b.Loop() {
		for range 66 { // 30 views a second at 2,000 samples
			s := g.next()
			c.Add(&s)
		}
		c.Live(Prefill, g.t)
	}
}
