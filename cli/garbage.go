package cli

import (
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/tailscope/tailscope/runner/guard"
)

// What may gather as garbage while a session runs, in percent of what lives: a
// half, so that memory stays within its budget, but leastGarbage at least. A
// young session's heap is below 10 MB, of which views and frames made a half
// several times a second: a tenth of all that the screen cost.
const (
	sessionGC    = 50
	leastGarbage = 24 << 20 // bytes
	mostGC       = 400
	garbageEvery = 2 * time.Second
)

// garbagePercent is the part for a heap of which so many bytes live.
func garbagePercent(live uint64) int {
	return int(min(max(sessionGC, leastGarbage*100/max(live, 1)), mostGC))
}

// letGarbageLie collects that seldom until restore is called.
func letGarbageLie() (restore func()) {
	set := mostGC
	was := debug.SetGCPercent(set)
	stop, stopped := make(chan struct{}), make(chan struct{})
	guard.Go("the pace of collections", func() {
		defer close(stopped)
		t := time.NewTicker(garbageEvery)
		defer t.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			select {
			case <-stop:
				return
			case <-t.C:
			}
			metrics.Read(live)
			if p := garbagePercent(live[0].Value.Uint64()); p*5 < set*4 || p*4 > set*5 { // to set it stops all that runs
				set = p
				debug.SetGCPercent(set)
			}
		}
	})
	return func() {
		close(stop)
		<-stopped
		debug.SetGCPercent(was)
	}
}
