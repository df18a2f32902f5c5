package stats

import "testing"

// A difference that is told apart is never +0.000 ms: of a model of 3 µs "the eager lane is faster
// (mean +0.000 ms [+0.000, +0.000])" said nothing.
func TestSmallDifferencesHaveDigits(t *testing.T) {
	for ns, want := range map[float64]string{
		0: "+0.000 ms", 42: "+0.0000420 ms", -312.4: "-0.000312 ms", 9999: "+0.01000 ms", 10_000: "+0.010 ms",
		-1_234_567: "-1.23 ms", .5: "+0.000000500 ms", 1e-9: "+0.000 ms",
	} {
		if got := SignedMs(ns); got != want {
			t.Errorf("SignedMs(%v) = %q, want %q", ns, got, want)
		}
	}
}
