package live

import (
	"math"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"pgregory.net/rapid"
)

// What leaves a window leaves nothing behind.
func mean(v []int64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}

func TestWindowEqualsRecount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWindow(rapid.Int64Range(1, 5e6).Draw(t, "ns"), rapid.IntRange(1024, 2000).Draw(t, "cap"))
		n := rapid.IntRange(0, 4000).Draw(t, "n")
		step := rapid.Int64Range(0, 5000).Draw(t, "step")
		rare := rapid.IntRange(1, 2*maxBacklog).Draw(t, "rare")
		var b backlog
		var all []stats.Sample
		for i := range n {
			s := stats.Sample{StartNs: int64(i) * step, WallNs: 1000 + int64(i*7919%5000), DeviceNs: stats.Absent, Lane: stats.Lane(i % 2)}
			all = append(all, s)
			b.put(&s, &Place{cell: &cell{}, shape: &shapeState{}, scenID: int32(i % 3)}, false)
			if i%rare == 0 || b.n == maxBacklog {
				w.take(b.samples[:b.n])
				b.n = 0
			}
			if i%97 == 0 {
				w.expire(s.StartNs - w.ns)
				w.gather()
			}
		}
		w.take(b.samples[:b.n])
		now := int64(n) * step
		w.expire(now - w.ns)
		w.gather()
		var want [stats.NumLanes][]int64
		for i := range all {
			if i >= len(all)-w.n {
				want[all[i].Lane] = append(want[all[i].Lane], all[i].WallNs)
			}
		}
		for l := range want {
			slices.Sort(want[l])
			s := w.lanes[l].summary(quantile.Spread{})
			if s.N != len(want[l]) {
				t.Fatalf("lane %d: %d in the window, want %d", l, s.N, len(want[l]))
			}
			if s.N > 0 && math.Abs(s.P50.Value/quantile.Percentile(want[l], .5)-1) > 1e-3 {
				t.Fatalf("p50 %v, want %v", s.P50.Value, quantile.Percentile(want[l], .5))
			}
			if s.N > 0 && math.Abs(s.Mean/mean(want[l])-1) > 1e-12 {
				t.Fatalf("mean %v, want %v", s.Mean, mean(want[l]))
			}
		}
	})
}

func TestPairsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1300).Draw(t, "n")
		seed := rapid.Int64Range(1, 1<<40).Draw(t, "seed")
		pairs := make([]paired.Pair, n)
		var a, b, whole pairStats
		for i := range pairs {
			seed = seed*6364136223846793005 + 1442695040888963407
			pairs[i] = paired.Pair{Eager: 1 + (seed>>20)&0xffffff, Optimized: 1 + (seed>>40)&0x7fffff}
			whole.add(pairs[i], pairs[i].Log())
			if i%3 == 0 {
				a.add(pairs[i], pairs[i].Log())
			} else {
				b.add(pairs[i], pairs[i].Log())
			}
		}
		a.merge(&b)
		live := a.view(nil, nil)
		exact, _ := paired.Describe(pairs)
		if live.N != exact.N {
			t.Fatal("n differs")
		}
		if n == 0 {
			return
		}
		if live.ShareWon != exact.ShareWon || math.Abs(live.RatioGeomean/exact.RatioGeomean-1) > 1e-9 {
			t.Fatalf("share %v %v, ratio %v %v", live.ShareWon, exact.ShareWon, live.RatioGeomean, exact.RatioGeomean)
		}
		if math.Abs(live.MedianDiff-exact.MedianDiff) > 0.001*math.Abs(exact.MedianDiff)+1 && n >= quantile.ExactBelow || n < quantile.ExactBelow && live.MedianDiff != exact.MedianDiff {
			t.Fatalf("median %v, exact %v", live.MedianDiff, exact.MedianDiff)
		}
	})
}
