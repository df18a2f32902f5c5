package runner

import (
	"time"

	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/live"
	"github.com/tailscope/tailscope/stats/paired"
)

// Time between two bootstraps of the pairs. One takes about 100 ms of a core
// beside the session's goroutine, so it is rare, sooner in a new segment, and
// done only while someone looks.
const (
	bandsEvery = 20 * time.Second
	bandsSoon  = 5 * time.Second
)

// bootstraps resamples pairs beside the session, one at a time.
type bootstraps struct {
	done    chan bands
	running bool
	lastNs  int64 // when the last one began
	seg     int32 // of which segment; -1: none yet
}

func newBootstraps() bootstraps { return bootstraps{done: make(chan bands, 16), seg: -1} }

// bands is a finished bootstrap.
type bands struct {
	mode   stats.Mode
	result paired.BootstrapResult
	noise  *stats.Noise // of an A/A segment, in place of a result
}

// start resamples the pairs of a segment when the last time is long enough
// ago; sinceNs is when timing began.
func (b *bootstraps) start(coll *live.Collector, mode stats.Mode, seg int32, now, sinceNs int64) {
	wait := bandsEvery
	if b.seg != seg {
		wait = bandsSoon
	}
	if b.running || now-max(b.lastNs, sinceNs) < int64(wait) {
		return
	}
	pairs, first, segment := coll.PairSample(mode)
	if len(pairs) == 0 {
		return
	}
	b.running, b.lastNs, b.seg = true, now, seg
	guard.Go("a bootstrap", func() {
		r := paired.Bootstrap(pairs, paired.BootstrapOptions{Seed: uint64(now)})
		r.Segment, r.Second = segment, paired.OrderOf(pairs, first).Effect()
		b.done <- bands{mode: mode, result: r}
	})
}

// take hands a finished bootstrap to the statistics, which drop it when its
// segment is over.
func (b *bootstraps) take(coll *live.Collector, x bands) {
	if x.noise != nil {
		coll.SetNoise(x.mode, *x.noise)
		return
	}
	b.running = false
	coll.SetBootstrap(x.mode, x.result)
}

// noise measures the noise floor of an A/A segment that ends. Until it is
// known the statistics use what the segment's intervals say.
func (b *bootstraps) noise(coll *live.Collector, now int64) {
	if !coll.AA() {
		return
	}
	for mode := range stats.Mode(stats.NumModes) {
		pairs, _, _ := coll.PairSample(mode)
		if len(pairs) == 0 {
			continue
		}
		guard.Go("a noise floor", func() {
			n := paired.NoiseFloor(pairs, uint64(now))
			b.done <- bands{mode: mode, noise: &n}
		})
	}
}
