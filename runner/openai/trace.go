package openai

import (
	"time"

	"github.com/tailscope/tailscope/runner/clock"
	"github.com/tailscope/tailscope/runner/torchtrace"
	"github.com/tailscope/tailscope/stats"
)

// trace follows TORCH_TRACE of the first server: its compiles join the
// timeline of the requests. What was there before is passed over.
func (e *engine) trace(dir string) {
	d := torchtrace.Folder{Dir: dir}
	defer d.Close()
	began, skew := clock.Monotonic(), clock.Monotonic()-time.Now().UnixNano()
	take := func(name string, r torchtrace.Record) {
		from := r.UnixNs + skew
		if from+r.DurNs < began || r.What == "hit" || r.What == "miss" {
			return
		}
		e.attach(0, "compile", torchtrace.Event(name, r, skew), from, from+max(r.DurNs, 1))
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := d.Poll(take); err != nil {
			e.say(0, stats.KindError, "the trace cannot be read: "+err.Error())
			return
		}
		select {
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
	}
}
