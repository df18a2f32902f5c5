package live

import (
	"github.com/tailscope/tailscope/stats"
)

// pendingEvents remembers which requests had events, because an event comes
// before the batch with its sample. A table of fixed size: an entry lives
// until another request needs its place.
type pendingEvents struct {
	rows   []pendingEvent
	newest uint64 // highest request that had one
}

type pendingEvent struct {
	request uint64
	lane    stats.Lane
	flags   stats.Flag
	reason  string
}

const pendingRows = 1 << 11

func pendingSlot(request uint64, l stats.Lane) uint64 {
	return (request<<1 | uint64(l)) & (pendingRows - 1)
}

func (p *pendingEvents) add(e *stats.Event) {
	f := stats.FlagOf(e.Kind)
	if e.Request == nil || f == 0 {
		return
	}
	if p.rows == nil {
		p.rows = make([]pendingEvent, pendingRows)
	}
	p.newest = max(p.newest, *e.Request)
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		if e.Lane != "" && e.Lane != l.String() {
			continue
		}
		row := &p.rows[pendingSlot(*e.Request, l)]
		if row.request != *e.Request || row.lane != l || row.flags == 0 {
			*row = pendingEvent{request: *e.Request, lane: l}
		}
		row.flags |= f
		if row.reason == "" {
			row.reason = e.Reason
		}
	}
}

// of returns the events that named this sample's request and lane; nil: none did.
func (p *pendingEvents) of(s *stats.Sample) *pendingEvent {
	if p.rows == nil || s.Request > p.newest {
		return nil
	}
	if row := &p.rows[pendingSlot(s.Request, s.Lane)]; row.request == s.Request && row.lane == s.Lane {
		return row
	}
	return nil
}
