package gpu

import (
	"fmt"
	"strings"
)

// ChangeKind names a transition that can slow samples down.
type ChangeKind string

// The transitions a Watcher finds.
const (
	ThrottleStart  ChangeKind = "throttle_start"
	ThrottleEnd    ChangeKind = "throttle_end"
	ClockDropStart ChangeKind = "clock_drop_start"
	ClockDropEnd   ChangeKind = "clock_drop_end"
)

// Change is one transition, with a sentence.
type Change struct {
	Kind   ChangeKind
	TNs    int64 // of the reading that showed it
	Reason string
}

// A busy GPU whose SM clock is below dropShare of the highest clock it has
// shown while busy has dropped its clock; it has recovered above backShare.
const (
	dropShare = 0.85
	backShare = 0.95
	busyPct   = 20 // below this utilisation a low clock is rest, not a drop
)

// Watcher turns readings into transitions. The zero value is ready.
type Watcher struct {
	throttled, dropped bool
	best               float64 // highest SM clock seen while busy, MHz
}

// See takes one reading and returns what changed, usually nothing.
func (w *Watcher) See(s State) (out []Change) {
	if s.Why != "" {
		return nil
	}
	if s.ThrottleErr == "" {
		on := len(s.Throttle) > 0
		switch {
		case on && !w.throttled:
			out = append(out, Change{ThrottleStart, s.TNs, "the GPU slows its clock down: " + strings.Join(s.Throttle, ", ")})
		case !on && w.throttled:
			out = append(out, Change{ThrottleEnd, s.TNs, "the GPU no longer slows its clock down"})
		}
		w.throttled = on
	}
	return append(out, w.clock(s)...)
}

func (w *Watcher) clock(s State) []Change {
	busy := s.UtilPct.OK() && s.UtilPct.Value >= busyPct
	if !s.SMClockMHz.OK() || !busy {
		return nil
	}
	mhz := s.SMClockMHz.Value
	w.best = max(w.best, mhz)
	switch {
	case !w.dropped && mhz < dropShare*w.best:
		w.dropped = true
		return []Change{{ClockDropStart, s.TNs, fmt.Sprintf("SM clock %.0f MHz, %.0f %% below the %.0f MHz it ran at", mhz, (1-mhz/w.best)*100, w.best)}}
	case w.dropped && mhz > backShare*w.best:
		w.dropped = false
		return []Change{{ClockDropEnd, s.TNs, fmt.Sprintf("SM clock back at %.0f MHz", mhz)}}
	}
	return nil
}
