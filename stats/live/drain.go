package live

import (
	"github.com/tailscope/tailscope/stats"
)

// maxBacklog is how many samples Add may leave to drain: 8 KiB of the window.
const maxBacklog = 256

// drain takes what Add only stored in the window into the groups of scenarios
// and shapes and into the timeline. Each runs in a loop of its own, so that
// one sample's cache misses overlap with the next one's; all readers of those
// drain first.
func (m *modeState) drain() {
	w := m.win
	if w.drained == w.n {
		return
	}
	a, b := w.head+w.drained, w.head+w.n // as one stretch, or cut at the end of the ring
	if size := len(w.buf); a >= size {
		m.take(a-size, b-size)
	} else {
		m.take(a, min(b, size))
		m.take(0, b-size)
	}
	w.drained = w.n
	for l := range m.lanes {
		if m.lanes[l].series.Due() {
			m.aimLane(stats.Lane(l))
		}
	}
}

// take drains the window's samples from … to−1, which lie in one piece.
func (m *modeState) take(from, to int) {
	if from >= to {
		return
	}
	part := m.win.buf[from:to]
	dev := m.win.dev // beside part, or nil
	if dev != nil {
		dev = dev[from:to]
	}
	for i := range part {
		e := &part[i]
		if e.flags&lateFlag != 0 {
			continue
		}
		g := &m.scen[e.scen()].segment[e.lane()]
		g.addCommon(e)
		if i < len(dev) && dev[i] > stats.Absent {
			g.addDevice(e.wall, dev[i])
		}
	}
	for i := range part {
		if e := &part[i]; e.flags&lateFlag == 0 {
			m.lanes[e.lane()].series.Add(e.wall)
		}
	}
	for i := range part {
		m.shapes.byID(part[i].shape).add(&part[i])
	}
	for i := range part {
		m.line.add(&part[i])
	}
}
