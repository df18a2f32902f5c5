package heat

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/stats"
)

func sample(t, wall int64, l stats.Lane, f stats.Flag) *stats.Sample {
	return &stats.Sample{StartNs: t - wall, WallNs: wall, Lane: l, Flags: f}
}

func total(c *Column) (n uint32) {
	if c == nil {
		return 0
	}
	for _, cells := range c.Lanes {
		for _, x := range cells {
			n += x.N
		}
	}
	return n
}

// Whatever comes in whatever order: each level has every sample once, in the
// column of its instant unless it came more than 3 s late, and what a view
// held stays as it was.
func TestEveryLevelHasEverySample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Map
		now := rapid.Int64Range(0, 1e13).Draw(t, "start")
		first, n := now-10e9, uint32(0)
		var views []View
		var prints []string
		ontime := map[[2]int64]bool{}
		for range rapid.IntRange(1, 100).Draw(t, "samples") {
			now += rapid.SampledFrom([]int64{0, 1e6, 5e7, 3e8, 2e9, 1e10}).Draw(t, "step")
			at := max(now-rapid.SampledFrom([]int64{0, 0, 0, 2e8, 2e9, 9e9}).Draw(t, "late"), 0)
			m.Add(sample(at, rapid.Int64Range(1, 1e10).Draw(t, "wall"), stats.Lane(rapid.IntRange(0, 1).Draw(t, "lane")), 0))
			n++
			if now-at < 3e9 {
				for i, bin := 0, BinNs; i < NumLevels; i, bin = i+1, bin*Fold {
					ontime[[2]int64{int64(i), at / bin}] = true
				}
			}
			if n%40 == 0 {
				v := m.View()
				views, prints = append(views, v), append(prints, fingerprint(&v))
			}
		}
		v := m.View()
		for i := range v.Levels {
			l := &v.Levels[i]
			sum := uint32(0)
			for no := l.First; no < l.End(); no++ {
				c, _ := l.At(no)
				sum += total(c)
			}
			if l.First <= first/l.BinNs && sum != n {
				t.Fatalf("level %d has %d of %d samples", i, sum, n)
			}
		}
		for k := range ontime {
			if c, _ := v.Levels[k[0]].At(k[1]); total(c) == 0 && k[1] >= v.Levels[k[0]].First {
				t.Fatalf("level %d has nothing in column %d", k[0], k[1])
			}
		}
		for i := range views {
			if fingerprint(&views[i]) != prints[i] {
				t.Fatal("a view changed after it was made")
			}
		}
	})
}

func fingerprint(v *View) (s string) {
	for i := range v.Levels {
		l := &v.Levels[i]
		s += fmt.Sprint(i, l.First, len(l.Closed), len(l.Open))
		for no := l.First; no < l.End(); no++ {
			if c, _ := l.At(no); c != nil {
				s += fmt.Sprint(*c)
			}
		}
	}
	return s
}

func TestMemoryIsBoundedAndTheOldestStays(t *testing.T) {
	var m Map
	const hours = 10
	for t := int64(0); t < hours*3600*1e9; t += 5e7 {
		m.Add(sample(t+1e6, 1e6, stats.Eager, 0))
	}
	v := m.View()
	for i := range v.Levels {
		if n := len(v.Levels[i].Closed); n > 2*kept {
			t.Errorf("level %d keeps %d columns", i, n)
		}
	}
	if l := &v.Levels[5]; l.First != 0 {
		t.Errorf("the start of the session is gone from the columns of %d s", l.BinNs/1e9)
	}
}

func TestClasses(t *testing.T) {
	for want, s := range map[Class]stats.Sample{
		Clean: {}, Compile: {Flags: stats.FlagRecompile | stats.FlagShapeNew}, First: {Flags: stats.FlagShapeNew}, Capture: {Flags: stats.FlagCapture},
		Fallback: {Flags: stats.FlagFallback}, Host: {Cause: stats.CauseHost}, Unexplained: {Cause: stats.CauseUnexplained},
	} {
		if got := ClassOf(&s); got != want {
			t.Errorf("class %d, want %d", got, want)
		}
	}
	for _, ns := range []float64{1, 1e3, 1234567, 1e9, 1e14} {
		if r := RowOf(ns); r > 0 && r < NumRows-1 && (RowNs(r) > ns*1.0001 || RowNs(r+1) < ns*.9999) {
			t.Errorf("%v ns is in row %d of %v to %v", ns, r, RowNs(r), RowNs(r+1))
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	var m Map
	s := make([]*stats.Sample, 1024)
	for i := range s {
		s[i] = sample(0, int64(1e6+i*1000), stats.Lane(i%2), 0)
	}
	b.ReportAllocs()
	for i := range b.N {
		x := s[i%len(s)]
		x.StartNs = int64(i) * 1e5
		m.Add(x)
	}
}

func TestRowOfIsTheLogarithm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.Float64Range(1, 1e14).Draw(t, "ns")
		r := RowOf(ns)
		if r > 0 && edges[r] > ns || r < NumRows-1 && edges[r+1] <= ns {
			t.Fatalf("%v is in row %d, of %v to %v", ns, r, edges[r], edges[r+1])
		}
	})
}

// A mark is what somebody set, or what happened: that a provider was refused
// before the first request is neither, and takes no row below the map.
func TestARefusedProviderIsNoMark(t *testing.T) {
	var m Map
	m.AddEvent(&stats.Event{TNs: 1e9, Kind: stats.KindMark, Reason: "cuda is not used", Extra: map[string]any{"refused": "cuda"}})
	m.AddEvent(&stats.Event{TNs: 1e9, Kind: stats.KindMark, Reason: "the fan starts"})
	v := m.View()
	n := uint32(0)
	for b := v.Levels[0].First; b < v.Levels[0].End(); b++ {
		if c, _ := v.Levels[0].At(b); c != nil {
			for _, x := range c.Ticks {
				n += x.N
			}
		}
	}
	if n != 1 {
		t.Errorf("%d marks", n)
	}
}

// A power that could not be read is no 0 W, and a clock that could not be read takes
// no power along; at every width of a column.
func TestAReadingThatIsNotThereIsNotZero(t *testing.T) {
	var m Map
	nan := math.NaN()
	for _, r := range [][2]float64{{1000, 300}, {1200, nan}, {nan, 500}} {
		m.AddGPU(1e9, r[0], r[1])
	}
	for i, l := range m.View().Levels {
		var all Readings
		for b := l.First; b < l.End(); b++ {
			if c, _ := l.At(b); c != nil && (c.GPU.ClockMHz.N > 0 || c.GPU.PowerWatts.N > 0) {
				all = c.GPU
			}
		}
		if want := (Readings{Reading{1100, 2}, Reading{400, 2}}); all != want {
			t.Errorf("level %d: %+v", i, all)
		}
	}
}
