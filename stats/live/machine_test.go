package live

import (
	"fmt"
	"math"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"pgregory.net/rapid"
)

// checkLive holds what must be true of any view.
func checkLive(t *rapid.T, v *stats.Live, want map[stats.Lane]int) {
	for l := range v.Lanes {
		lane := &v.Lanes[l]
		if lane.Session.N != want[stats.Lane(l)] {
			t.Fatalf("lane %d: session has %d, %d were added", l, lane.Session.N, want[stats.Lane(l)])
		}
		scen, seg := 0, 0
		for _, r := range v.Scenarios {
			scen += r.Session[l].N
		}
		for _, r := range v.Segments {
			seg += r.Lanes[l].N
		}
		if scen != lane.Session.N || seg != lane.Session.N {
			t.Fatalf("lane %d: scenarios %d, segments %d, session %d", l, scen, seg, lane.Session.N)
		}
		for _, rows := range []struct {
			causes []stats.CauseRow
			n      int
		}{{lane.Causes, lane.TailN}, {lane.SegmentCauses, lane.SegmentTailN}} {
			sum := 0
			for _, r := range rows.causes {
				sum += r.N
				if r.N <= 0 || r.Cause == stats.CauseNone {
					t.Fatalf("lane %d: cause row %+v", l, r)
				}
			}
			if sum != rows.n {
				t.Fatalf("lane %d: causes add up to %d of %d", l, sum, rows.n)
			}
		}
		for name, s := range map[string]*stats.Summary{"session": &lane.Session, "segment": &lane.Segment, "window": &lane.Window, "hidden": &lane.Hidden} {
			whole := s.N
			if name == "hidden" { // what is left of the segment is exact where the segment is
				whole = lane.Segment.N
			}
			checkSummary(t, name, s, whole)
		}
		if lane.Hidden.N > lane.Segment.N {
			t.Fatalf("lane %d: %d of %d are untagged", l, lane.Hidden.N, lane.Segment.N)
		}
		count := uint64(0)
		for i, n := range lane.Hist.Counts {
			count += n
			if lane.Hist.Tagged[i] > n {
				t.Fatalf("lane %d: bin %d has %d tagged of %d", l, i, lane.Hist.Tagged[i], n)
			}
		}
		if int(count) != lane.Segment.N {
			t.Fatalf("lane %d: bins hold %d of %d", l, count, lane.Segment.N)
		}
	}
}

// checkSummary: s describes what is left of whole samples.
func checkSummary(t *rapid.T, name string, s *stats.Summary, whole int) {
	if s.N == 0 {
		return
	}
	prev := s.Min * (1 - 1e-3)
	for _, q := range []stats.Quantile{s.P50, s.P90, s.P95, s.P99, s.P999} {
		if !(q.Value >= prev*(1-1e-9)) || q.Value > s.Max*(1+1e-3)+1 || q.N != s.N {
			t.Fatalf("%s: quantile %+v after %v, max %v, n %d", name, q, prev, s.Max, s.N)
		}
		if q.Lo > q.Value*(1+1e-9) || q.Hi < q.Value*(1-1e-9) {
			t.Fatalf("%s: %v outside [%v, %v]", name, q.Value, q.Lo, q.Hi)
		}
		if exact := whole < quantile.ExactBelow; q.Exact != exact {
			t.Fatalf("%s: n %d, exact %v", name, s.N, q.Exact)
		}
		prev = q.Value
	}
}

// A session with toggles, late samples, restarts, events and views in any order.
func TestAnySession(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(Options{MaxShapes: 6, MaxScenarios: 3, RingCap: 2048})
		a := exact.New(exact.Options{})
		now, seq, segment, generation := int64(1e9), uint64(0), int32(0), int32(0)
		want := [stats.NumModes]map[stats.Lane]int{{}, {}, {}, {}}
		steps := rapid.IntRange(1, 40).Draw(t, "steps")
		for range steps {
			switch rapid.IntRange(0, 9).Draw(t, "op") {
			case 0:
				segment++
				c.NewSegment(segment, fmt.Sprint("segment ", segment), false, now)
			case 1:
				c.SetWindow(rapid.Int64Range(0, 1e9).Draw(t, "window"))
			case 2:
				generation++
			case 3:
				r := seq / 2
				e := stats.Event{Kind: rapid.SampledFrom([]stats.Kind{stats.KindRecompile, stats.KindFallback, stats.KindToggle, stats.KindThrottle}).Draw(t, "kind"), TNs: now, Request: &r, Reason: "x"}
				c.AddEvent(&e)
				a.AddEvent(&e)
			case 4:
				c.SetFacts(stats.Facts{AA: rapid.Bool().Draw(t, "aa"), CompilerReal: rapid.SampledFrom([]string{"yes", "no", ""}).Draw(t, "real"), Strategy: "bucketed"})
				c.SetBucketEdges([]int{rapid.IntRange(0, 100).Draw(t, "edge")})
				c.SetGauge(GaugeInput{Mode: "prefill", Strategy: "variable", Used: int(segment), Limit: 8, Compiles: int(seq / 100)})
			case 5:
				m := stats.Mode(rapid.IntRange(0, stats.NumModes-1).Draw(t, "mode"))
				v := c.Live(m, now)
				if want[m][0]+want[m][1] > 0 {
					checkLive(t, &v, want[m])
				}
				pairs, _, seg := c.PairSample(m)
				r := paired.Bootstrap(pairs[max(0, len(pairs)-100):], paired.BootstrapOptions{Resamples: 10})
				r.Segment = seg
				c.SetBootstrap(m, r)
			default:
				n := rapid.IntRange(1, 700).Draw(t, "n")
				mode := stats.Mode(rapid.IntRange(0, stats.NumModes-1).Draw(t, "mode"))
				kind := rapid.IntRange(0, 4).Draw(t, "scenario")
				shapes := rapid.IntRange(1, 9).Draw(t, "shapes")
				slow := rapid.IntRange(2, 50).Draw(t, "slow")
				for i := range n {
					s := stats.Sample{Seq: seq, Request: seq / 2, Lane: stats.Lane(seq & 1), Mode: mode, Scenario: fmt.Sprint("s", kind), Strategy: "variable",
						Shape: fmt.Sprint("1x", i%shapes), Tokens: int32(i % 50), ExecutedTokens: 50, Batch: 1, StartNs: now, WallNs: 1e6 + int64(i*7919%1000000),
						Generation: generation, Segment: segment, NthInRun: int32(i), DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent}
					if i%slow == 0 {
						s.WallNs *= 17
						s.Flags |= stats.Flag(1 << (i / slow % 12))
					}
					if i%11 == 0 && segment > 0 {
						s.Segment-- // late
					}
					s.Warmup, s.Failed = i%31 == 5, i%37 == 6
					now += s.WallNs
					seq++
					a.Add(&s)
					c.Add(&s)
					if s.Counts() {
						want[mode][s.Lane]++
					}
				}
			}
		}
		for m := range stats.Mode(stats.NumModes) {
			if want[m][0]+want[m][1] == 0 {
				continue
			}
			v := c.Live(m, now)
			checkLive(t, &v, want[m])
			f := a.Finish(m)
			for _, g := range f.Groups {
				if g.Scenario == "*" && g.Segment == "*" {
					l, _ := stats.ParseLane(g.Lane)
					if g.N != want[m][l] || math.Abs(float64(g.MeanMs)*1e6/v.Lanes[l].Session.Mean-1) > 1e-9 {
						t.Fatalf("exact n %d, mean %v; live n %d, mean %v", g.N, g.MeanMs, want[m][l], v.Lanes[l].Session.Mean)
					}
				}
			}
		}
	})
}
