package tui

import (
	tea "charm.land/bubbletea/v2"
)

// click focuses the panel under a cell; on the list of views it changes view,
// on the timeline it goes to that instant, on an event to the event.
func (m *model) click(x, y int) {
	pl, ok := m.lay.at(x, y)
	if !ok {
		return
	}
	if descs[pl.slot].focus {
		m.focus = pl.slot
	}
	dx, dy := x-pl.r.Min.X, y-pl.r.Min.Y
	switch p := m.panels[pl.slot].(type) {
	case *headerPanel:
		for i, t := range p.tabs {
			if dy == 2 && dx >= t[0] && dx < t[1] {
				m.sc.screen, m.help = i+1, false
			}
		}
	case *timelinePanel:
		if t := p.timeAt(dx); t > 0 {
			m.lookAtTime(t)
		}
	case *eventsPanel:
		top := 1 // the title line
		if i := dy - top; i >= 0 && i < len(p.shown) && dy < pl.r.Dy() {
			e := m.sc.v.Events[p.shown[i]]
			if j := findEvent(m.newest.Events, e.TNs, e.Kind); j >= 0 {
				m.pick(j)
			}
		}
	}
}

func (m *model) wheel(msg tea.MouseWheelMsg) {
	pl, ok := m.lay.at(msg.X, msg.Y)
	if !ok {
		return
	}
	switch msg.Button {
	case tea.MouseWheelUp:
		m.scroll(pl.slot, -3)
	case tea.MouseWheelDown:
		m.scroll(pl.slot, 3)
	}
}

// scrollTarget is what the arrow keys scroll.
func (m *model) scrollTarget() slot {
	if m.help {
		return slotHelp
	}
	return m.focus
}

// scroll moves a panel's list; lists of events count from the newest.
func (m *model) scroll(s slot, by int) {
	if s == slotEvents || s == slotAllEvents {
		by = -by
	}
	limit := 1000
	switch s {
	case slotEvents, slotAllEvents:
		p := m.panels[s].(*eventsPanel)
		limit = max(0, len(p.rows())-len(p.shown))
	case slotHelp:
		limit = 60
	}
	m.sc.scroll[s] = max(0, min(m.sc.scroll[s]+by, limit))
}

// moveFocus goes to the next panel that takes it.
func (m *model) moveFocus(step int) {
	var order []slot
	at := -1
	for _, p := range m.lay.places {
		if descs[p.slot].focus {
			if p.slot == m.focus {
				at = len(order)
			}
			order = append(order, p.slot)
		}
	}
	if len(order) > 0 {
		m.focus = order[((at+step)%len(order)+len(order))%len(order)]
	}
}
