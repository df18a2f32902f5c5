package live

import (
	"math"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/quantile"
	"pgregory.net/rapid"
)

// Two fingers find the same median absolute deviation as sorting does.
func TestMedianDeviation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Int64Range(0, 1e12), 1, spikeWindow).Draw(t, "v")
		slices.Sort(v)
		m := quantile.Percentile(v, 0.5)
		dev := make([]float64, len(v))
		for i, x := range v {
			dev[i] = math.Abs(float64(x) - m)
		}
		if got, want := medianDeviation(v, m), quantile.Median(dev); math.Abs(got-want) > 1e-9*math.Max(want, 1) {
			t.Fatalf("%v, sorting gives %v", got, want)
		}
	})
}

// The network sorts: by the zero-one principle if it sorts every sequence of zeros
// and ones, here those that rapid draws, and any others.
func TestSortWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int64{1, 5, math.MaxInt64}).Draw(t, "most")
		v := [spikeWindow]int64(rapid.SliceOfN(rapid.Int64Range(0, most), spikeWindow, spikeWindow).Draw(t, "v"))
		want := v
		slices.Sort(want[:])
		if sortWindow(&v); v != want {
			t.Fatalf("%v, want %v", v, want)
		}
	})
}

// Halves that wait long find each other through the large table; those whose
// place was taken are counted.
func TestPairsWaitAndAreLost(t *testing.T) {
	for _, c := range []struct{ ahead, pairs, lost int }{
		{1, 1, 0}, {frontPairs, frontPairs, 0}, {2000, 2000, 0}, {openPairs, openPairs, 0},
		{2 * openPairs, 0, 2 * openPairs}, // each newcomer takes a place that waits
	} {
		col := New(Options{})
		m := statstest.NewMixture(48)
		for lane := range stats.Lane(stats.NumLanes) { // sequential: all of one lane, then all of the other
			for i := range c.ahead {
				col.Add(m.Add("a", 1e6, func(s *stats.Sample) { s.Lane, s.Request = lane, uint64(i) }))
			}
		}
		live := col.Live(stats.Prefill, m.T)
		if live.Pair.N != c.pairs || live.LostPairs < c.lost {
			t.Errorf("%d requests ahead: %d pairs, %d halves lost; want %d, at least %d", c.ahead, live.Pair.N, live.LostPairs, c.pairs, c.lost)
		}
	}
}

// What Add left for later is in every view, whenever it is asked for.
func TestBacklogIsNeverSeen(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(49)
	for i := range 3 * maxBacklog {
		c.Add(m.Add("a", 1e6, nil))
		if live := c.Live(stats.Prefill, m.T); live.Lanes[stats.Optimized].Session.N != i+1 || live.Shapes[0].N != i+1 || live.Lanes[stats.Optimized].Window.N != i+1 {
			t.Fatalf("after %d samples: session %d, shape %d, window %d", i+1, live.Lanes[stats.Optimized].Session.N, live.Shapes[0].N, live.Lanes[stats.Optimized].Window.N)
		}
	}
}

// An instant beyond int64 is no instant: the timeline leaves it out.
func TestTimelineOfImpossibleInstants(t *testing.T) {
	c := New(Options{})
	for i, start := range []int64{math.MaxInt64 - 5, -3, 1e9, math.MaxInt64} {
		s := stats.Sample{Seq: uint64(i), Request: uint64(i), StartNs: start, WallNs: 1000, DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent}
		c.Add(&s)
	}
	if live := c.Live(stats.Prefill, 2e9); live.Lanes[stats.Eager].Session.N != 4 || len(live.Timeline) == 0 {
		t.Errorf("session %d, %d bins", live.Lanes[stats.Eager].Session.N, len(live.Timeline))
	}
}
