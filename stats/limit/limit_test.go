package limit

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

func roofs(t *rapid.T) *Roof {
	r := &Roof{OpsPerS: rapid.Float64Range(1e9, 1e15).Draw(t, "ops")}
	bytes, rate := int64(1<<18), rapid.Float64Range(1e11, 1e13).Draw(t, "rate")
	for range rapid.IntRange(1, 6).Draw(t, "sets") {
		r.Read = append(r.Read, Rate{bytes, rate})
		bytes, rate = bytes*4, rate*rapid.Float64Range(.3, 1).Draw(t, "slower")
	}
	return r
}

// More bytes take no less time, nor do more bytes take less than the fastest rate allows.
func TestReadingMoreTakesLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := roofs(t)
		a, b := rapid.Float64Range(1, 1e12).Draw(t, "a"), rapid.Float64Range(1, 1e12).Draw(t, "b")
		a, b = min(a, b), max(a, b)
		if !r.Known() || r.ReadNs(a) > r.ReadNs(b)*(1+1e-12) {
			t.Fatalf("%v: %v bytes take %v ns, %v take %v", r, a, r.ReadNs(a), b, r.ReadNs(b))
		}
		if least := a / r.Read[0].PerS * 1e9; r.ReadNs(a) < least*(1-1e-12) {
			t.Fatalf("%v bytes take %v ns, less than %v at the fastest rate", a, r.ReadNs(a), least)
		}
	})
}

// What was measured is what is read: the H200's memory, to the digit.
func TestAMeasuredSetTakesWhatItTook(t *testing.T) {
	r := Roof{OpsPerS: 8e14, Read: []Rate{{1 << 28, 4.951e12}, {1 << 30, 4.694e12}, {1 << 32, 4.632e12}}}
	for _, x := range r.Read {
		if got, want := r.ReadNs(float64(x.Bytes)), float64(x.Bytes)/x.PerS*1e9; math.Abs(got-want) > 1e-6*want {
			t.Errorf("%d bytes: %v ns, want %v", x.Bytes, got, want)
		}
	}
	if got := r.ReadNs(2.472e9); math.Abs(got-532e3) > 2e3 {
		t.Errorf("2.472 GB take %v ns, want 532 µs", got)
	}
}

// The bound is no more than any part of what is above it, a part of it is compute, and padding adds what it adds.
func TestBoundAddsPassesUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := roofs(t)
		work := func(name string) Work {
			return Work{Bytes: rapid.Float64Range(1, 1e11).Draw(t, name), Ops: rapid.Float64Range(0, 1e14).Draw(t, name)}
		}
		a, b := Pass{1, work("n"), work("x")}, Pass{float64(rapid.IntRange(1, 64).Draw(t, "times")), work("n"), work("x")}
		x, y, both := r.Bound([]Pass{a}), r.Bound([]Pass{b}), r.Bound([]Pass{a, b})
		if d := both.Ns - x.Ns - y.Ns; math.Abs(d) > 1e-9*both.Ns {
			t.Fatalf("%v + %v is not %v", x, y, both)
		}
		if both.Compute < 0 || both.Compute > both.Ns*(1+1e-12) || both.Padding < 0 {
			t.Fatalf("%+v", both)
		}
		if same := r.Bound([]Pass{{3, a.Natural, a.Natural}}); same.Padding != 0 {
			t.Fatalf("no padding costs %v ns", same.Padding)
		}
	})
}

func TestRoofsThatCannotBeAreNotKnown(t *testing.T) {
	for name, r := range map[string]*Roof{"nil": nil, "empty": {}, "no rate": {Read: []Rate{{1, 1}}}, "backwards": {Read: []Rate{{9, 1}, {1, 1}}, OpsPerS: 1},
		"zero": {Read: []Rate{{1, 0}}, OpsPerS: 1}, "infinite": {Read: []Rate{{1, math.Inf(1)}}, OpsPerS: 1}, "nan": {Read: []Rate{{1, 1}}, OpsPerS: math.NaN()}} {
		if r.Known() {
			t.Errorf("%s is known", name)
		}
	}
}

// The live group and the exact sums tell the same, and the split adds up to the gap.
func TestGroupTellsWhatSamplesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g, half Group
		var ratios []float64
		device := rapid.Bool().Draw(t, "device")
		for i := range rapid.IntRange(1, 200).Draw(t, "n") {
			s := stats.Sample{WallNs: rapid.Int64Range(1000, 1e9).Draw(t, "wall"), DeviceNs: stats.Absent, CompileNs: 0}
			s.BoundNs = rapid.Int64Range(1, s.WallNs).Draw(t, "bound")
			s.BoundComputeNs, s.PaddingNs = s.BoundNs/2, (s.WallNs-s.BoundNs)/3
			if device {
				s.DeviceNs = s.WallNs - (s.WallNs-s.BoundNs)/4
			}
			if i%2 == 0 {
				g.Add(&s)
			} else {
				half.Add(&s)
			}
			ratios = append(ratios, float64(s.BoundNs)/float64(s.WallNs))
			g.Add(&stats.Sample{WallNs: 5, BoundNs: 5, Flags: stats.FlagCompile})
			g.Add(&stats.Sample{WallNs: 5, BoundNs: stats.Absent})
		}
		g.Merge(&half)
		l := g.Describe(quantile.Spread{})
		slices.Sort(ratios)
		if want := quantile.Percentile(ratios, .5); math.Abs(l.Share.Value-want) > 2e-9 || l.Share.N != len(ratios) {
			t.Fatalf("share %v of %d, want %v of %d", l.Share.Value, l.Share.N, want, len(ratios))
		}
		if math.Abs(l.Compute-.5) > .51 || l.Bound <= 0 {
			t.Fatalf("%+v", l)
		}
		sum := l.Padding + l.Host + l.Device
		if g.Wall > g.Bound && device && math.Abs(sum-1) > 1e-9 {
			t.Fatalf("the gap splits into %v, %v, %v", l.Padding, l.Host, l.Device)
		}
		if !device && (!math.IsNaN(l.Host) || !math.IsNaN(l.Device)) {
			t.Fatalf("without device times: %v, %v", l.Host, l.Device)
		}
	})
}

// Nothing known is shown as nothing.
func TestNoBoundNoLimit(t *testing.T) {
	var g Group
	g.Add(&stats.Sample{WallNs: 5, BoundNs: stats.Absent})
	g.Add(&stats.Sample{WallNs: 5, BoundNs: 3, Warmup: true})
	if l := g.Describe(quantile.Spread{}); l.Known() || l.Words() != "" || l.Gap() != "" || l.By() != "" {
		t.Fatalf("%+v", l)
	}
}
