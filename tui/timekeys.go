package tui

import (
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/timeline"
)

// freeze holds the picture, or lets it go on.
func (m *model) freeze() {
	if m.at >= 0 || m.sc.Frozen {
		m.goLive()
	} else {
		m.sc.Frozen = true
	}
}

// goLive returns to the newest view.
func (m *model) goLive() {
	m.at, m.sc.Past, m.sc.Frozen, m.sc.Picked = -1, 0, false, -1
	m.sc.V = m.newest
	m.hasten() // it is as old as nobody needed another
}

// scrub steps through the kept views; past the newest it is live again.
func (m *model) scrub(step int) {
	n := len(m.past.views)
	if n == 0 {
		return
	}
	i := m.at + step
	if m.at < 0 {
		if step > 0 {
			return
		}
		i = n - 1
		if n > 1 && m.past.views[i].NowNs == m.newest.NowNs {
			i--
		}
	}
	if i >= n {
		m.goLive()
		return
	}
	m.sc.Picked = -1
	m.lookAt(max(i, 0))
}

// lookAt shows the kept view i.
func (m *model) lookAt(i int) {
	m.at = i
	m.sc.V = m.past.at(i, m.newest)
	m.sc.Past = m.sc.V.NowNs
}

// lookAtTime shows the kept view at or after an instant.
func (m *model) lookAtTime(t int64) {
	if m.newest.Replay != nil {
		m.send(view.Command{Action: view.ActReplaySeek, D: time.Duration(t - m.newest.StartNs)}, "")
		return
	}
	if len(m.past.views) > 0 && t > 0 {
		m.lookAt(m.past.index(t))
	}
}

// toEvent chooses the next or previous event of the list on the screen and
// shows everything right after it, with the cursor at the event itself.
func (m *model) toEvent(step int) {
	evs := m.newest.Events
	if len(evs) == 0 {
		m.say("info", "no events yet")
		return
	}
	rows := timeline.EventRows(evs, m.sc.Screen == 6, m.sc.Filter)
	if len(rows) == 0 {
		m.say("info", "no event has the words "+m.sc.Filter)
		return
	}
	i := m.pickedIn(evs)
	switch {
	case i < 0 && step > 0 && m.at < 0 && m.newest.Replay == nil:
		m.say("info", "this is the newest; N goes to the event before")
		return
	case i < 0:
		if i = nearestEvent(evs, m.instant(), step); i >= len(evs) {
			m.goLive()
			return
		}
		r := timeline.RowOf(rows, i)
		if step < 0 && r > 0 && rows[r].At > i { // its line is about a later neighbour
			r--
		}
		i = r
	default:
		i = timeline.RowOf(rows, i) + step
	}
	if i >= len(rows) {
		m.goLive()
		return
	}
	m.pick(rows[max(i, 0)].At)
}

// pick chooses event i of the newest view.
func (m *model) pick(i int) {
	e := m.newest.Events[i]
	m.halt()
	m.lookAtTime(e.TNs)
	if m.newest.Replay == nil {
		if len(m.past.views) == 0 {
			return
		}
		m.sc.Past = e.TNs
		// the view may be younger than the event: show the list up to it
	}
	m.sc.Picked = findEvent(m.sc.V.Events, e.TNs, e.Kind)
	if m.sc.Picked < 0 && m.newest.Replay == nil {
		c := *m.sc.V
		c.Events = m.newest.Events[:i+1]
		m.sc.V, m.sc.Picked = &c, i
	}
}

// instant is the time the screen shows.
func (m *model) instant() int64 {
	if m.sc.Past != 0 {
		return m.sc.Past
	}
	return m.sc.V.NowNs
}

// pickedIn finds the chosen event in evs, −1 when there is none.
func (m *model) pickedIn(evs []stats.Event) int {
	i := m.sc.Picked
	if i < 0 || i >= len(m.sc.V.Events) {
		return -1
	}
	return findEvent(evs, m.sc.V.Events[i].TNs, m.sc.V.Events[i].Kind)
}

func findEvent(evs []stats.Event, tNs int64, k stats.Kind) int {
	for i := len(evs) - 1; i >= 0; i-- {
		if evs[i].TNs == tNs && evs[i].Kind == k {
			return i
		}
	}
	return -1
}

// nearestEvent is the last event before t, or the first after it.
func nearestEvent(evs []stats.Event, t int64, step int) int {
	if step < 0 {
		for i := len(evs) - 1; i >= 0; i-- {
			if evs[i].TNs <= t {
				return i
			}
		}
		return 0
	}
	for i := range evs {
		if evs[i].TNs > t {
			return i
		}
	}
	return len(evs)
}

// How far the arrows go in a recorded session, and with shift.
const (
	replayStep = 5 * time.Second
	replayLeap = time.Minute
)

// seek moves the position in a recording.
func (m *model) seek(d time.Duration) {
	r := m.newest.Replay
	m.send(view.Command{Action: view.ActReplaySeek, D: max(0, min(time.Duration(r.PosNs)+d, time.Duration(r.LenNs)))}, "")
}

// speed multiplies the speed of a recording.
func (m *model) speed(x float64) {
	m.send(view.Command{Action: view.ActReplayRate, X: max(0.125, min(m.newest.Replay.Speed*x, 64))}, "")
}

// toStart and toEnd show the ends of the session.
func (m *model) toStart() { m.lookAtTime(m.newest.StartNs + 1) }

func (m *model) toEnd() {
	if r := m.newest.Replay; r != nil {
		m.lookAtTime(m.newest.StartNs + r.LenNs)
		return
	}
	m.goLive()
}

// halt stops a recording that plays, so that what was found stays in sight.
func (m *model) halt() {
	if r := m.newest.Replay; r != nil && r.Playing {
		m.send(view.Command{Action: view.ActReplayPlay}, "")
	}
}

// toSegment shows the start of the segment before or after the instant shown.
func (m *model) toSegment(step int) {
	rows := m.newest.Stats.Segments
	at := m.instant()
	for k := range rows {
		i := k
		if step < 0 {
			i = len(rows) - 1 - k
		}
		const near = int64(1e9) // from its start one goes to the one before
		if t := rows[i].StartNs; step > 0 && t > at || step < 0 && t < at-near {
			m.halt()
			m.lookAtTime(t + near/2)
			return
		}
	}
	if step > 0 && m.newest.Replay == nil {
		m.goLive()
		return
	}
	m.say("info", "no segment further")
}
