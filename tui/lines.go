package tui

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// lineInterval is the time between two lines on a terminal that cannot move
// its cursor.
const lineInterval = 2 * time.Second

// runLines is the screen of a dumb terminal: a line of figures every two
// seconds and each event as a sentence. There are no keys; an interrupt ends it.
func runLines(ctx context.Context, views <-chan view.View, o Options) error {
	var last time.Time
	seen := map[eventID]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case v, ok := <-views:
			if !ok {
				return nil
			}
			if err := printEvents(o.Out, &v, seen); err != nil {
				return err
			}
			if time.Since(last) < lineInterval && v.Phase != view.PhaseDone {
				continue
			}
			last = time.Now()
			if _, err := fmt.Fprintln(o.Out, figures(&v)); err != nil {
				return err
			}
		}
	}
}

// eventID tells events of a list apart: one that came late stands among those
// that are printed already.
type eventID struct {
	tNs          int64
	kind         stats.Kind
	lane, reason string
}

// printEvents prints the events that came since the last view.
func printEvents(w io.Writer, v *view.View, seen map[eventID]bool) error {
	was := maps.Clone(seen)
	clear(seen)
	for i := range v.Events {
		e := &v.Events[i]
		id := eventID{e.TNs, e.Kind, e.Lane, e.Reason}
		if seen[id] = true; was[id] {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s %s %s %s\n", draw.ClockMs(e.TNs-v.StartNs), draw.KindName(e.Kind), e.Lane, draw.Clean(e.Reason)); err != nil {
			return err
		}
	}
	return nil
}

func figures(v *view.View) string {
	s := fmt.Sprintf("%s %s", draw.Clock(max(0, v.NowNs-v.StartNs)), v.Phase)
	for l := range v.Stats.Lanes {
		m := &v.Stats.Lanes[l].Segment
		if m.N == 0 {
			continue
		}
		s += fmt.Sprintf(" | %s n %d p50 %s p99 %s", stats.Lane(l), m.N, draw.Dur(m.P50.Value), draw.Dur(m.P99.Value))
		if m.P99.Need > 0 {
			s += fmt.Sprintf(" (needs %d more)", m.P99.Need)
		}
	}
	if v.Stats.Verdict.Sentence != "" {
		s += " | " + draw.Clean(v.Stats.Verdict.Sentence)
	}
	return s
}
