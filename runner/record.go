package runner

import (
	"cmp"
	"fmt"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/stats/kept"
	"github.com/tailscope/tailscope/stats/live"
)

// recorder takes what is known for certain to everything that keeps it: the
// journal, the statistics, the screen's list of events.
type recorder struct {
	sink   Sink
	coll   *live.Collector
	heat   heat.Modes // for the screen, as events and kept
	kept   kept.Kept
	events view.Recent
	gen    int32  // worker generation of what is recorded now
	seg    int32  // segment
	seq    uint64 // samples so far
	fail   func(error)
}

// newCollector makes the statistics of a configuration.
func newCollector(cfg *configs.Config, noise map[string]stats.Noise) *live.Collector {
	c := live.New(live.Options{SLONs: int64(cfg.SLO.D()), Share: stats.SessionShare})
	c.SetBucketEdges(cfg.BucketEdges)
	c.SetWindow(int64(defaultWindow))
	for name, n := range noise {
		if mode, err := stats.ParseMode(name); err == nil {
			c.SetNoise(mode, n)
		}
	}
	return c
}

// event records an event of the session itself.
func (r *recorder) event(e stats.Event) {
	e.TNs = cmp.Or(e.TNs, clock.Monotonic())
	e.Generation, e.Segment, e.Reason = r.gen, r.seg, clip(e.Reason, maxReason)
	r.emit(e)
}

// emit sends an event to the journal, the statistics and the screen.
func (r *recorder) emit(e stats.Event) {
	r.keep(r.sink.Event(&e))
	r.coll.AddEvent(&e)
	r.heat.AddEvent(&e)
	r.events.Add(e)
}

// sample numbers a sample and hands it on, with the events that follow from it.
func (r *recorder) sample(smp *stats.Sample, at *live.Place, steps []int64, kv []int) {
	smp.Seq = r.seq
	r.seq++
	derived := r.coll.AddAt(smp, at)
	r.heat.Add(smp)
	r.kept.Add(smp)
	if len(steps) > 0 && smp.Counts() {
		r.coll.AddSteps(smp, steps)
	}
	r.keep(r.sink.Sample(smp, steps, narrow(kv)))
	for _, e := range derived {
		e.Generation, e.Segment = smp.Generation, smp.Segment
		r.emit(e)
	}
}

// keep ends the session when the disk refuses: what was measured before stays.
func (r *recorder) keep(err error) {
	if err != nil {
		r.fail(fmt.Errorf("write the session: %w", err))
	}
}

func narrow(v []int) []int32 {
	if len(v) == 0 {
		return nil
	}
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(x)
	}
	return out
}
