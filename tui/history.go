package tui

import (
	"slices"
	"sort"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/tui/panels"
)

// history keeps views of the past for scrubbing: one a second and one right
// after each burst of events. When it is full the older half is thinned, so
// that it reaches back to the start of the session in bounded memory.
type history struct {
	views  []*view.View
	events int // NumEvents of the newest kept view
}

const (
	historyMax  = 240
	historyStep = int64(1e9)
	burstStep   = int64(2e8) // the least distance of a view kept for its events
)

// Add keeps v when it is due. What every view repeats (the timeline, the list
// of events) is not kept: scrubbing takes it from the newest view.
func (h *history) Add(v *view.View) {
	if n := len(h.views); n > 0 {
		d := v.NowNs - h.views[n-1].NowNs
		if d < burstStep || d < historyStep && v.NumEvents == h.events {
			return
		}
	}
	c := *v
	c.Stats.Timeline, c.Events, c.Notices = nil, nil, nil
	if len(c.Stats.Shapes) > panels.HistoryShapes {
		c.Stats.Shapes = slices.Clone(c.Stats.Shapes[:panels.HistoryShapes])
	}
	h.views, h.events = append(h.views, &c), v.NumEvents
	if len(h.views) > historyMax {
		h.thin()
	}
}

func (h *history) thin() {
	half := len(h.views) / 2
	kept := make([]*view.View, 0, historyMax)
	for i, v := range h.views {
		if i >= half || i%2 == 0 {
			kept = append(kept, v)
		}
	}
	h.views = kept
}

// index returns the first view at or after t, the last when there is none.
func (h *history) index(t int64) int {
	i := sort.Search(len(h.views), func(i int) bool { return h.views[i].NowNs >= t })
	return min(i, len(h.views)-1)
}

// at rebuilds the past view i as it looked then, with the timeline of now.
func (h *history) at(i int, newest *view.View) *view.View {
	c := *h.views[i]
	c.Stats.Timeline, c.Stats.BinNs = newest.Stats.Timeline, newest.Stats.BinNs
	n := sort.Search(len(newest.Events), func(j int) bool { return newest.Events[j].TNs > c.NowNs })
	c.Events = newest.Events[:n]
	return &c
}
