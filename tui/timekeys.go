package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// timeKey handles the keys that look back: freeze, scrub, walk over events.
func (m *model) timeKey(k tea.KeyPressMsg) bool {
	switch {
	case key.Matches(k, m.keys.Freeze):
		if m.at >= 0 || m.sc.frozen {
			m.goLive()
		} else {
			m.sc.frozen = true
		}
	case key.Matches(k, m.keys.Now):
		m.goLive()
	case key.Matches(k, m.keys.Back):
		m.scrub(-1)
	case key.Matches(k, m.keys.Forth):
		m.scrub(1)
	case key.Matches(k, m.keys.NextEvent):
		m.toEvent(1)
	case key.Matches(k, m.keys.PrevEvent):
		m.toEvent(-1)
	default:
		return false
	}
	return true
}

// goLive returns to the newest view.
func (m *model) goLive() {
	m.at, m.sc.past, m.sc.frozen, m.sc.picked = -1, 0, false, -1
	m.sc.v = m.newest
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
	m.sc.picked = -1
	m.lookAt(max(i, 0))
}

// lookAt shows the kept view i.
func (m *model) lookAt(i int) {
	m.at = i
	m.sc.v = m.past.at(i, m.newest)
	m.sc.past = m.sc.v.NowNs
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
	rows := foldEvents(evs)
	if m.sc.screen == 6 {
		rows = eachEvent(evs)
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
		r := rowOf(rows, i)
		if step < 0 && r > 0 && rows[r].at > i { // its line is about a later neighbour
			r--
		}
		i = r
	default:
		i = rowOf(rows, i) + step
	}
	if i >= len(rows) {
		m.goLive()
		return
	}
	m.pick(rows[max(i, 0)].at)
}

// pick chooses event i of the newest view.
func (m *model) pick(i int) {
	e := m.newest.Events[i]
	m.lookAtTime(e.TNs)
	if m.newest.Replay == nil {
		if len(m.past.views) == 0 {
			return
		}
		m.sc.past = e.TNs
		// the view may be younger than the event: show the list up to it
	}
	m.sc.picked = findEvent(m.sc.v.Events, e.TNs, e.Kind)
	if m.sc.picked < 0 && m.newest.Replay == nil {
		c := *m.sc.v
		c.Events = m.newest.Events[:i+1]
		m.sc.v, m.sc.picked = &c, i
	}
}

// instant is the time the screen shows.
func (m *model) instant() int64 {
	if m.sc.past != 0 {
		return m.sc.past
	}
	return m.sc.v.NowNs
}

// pickedIn finds the chosen event in evs, −1 when there is none.
func (m *model) pickedIn(evs []stats.Event) int {
	i := m.sc.picked
	if i < 0 || i >= len(m.sc.v.Events) {
		return -1
	}
	return findEvent(evs, m.sc.v.Events[i].TNs, m.sc.v.Events[i].Kind)
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

// replayStep is how far the arrows go in a recorded session.
const replayStep = 5 * time.Second

// replayKey handles the keys that mean something else in a recorded session.
func (m *model) replayKey(k tea.KeyPressMsg) bool {
	r := m.newest.Replay
	seek := func(d time.Duration) {
		pos := max(0, min(time.Duration(r.PosNs)+d, time.Duration(r.LenNs)))
		m.send(view.Command{Action: view.ActReplaySeek, D: pos}, "")
	}
	rate := func(x float64) {
		s := max(0.125, min(r.Speed*x, 64))
		m.send(view.Command{Action: view.ActReplayRate, X: s}, "")
	}
	switch {
	case key.Matches(k, m.keys.Pause):
		m.send(view.Command{Action: view.ActReplayPlay}, "")
	case key.Matches(k, m.keys.Back):
		seek(-replayStep)
	case key.Matches(k, m.keys.Forth):
		seek(replayStep)
	case key.Matches(k, m.keys.Wider):
		rate(2)
	case key.Matches(k, m.keys.Narrower):
		rate(0.5)
	default:
		return m.deadInReplay(k)
	}
	return true
}

// deadInReplay swallows keys that would change a run that is long over.
func (m *model) deadInReplay(k tea.KeyPressMsg) bool {
	ks := &m.keys
	if !key.Matches(k, ks.Padded, ks.Bucketed, ks.Dynamic, ks.AA, ks.Scenario, ks.Pairing, ks.Stance, ks.Warm, ks.Clear, ks.Segment, ks.Profile, ks.Export) {
		return false
	}
	m.say("info", "this is a recorded session: nothing can be toggled")
	return true
}
