package live

import (
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// A half whose other never comes costs no later pair the short way; one that
// waits is found by its other half all the same.
func TestALostHalfCostsNoOtherPair(t *testing.T) {
	half := func(request uint64, lane stats.Lane) *waiting {
		return &waiting{request: request, winSample: winSample{place: uint16(lane)}}
	}
	p := newPairTable()
	for i := range uint64(2) {
		if p.other(half(5+i*frontPairs, stats.Eager), 0) != nil {
			t.Fatal("a pair of one")
		}
	}
	if p.spilled != 1 {
		t.Fatalf("%d halves spilled", p.spilled)
	}
	for request, want := range map[uint64]bool{7: true, 5 + 2*frontPairs: true, 5: false, 5 + frontPairs: false} {
		if got := p.beside(half(request, stats.Eager), half(request, stats.Optimized)); got != want {
			t.Errorf("request %d goes the short way: %v, want %v", request, got, want)
		}
	}
	if h := p.other(half(5, stats.Optimized), 0); h == nil || h.request != 5 {
		t.Error("the half that waits is not found")
	}
}

// The test of a segment's pairs is of its own, also where it has as many as the
// segment before.
func TestASegmentHasATestOfItsOwn(t *testing.T) {
	c := New(Options{})
	request := uint64(0)
	fill := func(segment int32, gain func(i int) int64) float64 {
		for i := range 20 {
			request++
			for lane, wall := range [stats.NumLanes]int64{1e6, 1e6 - gain(i)} {
				s := stats.Sample{Request: request, Segment: segment, Lane: stats.Lane(lane), Shape: "1x8", Scenario: "s", StartNs: int64(request) * 1e7, WallNs: wall,
					DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent}
				c.Add(&s)
			}
		}
		return c.Live(stats.Prefill, int64(request)*1e7).Pair.P
	}
	if p := fill(0, func(i int) int64 { return int64(1e5 + i) }); p > .001 {
		t.Errorf("always faster: p %v", p)
	}
	c.NewSegment(1, "b", false, int64(request)*1e7+5e6)
	if p := fill(1, func(i int) int64 { return int64(i%2*2-1) * int64(1e5+i) }); p < .1 {
		t.Errorf("as often slower: p %v", p)
	}
}
