package quantile

import (
	"math"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/tailscope/tailscope/stats"
	"pgregory.net/rapid"
)

// latencies draws values from the whole range of int64, mostly plausible ones.
func latencies(t *rapid.T, label string) []int64 {
	return rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 100e9), rapid.Int64Range(0, 3000), rapid.Int64Range(0, math.MaxInt64),
		rapid.Just(int64(2e6))), 0, 1500).Draw(t, label)
}

// A float64's upper bits are page and bucket, to the edges of every octave.
func TestHistIndexIsThatOfTheBits(t *testing.T) {
	check := func(v int64) {
		p, s := histIndex(v)
		if q, r := histIndexBits(v); p != q || s != r {
			t.Fatalf("%d: page %d, bucket %d, want %d, %d", v, p, s, q, r)
		}
	}
	for v := range int64(5000) {
		check(v)
	}
	for e := range 63 {
		for d := int64(-3); d <= 3; d++ {
			check(max(0, 1<<e+d))
			check(max(0, 1<<e+1<<e/1024*d))
		}
	}
	check(math.MaxInt64)
	rapid.Check(t, func(t *rapid.T) { check(rapid.Int64Min(0).Draw(t, "v")) })
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
		lo, width := Edges(p, s)
		if v < lo || v-lo >= width {
			t.Fatalf("%d is not in its bucket [%d, +%d)", v, lo, width)
		}
		if got := histValue(p, s); math.Abs(got-float64(v)) > 0.0005*float64(v)+1e-9 {
			t.Fatalf("%d is shown as %v", v, got)
		}
	})
}

// distribution checks what must hold of any set of latencies.
func checkDist(t *rapid.T, d *MomentDist, v []int64) {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	if d.N != len(v) {
		t.Fatalf("n = %d of %d", d.N, len(v))
	}
	prev := math.Inf(-1)
	for _, q := range []float64{0, .001, .25, .5, .9, .99, .999, 1} {
		got := d.Quantile(q)
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
	var s stats.Summary = Empty()
	d.Describe(&s)
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
		var d MomentDist
		for _, x := range v {
			d.Record(x)
		}
		checkDist(t, &d, v)
	})
}

// Merged parts, in any order, are the whole: same counts, same moments.
func TestMergeEqualsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := latencies(t, "v")
		var whole, a, b MomentDist
		cut := rapid.IntRange(0, len(v)).Draw(t, "cut")
		for i, x := range v {
			whole.Record(x)
			if i < cut {
				a.Record(x)
			} else {
				b.Record(x)
			}
		}
		b.Merge(&a)
		checkDist(t, &b, v)
		if whole.N == 0 {
			return
		}
		if whole.Sum != b.Sum || whole.Sq != b.Sq || whole.Min != b.Min || whole.Max != b.Max || whole.top != b.top {
			t.Fatalf("moments differ: %+v %+v", whole.Sum, b.Sum)
		}
		for _, q := range []float64{0, .3, .5, .99, 1} {
			if whole.Quantile(q) != b.Quantile(q) {
				t.Fatalf("Quantile(%v): whole %v, merged %v", q, whole.Quantile(q), b.Quantile(q))
			}
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
