package panels

import (
	"math"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// Scene is what the panels draw: one view and how the user wants to see it.
// The root model owns it; panels only read.
type Scene struct {
	V         *view.View
	St        *draw.Styles
	Waiting   bool          // the start screen is shown
	StatusRow bool          // there is a row for the status line
	Compact   bool          // frames are title lines only
	ASCII     bool          // no characters beyond ASCII
	Low       bool          // rows are dear
	Hide      bool          // tagged samples are left out
	Linear    bool          // axes of values and counts are linear
	Window    time.Duration // sliding window; 0: the segment
	Whole     bool          // figures are of the whole session
	Past      int64         // instant shown when scrubbing, 0: the newest
	Picked    int           // index of the chosen event in v.Events, −1: none
	Stale     time.Duration // age of the newest view when that is too old
	Frozen    bool
	Ended     bool // no more views will come
	Flash     Notice
	Zoom      int       // steps that the map of latencies is away from its own choice; wider > 0
	Screen    int       // 1–6
	Screens   []string  // their names
	Hints     []KeyHint // the keys that apply
	Scroll    map[Slot]int
	Sel       map[Slot]int // chosen row of a list
	Sort      map[Slot]int // column that a list is sorted by, from 1 on; 0: as it comes
	Marked    []int32      // segments chosen for comparing, two at most
	Filter    string       // of events
	Output    []string     // lines that the program printed, while they are shown
	Prompt    Prompt
}

// Notice is a sentence of the screen itself.
type Notice struct {
	Level string
	Text  string
	Until time.Time
	At    int64 // NowNs when it was said: what the session says later goes first
}

func (sc *Scene) Lane(l stats.Lane) *stats.LaneView { return &sc.V.Stats.Lanes[l] }

// LaneName is the lane's name as the user sees it; in an A/A run both are
// eager sessions.
func (sc *Scene) LaneName(l stats.Lane) string {
	if sc.V.Session.AA {
		return [...]string{"eager A", "eager B"}[l]
	}
	return l.String()
}

// Main is the summary the quantile table leads with, and what to call it.
func (sc *Scene) Main(l stats.Lane) (*stats.Summary, string) {
	lv := sc.Lane(l)
	switch {
	case sc.Hide:
		return &lv.Hidden, hiddenScope
	case sc.Whole:
		return &lv.Session, sc.Scope()
	case sc.Window > 0:
		return &lv.Window, sc.Scope()
	}
	return &lv.Segment, sc.Scope()
}

// hiddenScope is what there are figures of without tagged samples.
const hiddenScope = "this segment, without tagged"

// Scope names the time that figures are of. The window is that of the view: one
// of the past keeps its own, and one without has the segment's figures.
func (sc *Scene) Scope() string {
	switch {
	case sc.Whole:
		return "whole session"
	case sc.windowed():
		return "last " + draw.Span(sc.V.Session.Window)
	}
	return "this segment"
}

// windowed: a window is asked for, and the view has one.
func (sc *Scene) windowed() bool { return sc.Window > 0 && !sc.Whole && sc.V.Session.Window > 0 }

// ledger is what a lane's tail is made of.
type ledger struct {
	causes  []stats.CauseRow
	tail, n int            // samples in the tail, and of all
	sum     *stats.Summary // of the samples
	of      string         // the stretch of time
}

// ledger is of the scope: there is none of a window, so that has the segment's.
// Hiding tagged samples hides their causes.
func (sc *Scene) ledger(l stats.Lane) ledger {
	lv := sc.Lane(l)
	g := ledger{lv.SegmentCauses, lv.SegmentTailN, lv.Segment.N, &lv.Segment, "this segment"}
	if sc.Whole {
		g = ledger{lv.Causes, lv.TailN, lv.Session.N, &lv.Session, "whole session"}
	} else if sc.Hide {
		g.sum = &lv.Hidden
	}
	if !sc.Hide {
		return g
	}
	all := g.causes
	g.causes, g.of = nil, g.of+", without tagged"
	for _, c := range all {
		switch c.Cause {
		case stats.CauseCompile, stats.CauseCapture, stats.CauseFallback, stats.CauseShapeNew, stats.CauseGPU:
			g.tail -= c.N
		default:
			g.causes = append(g.causes, c)
		}
	}
	return g
}

// hist is the histogram that belongs to main; of the whole session it is that
// of the map.
func (sc *Scene) hist(l stats.Lane) *stats.Histogram {
	switch {
	case sc.Whole && !sc.Hide:
		if h := sc.V.Heat.Histogram(l); len(h.Counts) > 0 {
			return &h
		}
	case sc.Window > 0 && !sc.Hide:
		return &sc.Lane(l).HistWin
	}
	return &sc.Lane(l).Hist
}

// Keys is a text about keys. Without arrows they are called by their names: < and
// v are keys of their own.
func (sc *Scene) Keys(text string) string {
	if sc.ASCII {
		return arrows.Replace(text)
	}
	return text
}

var arrows = strings.NewReplacer("←", "left", "→", "right", "↑", "up", "↓", "down")

// Since turns an instant into time since the start of the session.
func (sc *Scene) Since(tNs int64) int64 { return tNs - sc.V.StartNs }

// Started reports whether there is anything to show yet.
func (sc *Scene) Started() bool {
	if sc.V == nil {
		return false
	}
	for l := range sc.V.Stats.Lanes {
		if sc.V.Stats.Lanes[l].Session.N > 0 {
			return true
		}
	}
	return false
}

var Nan = math.NaN()
