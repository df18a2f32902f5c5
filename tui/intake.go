package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"tailscope/runner/view"
)

type (
	viewMsg        struct{ v *view.View } // a new view of the session
	streamEndedMsg struct{}               // the session sends no more
	tickMsg        time.Time              // once a second: ages and notices
)

// waitView delivers one view; Update returns it again for the next, so that at
// most one is in flight. It waits out the rest of the frame's time first and
// then takes the newest there is: the session replaces what was not taken.
func waitView(ch <-chan view.View, notBefore time.Time, done <-chan struct{}) tea.Cmd {
	return func() tea.Msg {
		if d := time.Until(notBefore); d > 0 {
			time.Sleep(min(d, time.Second))
		}
		select {
		case v, ok := <-ch:
			if !ok {
				return streamEndedMsg{}
			}
			return viewMsg{&v}
		case <-done:
			return nil
		}
	}
}

func tick() tea.Cmd {
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// outbox passes commands on to the session without ever making the screen
// wait. Order is kept; when the session does not take them, new ones are
// refused.
type outbox chan view.Command

func (o outbox) send(c view.Command) bool {
	select {
	case o <- c:
		return true
	default:
		return false
	}
}

// forward moves commands from the outbox to the session until the outbox is
// closed and empty, or done.
func (o outbox) forward(to chan<- view.Command, done <-chan struct{}) {
	for c := range o {
		select {
		case to <- c:
		case <-done:
			return
		}
	}
}
