package panels

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/kept"
	"github.com/tailscope/tailscope/tui/draw"
)

// Choice is what enter does to a row: look at samples, ask the session for
// something, or mark a segment for comparing.
type Choice struct {
	Find    *kept.Query
	Command *view.Command
	Say     string
	Segment *int32
}

// find is a query of the mode that is shown.
func find(sc *Scene, title string) kept.Query { return kept.Query{Title: title, Mode: sc.V.Stats.Mode} }

// FindShape asks for the samples of a shape.
func FindShape(sc *Scene, shape string) kept.Query {
	q := find(sc, "shape "+shape)
	q.Shape = shape
	return q
}

// FindEvent asks for what an event is about: its request, or the samples
// around it.
func FindEvent(sc *Scene, e *stats.Event) kept.Query {
	q := find(sc, draw.KindName(e.Kind)+" at "+draw.ClockMs(sc.Since(e.TNs)))
	if e.Request != nil {
		r := *e.Request
		q.Request = &r
		return q
	}
	const around = int64(50e6)
	q.From, q.To = e.TNs-around, e.TNs+max(e.DurNs, 0)+around
	return q
}

// FindTime asks for the samples between two instants.
func FindTime(sc *Scene, from, to int64) kept.Query {
	q := find(sc, fmt.Sprintf("%s to %s", draw.ClockMs(sc.Since(from)), draw.ClockMs(sc.Since(to))))
	q.From, q.To = from, to
	return q
}

func findCause(sc *Scene, lane stats.Lane, c stats.Cause) kept.Query {
	q := find(sc, "tail of the "+sc.LaneName(lane)+" lane")
	q.Lane = &lane
	if c != stats.CauseNone {
		q.Title = causeName(c) + " in the " + q.Title
		q.Cause = c
	} else {
		q.MinNs = int64(sc.Lane(lane).TailNs)
	}
	return q
}

func findScenario(sc *Scene, name string) kept.Query {
	q := find(sc, "scenario "+name)
	q.Scenario = name
	return q
}
