package ort

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/runner/ort/native"
)

// What a lane waits for its partner, and then for a processor, lies before the
// region: it must not stand in the noise of the sample.
func TestWaitingForThePartnerIsNoNoise(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var gate sync.Mutex
	r := region{gate: &gate}
	l := &lane{probe: native.NewNoiseProbe()}
	defer l.probe.Close()
	if l.probe.Read().RunDelay < 0 {
		demand.Lacks(t, demand.Linux, "this kernel does not tell run-queue delay")
	}
	var stop atomic.Bool
	defer stop.Store(true)
	for range 2 * runtime.NumCPU() {
		go func() {
			runtime.LockOSThread()
			for !stop.Load() {
			}
		}()
	}
	var outside, inside int64
	for range 100 {
		mine, partner := newMeeting()
		l.meet = mine
		go func() {
			time.Sleep(500 * time.Microsecond)
			partner.arrive()
		}()
		whole := l.probe.Read()
		before := r.begin(l)
		inside += max(l.probe.Stop(before).RunDelay, 0)
		r.leave()
		outside += l.probe.Read().Since(whole).RunDelay
	}
	t.Logf("run-queue delay: %d ns in all, %d of them in the regions", outside, inside)
	if outside <= 0 || inside > outside/2 {
		t.Errorf("regions that do nothing were delayed by %d of %d ns", inside, outside)
	}
}
