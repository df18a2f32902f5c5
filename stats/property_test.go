package stats

import (
	"math"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// latencies draws values from the whole range of int64, mostly plausible ones.
func latencies(t *rapid.T, label string) []int64 {
	return rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 100e9), rapid.Int64Range(0, 3000), rapid.Int64Range(0, math.MaxInt64),
		rapid.Just(int64(2e6))), 0, 1500).Draw(t, label)
}

func TestHistBucketsAreHdrs(t *testing.T) {
	ref := hdrhistogram.New(1, 1<<42, 3)
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Int64Range(0, 5000), rapid.Int64Range(0, 1<<42-1)).Draw(t, "v")
		w := rapid.OneOf(rapid.Int64Range(max(0, v-1000), v+1000), rapid.Int64Range(0, 1<<42-1)).Draw(t, "w")
		p1, s1 := histIndex(v)
		p2, s2 := histIndex(w)
		if same := p1 == p2 && s1 == s2; same != ref.ValuesAreEquivalent(v, w) {
			t.Fatalf("%d and %d in one bucket: %v, hdrhistogram-go says %v", v, w, same, !same)
		}
	})
}

func TestHistErrorIsWithinAThousandth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(0, math.MaxInt64).Draw(t, "v")
		p, s := histIndex(v)
		lo, width := histEdges(p, s)
		if v < lo || v-lo >= width {
			t.Fatalf("%d is not in its bucket [%d, +%d)", v, lo, width)
		}
		if got := histValue(p, s); math.Abs(got-float64(v)) > 0.0005*float64(v)+1e-9 {
			t.Fatalf("%d is shown as %v", v, got)
		}
	})
}

// distribution checks what must hold of any set of latencies.
func checkDist(t *rapid.T, d *dist, v []int64) {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	if d.n != len(v) {
		t.Fatalf("n = %d of %d", d.n, len(v))
	}
	prev := math.Inf(-1)
	for _, q := range []float64{0, .001, .25, .5, .9, .99, .999, 1} {
		got := d.quantile(q)
		if len(v) == 0 {
			if !math.IsNaN(got) {
				t.Fatalf("quantile of nothing is %v", got)
			}
			continue
		}
		if got < prev || got < float64(sorted[0]) || got > float64(sorted[len(v)-1]) {
			t.Fatalf("Quantile(%v) = %v, want in [%v, %v]", q, got, prev, sorted[len(v)-1])
		}
		// Histograms place the closest ranks within 0.05 %.
		if want := Percentile(sorted, q); math.Abs(got-want) > 0.001*float64(sorted[min(len(v)-1, int(q*float64(len(v)-1))+1)]) {
			t.Fatalf("Quantile(%v) = %v, exact %v", q, got, want)
		}
		prev = got
	}
	var s Summary = emptySummary()
	d.describe(&s)
	if len(v) > 0 && (s.Mean < s.Min*(1-1e-12) || s.Mean > s.Max*(1+1e-12) || s.Std < 0) {
		t.Fatalf("mean %v, std %v, range %v to %v", s.Mean, s.Std, s.Min, s.Max)
	}
	if len(v) > 5 && s.MeanExclTop5 > s.MeanExclMax*(1+1e-12) {
		t.Fatalf("mean without top five %v above mean without max %v", s.MeanExclTop5, s.MeanExclMax)
	}
}

func TestDistProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := latencies(t, "v")
		var d dist
		for _, x := range v {
			d.record(x)
		}
		checkDist(t, &d, v)
	})
}

// Merged parts, in any order, are the whole: same counts, same moments.
func TestMergeEqualsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := latencies(t, "v")
		var whole, a, b dist
		cut := rapid.IntRange(0, len(v)).Draw(t, "cut")
		for i, x := range v {
			whole.record(x)
			if i < cut {
				a.record(x)
			} else {
				b.record(x)
			}
		}
		b.merge(&a)
		checkDist(t, &b, v)
		if whole.n == 0 {
			return
		}
		if whole.sum != b.sum || whole.sq != b.sq || whole.min != b.min || whole.max != b.max || whole.top != b.top {
			t.Fatalf("moments differ: %+v %+v", whole.sum, b.sum)
		}
		for _, q := range []float64{0, .3, .5, .99, 1} {
			if whole.quantile(q) != b.quantile(q) {
				t.Fatalf("Quantile(%v): whole %v, merged %v", q, whole.quantile(q), b.quantile(q))
			}
		}
	})
}

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
		var all []Sample
		for i := range n {
			s := Sample{StartNs: int64(i) * step, WallNs: 1000 + int64(i*7919%5000), DeviceNs: Absent, Lane: Lane(i % 2)}
			all = append(all, s)
			w.add(&s, int32(i%3), 0, false)
			if i%97 == 0 {
				w.expire(s.StartNs - w.ns)
				w.gather()
			}
		}
		now := int64(n) * step
		w.expire(now - w.ns)
		lanes, raw, _ := w.gather()
		var want [NumLanes][]int64
		for i := range all {
			if i >= len(all)-w.n {
				want[all[i].Lane] = append(want[all[i].Lane], all[i].WallNs)
			}
		}
		for l := range want {
			slices.Sort(want[l])
			s := lanes[l].summary(raw[l])
			if s.N != len(want[l]) {
				t.Fatalf("lane %d: %d in the window, want %d", l, s.N, len(want[l]))
			}
			if s.N > 0 && math.Abs(s.P50.Value/Percentile(want[l], .5)-1) > 1e-3 {
				t.Fatalf("p50 %v, want %v", s.P50.Value, Percentile(want[l], .5))
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
		pairs := make([]Pair, n)
		var a, b, whole pairStats
		for i := range pairs {
			seed = seed*6364136223846793005 + 1442695040888963407
			pairs[i] = Pair{Eager: 1 + (seed>>20)&0xffffff, Optimized: 1 + (seed>>40)&0x7fffff}
			whole.add(pairs[i])
			if i%3 == 0 {
				a.add(pairs[i])
			} else {
				b.add(pairs[i])
			}
		}
		a.merge(&b)
		exact, live := DescribePairs(pairs), a.view(nil, nil)
		if live.N != exact.N {
			t.Fatal("n differs")
		}
		if n == 0 {
			return
		}
		if live.ShareWon != exact.ShareWon || math.Abs(live.RatioGeomean/exact.RatioGeomean-1) > 1e-9 {
			t.Fatalf("share %v %v, ratio %v %v", live.ShareWon, exact.ShareWon, live.RatioGeomean, exact.RatioGeomean)
		}
		if math.Abs(live.MedianDiff-exact.MedianDiff) > 0.001*math.Abs(exact.MedianDiff)+1 && n >= exactBelow || n < exactBelow && live.MedianDiff != exact.MedianDiff {
			t.Fatalf("median %v, exact %v", live.MedianDiff, exact.MedianDiff)
		}
	})
}

func FuzzPercentile(f *testing.F) {
	f.Add([]byte{1, 2, 3}, 0.5)
	f.Fuzz(func(t *testing.T, b []byte, q float64) {
		if !(q >= 0 && q <= 1) {
			return
		}
		v := make([]int64, len(b))
		for i, x := range b {
			v[i] = int64(x) << (x % 55)
		}
		slices.Sort(v)
		got := Percentile(v, q)
		if len(v) == 0 != math.IsNaN(got) || len(v) > 0 && (got < float64(v[0]) || got > float64(v[len(v)-1])) {
			t.Fatalf("Percentile(%v, %v) = %v", v, q, got)
		}
	})
}

func FuzzParseUntil(f *testing.F) {
	for _, s := range []string{"p99 within 5 %", "optimized p50 within 1%", "diff within 10 %", "p99 within", "within 5", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseUntil(s)
		if err == nil && (!(u.Within > 0 && u.Within < 1) || u.Statistic == "") {
			t.Fatalf("ParseUntil(%q) = %+v", s, u)
		}
	})
}
