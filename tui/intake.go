package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/tailscope/tailscope/runner/view"
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
		if d := time.Until(notBefore); d > 0 && !pass(min(d, time.Second), done) {
			return nil
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

// tick is tea.Tick that ends with the program: Bubble Tea waits out its own.
func tick(done <-chan struct{}) tea.Cmd {
	return func() tea.Msg {
		if !pass(time.Second, done) {
			return nil
		}
		return tickMsg(time.Now())
	}
}

// pass lets d pass and reports true, or false as soon as done is closed.
func pass(d time.Duration, done <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
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
