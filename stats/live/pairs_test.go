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
