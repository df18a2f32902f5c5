//go:build unix

package clock

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestIsTheKernelsClock: an instant lies between two that the kernel gives,
// so a worker's own readings can be compared with it to the nanosecond.
func TestIsTheKernelsClock(t *testing.T) {
	kernels := func() int64 {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
			t.Fatal(err)
		}
		return ts.Nano()
	}
	for range 100000 {
		before := kernels()
		now := Monotonic()
		if after := kernels(); now < before || now > after {
			t.Fatalf("%d is not between %d and %d", now, before, after)
		}
	}
}

func BenchmarkMonotonic(b *testing.B) {
	for b.Loop() {
		Monotonic()
	}
}
