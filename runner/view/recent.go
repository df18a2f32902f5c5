package view

import (
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// Recent keeps events for the screen, in the order of their instants. It is
// bounded: what a busy machine makes by the hundred (spikes, first runs of a
// shape) is forgotten first, so that one can walk back to the compiles of a
// long session. The journal has them all. The zero value is empty.
type Recent struct {
	list []stats.Event
	num  int
	copy []stats.Event // of list, handed out; nil: list has changed since
}

const (
	recentKept  = 500
	recentSpare = 100 // forgotten at a time
)

// Add takes one event; those that come late are put in their place: a cold start
// is known when the samples after it are.
func (r *Recent) Add(e stats.Event) {
	r.num++
	r.copy = nil
	i := len(r.list)
	for i > 0 && r.list[i-1].TNs > e.TNs {
		i--
	}
	r.list = slices.Insert(r.list, i, e)
	if len(r.list) > recentKept+recentSpare {
		r.forget(len(r.list) - recentKept)
	}
}

// forget drops n events: the oldest of the frequent kinds, but no more than
// half of those kept may be of other kinds, then the oldest.
func (r *Recent) forget(n int) {
	rare := 0
	for i := range r.list {
		if !r.list[i].Kind.Frequent() {
			rare++
		}
	}
	rare -= recentKept / 2 // these may go
	r.list = slices.DeleteFunc(r.list, func(e stats.Event) bool {
		gone := n > 0 && (e.Kind.Frequent() || rare > 0)
		if gone {
			n--
			if !e.Kind.Frequent() {
				rare--
			}
		}
		return gone
	})
}

// List is a copy of what is kept, oldest first; nobody may change it. Until an
// event is added it is the same copy.
func (r *Recent) List() []stats.Event {
	if r.copy == nil {
		r.copy = slices.Clone(r.list)
	}
	return r.copy
}

// Num is how many events were added.
func (r *Recent) Num() int { return r.num }
