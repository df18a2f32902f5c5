package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/sys"
)

// wakeEvery is how often a suspended screen asks itself to go on.
const wakeEvery = 250 * time.Millisecond

// suspend gives the terminal back and stops the program until the shell
// resumes it. Where no shell can (the program leads its terminal's session, as
// in a window or a container of its own), the system does not stop it, and the
// screen would wait for ever to be resumed: so the program resumes itself. A
// program that is stopped runs nothing, hence not this either.
func (m *model) suspend() tea.Cmd {
	if m.suspended != nil {
		return nil
	}
	resumed := make(chan struct{})
	m.suspended, m.left = resumed, m.now()
	guard.Go("the wake-up after a stop", func() {
		for {
			select {
			case <-resumed:
				return
			case <-m.in.done:
				return
			case <-time.After(wakeEvery):
				sys.Resume()
			}
		}
	})
	return tea.Suspend
}

// resumed takes the screen up again.
func (m *model) resumed() {
	if m.suspended == nil {
		return
	}
	close(m.suspended)
	m.suspended = nil
	if m.term != nil {
		m.term.Enter("")
	}
	if m.now().Sub(m.left) < 2*wakeEvery {
		m.say("info", "no shell to go to: the program was not started from one")
	}
}
