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

// intake is where views come from.
type intake struct {
	views <-chan view.View
	want  chan<- struct{} // the next one is asked for; nil: they come unasked
	soon  chan struct{}   // of capacity 1: the time between two is not waited out
	done  <-chan struct{} // closed when the program ends
}

// wait delivers one view; Update returns it again for the next, so that at
// most one is in flight. It waits out the rest of the frame's time first, then
// asks for a view and takes the newest there is: the session replaces what was
// not taken.
func (in *intake) wait(notBefore time.Time) tea.Cmd {
	return func() tea.Msg {
		if d := time.Until(notBefore); d > 0 && !pass(min(d, stillPace), in.soon, in.done) {
			return nil
		}
		poke(in.want)
		select {
		case v, ok := <-in.views:
			if !ok {
				return streamEndedMsg{}
			}
			return viewMsg{&v}
		case <-in.done:
			return nil
		}
	}
}

// poke leaves a sign in a channel of capacity 1.
func poke(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// tick is tea.Tick that ends with the program: Bubble Tea waits out its own.
func tick(done <-chan struct{}) tea.Cmd {
	return func() tea.Msg {
		if !pass(time.Second, nil, done) {
			return nil
		}
		return tickMsg(time.Now())
	}
}

// pass lets d pass, or what is left when soon says so, and reports true; false
// as soon as done is closed.
func pass(d time.Duration, soon, done <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-soon:
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
