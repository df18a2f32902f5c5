package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/tui/panels"
	"github.com/tailscope/tailscope/tui/timeline"
)

// click focuses the panel under a cell; on the list of views it changes view,
// on the timeline it goes to that instant, on an event to the event.
func (m *model) click(x, y int) tea.Cmd {
	pl, ok := m.lay.at(x, y)
	if !ok {
		return nil
	}
	if panels.Descs[pl.slot].Focus {
		m.focus = pl.slot
	}
	dx, dy := x-pl.r.Min.X, y-pl.r.Min.Y
	switch p := m.panels[pl.slot].(type) {
	case *panels.HeaderPanel:
		for i, t := range p.Tabs {
			if dy == pl.r.Dy()-1 && dx >= t[0] && dx < t[1] {
				m.sc.Screen, m.help = i+1, false
			}
		}
	case *panels.FooterPanel:
		return m.pressed(p.At(dx))
	case *timeline.HeatPanel:
		if t := p.TimeAt(dx); t > 0 {
			m.lookAtTime(t)
		}
	case *timeline.EventsPanel:
		if i := dy - 1; i >= 0 && i < len(p.Shown) && dy < pl.r.Dy() {
			e := m.sc.V.Events[p.Shown[i]]
			if j := findEvent(m.newest.Events, e.TNs, e.Kind); j >= 0 {
				m.pick(j)
			}
		}
	}
	return nil
}

// pressed does what a key of the bottom line does.
func (m *model) pressed(shown string) tea.Cmd {
	i := slices.IndexFunc(m.table, func(r keyRow) bool { return m.sc.Keys(r.shown) == shown && r.in&m.situation() != 0 })
	if i < 0 {
		return nil
	}
	return m.table[i].do(m)
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
func (m *model) scrollTarget() panels.Slot {
	if m.help {
		return panels.SlotHelp
	}
	if m.output {
		return panels.SlotOutput
	}
	return m.focus
}

// scroll moves a panel's list; lists of events count from the newest.
func (m *model) scroll(s panels.Slot, by int) {
	limit := m.panels[s].Limit()
	if panels.Descs[s].Rows != nil {
		m.sc.Sel[s] = max(0, min(min(m.sc.Sel[s], limit)+by, limit))
		return
	}
	if s == timeline.SlotEvents || s == timeline.SlotAllEvents || s == panels.SlotOutput {
		by = -by
	}
	if s == panels.SlotHelp {
		by = max(-1, min(by, 1)) // a page
	}
	m.sc.Scroll[s] = max(0, min(min(m.sc.Scroll[s], limit)+by, limit))
}

// moveFocus goes to the next panel that takes it.
func (m *model) moveFocus(step int) {
	if order := m.focusable(); len(order) > 0 {
		at := slices.Index(order, m.focus) + step + len(order)
		m.focus = order[at%len(order)]
	}
}
