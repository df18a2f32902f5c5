package tui

import (
	"math"
	"time"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// scene is what the panels draw: one view and how the user wants to see it.
// The root model owns it; panels only read.
type scene struct {
	v         *view.View
	st        *styles
	waiting   bool          // the start screen is shown
	statusRow bool          // there is a row for the status line
	compact   bool          // frames are title lines only
	low       bool          // rows are dear
	hide      bool          // tagged samples are left out
	linear    bool          // axes of values and counts are linear
	window    time.Duration // sliding window; 0: the segment
	past      int64         // instant shown when scrubbing, 0: the newest
	picked    int           // index of the chosen event in v.Events, −1: none
	stale     time.Duration // age of the newest view when that is too old
	frozen    bool
	ended     bool // no more views will come
	flash     notice
	screen    int       // 1–6
	screens   []string  // their names
	hints     []keyHint // the keys that apply
	scroll    map[slot]int
}

// notice is a sentence of the screen itself.
type notice struct {
	level string
	text  string
	until time.Time
	at    int64 // NowNs when it was said: what the session says later goes first
}

func (sc *scene) lane(l stats.Lane) *stats.LaneView { return &sc.v.Stats.Lanes[l] }

// laneName is the lane's name as the user sees it; in an A/A run both are
// eager sessions.
func (sc *scene) laneName(l stats.Lane) string {
	if sc.v.Session.AA {
		return [...]string{"eager A", "eager B"}[l]
	}
	return l.String()
}

// main is the summary the quantile table leads with, and what to call it.
func (sc *scene) main(l stats.Lane) (*stats.Summary, string) {
	lv := sc.lane(l)
	if sc.hide {
		return &lv.Hidden, "without tagged"
	}
	if sc.window > 0 {
		return &lv.Window, stretch(sc)
	}
	return &lv.Segment, stretch(sc)
}

// stretch names the time that figures are of. The window is that of the view:
// one of the past keeps its own.
func stretch(sc *scene) string {
	switch w := sc.v.Session.Window; {
	case sc.window <= 0:
		return "this segment"
	case w > 0:
		return "last " + span(w)
	}
	return "last " + span(sc.window)
}

// hist is the histogram that belongs to main.
func (sc *scene) hist(l stats.Lane) *stats.Histogram {
	if sc.window > 0 && !sc.hide {
		return &sc.lane(l).HistWin
	}
	return &sc.lane(l).Hist
}

// since turns an instant into time since the start of the session.
func (sc *scene) since(tNs int64) int64 { return tNs - sc.v.StartNs }

// started reports whether there is anything to show yet.
func (sc *scene) started() bool {
	if sc.v == nil {
		return false
	}
	for l := range sc.v.Stats.Lanes {
		if sc.v.Stats.Lanes[l].Session.N > 0 {
			return true
		}
	}
	return false
}

// maxOf is the largest finite value of xs, NaN when there is none.
func maxOf(xs ...float64) float64 {
	m := math.NaN()
	for _, x := range xs {
		if finite(x) && !(m >= x) {
			m = x
		}
	}
	return m
}

// minOf is the smallest finite value of xs, NaN when there is none.
func minOf(xs ...float64) float64 {
	m := math.NaN()
	for _, x := range xs {
		if finite(x) && !(m <= x) {
			m = x
		}
	}
	return m
}
