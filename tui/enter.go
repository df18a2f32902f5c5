package tui

import (
	tea "charm.land/bubbletea/v2"

	"slices"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats/kept"
	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// enter looks behind what is chosen, or does what stands there: the cure of the
// verdict, a row of a list, an event, a spot of the map.
func (m *model) enter() {
	d := &panels.Descs[m.focus]
	switch m.focus {
	case panels.SlotVerdict, panels.SlotAdvice, panels.SlotTail:
		m.cure()
	case timeline.SlotEvents, timeline.SlotAllEvents:
		m.enterEvent()
	case timeline.SlotHeat:
		m.enterSpot()
	default:
		row := -1
		if p, ok := m.panels[m.focus].(interface{ Row(int) int }); ok && d.Enter != nil {
			row = p.Row(m.sc.Sel[m.focus])
		}
		if row < 0 {
			m.say("info", "nothing to look behind here; tab goes to another panel")
			return
		}
		m.choose(d.Enter(&m.sc, row))
	}
}

// cure asks for what the verdict's line proposes.
func (m *model) cure() {
	c, ok := panels.CureOf(&m.sc)
	if !ok || c.Command.Action == "" {
		m.say("info", "nothing to apply now")
		return
	}
	m.ask(c.Command, c.Command.Arg+" asked for; a new segment begins")
}

func (m *model) enterEvent() {
	evs := m.sc.V.Events
	i := m.sc.Picked
	if i < 0 || i >= len(evs) {
		if i = len(evs) - 1; i < 0 {
			m.say("info", "no events yet")
			return
		}
	}
	m.find(panels.FindEvent(&m.sc, &evs[i]))
}

// enterSpot asks for the samples of the map's column under the cursor.
func (m *model) enterSpot() {
	at := m.instant()
	p, ok := m.panels[timeline.SlotHeat].(*timeline.HeatPanel)
	if !ok || p.Column() == 0 {
		return
	}
	m.find(panels.FindTime(&m.sc, at-p.Column(), at+1))
}

// choose does what enter means for a row.
func (m *model) choose(c panels.Choice) {
	switch {
	case c.Find != nil:
		m.find(*c.Find)
	case c.Command != nil && m.situation() == live:
		m.ask(*c.Command, c.Say)
	case c.Segment != nil:
		m.markSegment(*c.Segment)
	case c.Command != nil:
		m.say("info", "nothing can be applied here")
	}
}

// find asks the session for samples and opens the list of them.
func (m *model) find(q kept.Query) {
	if m.situation() == over {
		m.say("info", "the run is over; tailscope replay "+m.newest.Session.Dir+" shows its samples")
		return
	}
	m.send(view.Command{Action: view.ActFind, Find: q}, "")
	m.found, m.output, m.help = true, false, false
	m.sc.Sel[panels.SlotFound] = 0
	m.focus = panels.SlotFound
}

// markSegment chooses a segment for comparing; a third one replaces the first,
// one chosen twice is let go.
func (m *model) markSegment(seg int32) {
	if i := slices.Index(m.sc.Marked, seg); i >= 0 {
		m.sc.Marked = slices.Delete(m.sc.Marked, i, i+1)
		return
	}
	if m.sc.Marked = append(m.sc.Marked, seg); len(m.sc.Marked) > 2 {
		m.sc.Marked = m.sc.Marked[1:]
	}
}

// back closes what is open, the topmost first: help, samples, a filter, the
// past.
func (m *model) back() tea.Cmd {
	v := m.newest
	switch {
	case m.help:
		m.help = false
	case m.output:
		m.output = false
	case m.found:
		m.found = false
	case m.sc.Filter != "":
		m.sc.Filter = ""
	case v.Warming > 0 && m.situation() == live:
		m.ask(view.Command{Action: view.ActStopWarm}, "")
	case m.layoutState().start && v.Phase != view.PhaseFailed:
		m.confirm("stop what begins, and leave? ", m.quit)
	default:
		m.sc.Zoom = 0
		m.goLive()
	}
	return nil
}

// sort goes to the next column of the list that has the focus, and after the
// last back to the order in which it comes.
func (m *model) sort() {
	if !panels.Descs[m.focus].Sorts {
		m.say("info", "S sorts a list of shapes, causes or scenarios; tab goes there")
		return
	}
	if p, ok := m.panels[m.focus].(interface{ Columns() int }); ok {
		m.sc.Sort[m.focus] = (m.sc.Sort[m.focus] + 1) % (p.Columns() + 1)
	}
}
