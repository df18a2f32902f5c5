package cli

import (
	"runtime/debug"
	"testing"
)

func TestGarbageIsBounded(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 8 << 20: 300, 24 << 20: 100, 40 << 20: 60, 100 << 20: 50, 4 << 30: 50} {
		if got := garbagePercent(live); got != want {
			t.Errorf("%d MiB: %d %%, want %d", live>>20, got, want)
		}
	}
	was := debug.SetGCPercent(123)
	defer debug.SetGCPercent(was)
	letGarbageLie()()
	if got := debug.SetGCPercent(123); got != 123 {
		t.Errorf("%d %% after the session", got)
	}
}
