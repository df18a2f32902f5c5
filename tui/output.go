package tui

import (
	"slices"

	"github.com/tailscope/tailscope/tui/panels"
)

// prints reports whether there is a program whose output can be shown.
func (m *model) prints() bool { return m.o.Output != nil }

// showOutput opens or closes what the program printed.
func (m *model) showOutput() {
	if !m.prints() {
		m.say("info", "only a program under tailscope exec has an output of its own to show")
		return
	}
	m.output, m.help, m.sc.Scroll[panels.SlotOutput] = !m.output, false, 0
	m.sc.Output = nil
	m.readOutput()
}

// readOutput takes in what came since, while it is shown.
func (m *model) readOutput() {
	if !m.output {
		return
	}
	if lines := m.o.Output(); !slices.Equal(lines, m.sc.Output) || m.sc.Output == nil {
		m.sc.Output = lines
		m.rev += 2 // whoever calls may find nothing else new
	}
}
