package live

import (
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/advisor"
	"github.com/tailscope/tailscope/stats/internal/intern"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// Options says what a Collector cannot see in samples. The zero value
// is usable.
type Options struct {
	WindowNs     int64   // sliding window; 0: 10 s
	BinNs        int64   // width of a timeline bin; 0: 100 ms
	Bins         int     // timeline bins kept; 0: 1,200
	RingCap      int     // samples a window may hold; 0: 131,072
	MaxScenarios int     // scenarios told apart; 0: 32. Further ones share the row "more"
	MaxShapes    int     // shapes told apart a mode; 0: 256. Further ones share the row "more"
	MaxSegments  int     // rows kept of the segments table; 0: 64
	SLONs        int64   // service level; 0: none
	Share        float64 // floor of verdicts without an A/A run: see stats.SessionShare; 0: none
}

func (o Options) withDefaults() Options {
	set := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	if o.WindowNs <= 0 {
		o.WindowNs = 10e9
	}
	if o.BinNs <= 0 {
		o.BinNs = 100e6
	}
	set(&o.Bins, 1200)
	set(&o.RingCap, 1<<17)
	set(&o.MaxScenarios, 32)
	set(&o.MaxShapes, 256)
	set(&o.MaxSegments, 64)
	return o
}

// Collector takes in samples while a session runs and describes them up to 30
// times a second. Its memory does not grow with the number of samples. One
// goroutine owns it.
type Collector struct {
	o        Options
	modes    [stats.NumModes]*modeState
	strings  *intern.Interner // strategies and shapes
	segment  int32
	segments []segInfo
	pending  pendingEvents
	marks    timelineMarks
	facts    stats.Facts
	edges    []int
	out      []stats.Event // events of the sample in hand
}

// segInfo is the outside of a segment.
type segInfo struct {
	id         int32
	label      string
	start, end int64
	aa         bool // the optimized lane is a second eager session
}

// modeState is everything known about one mode.
type modeState struct {
	mode             stats.Mode
	lanes            [stats.NumLanes]laneState
	scen             []*scenState
	settled          []int32 // by scenario and lane: 1 + worker generation whose run has shown whether it began cold
	cells            map[cellKey]*cell
	scenIDs          *intern.Interner
	shapes           shapeTable
	win              *window
	backlog          *backlog
	slo              int64 // Options.SLONs
	epoch            int32 // segments that ended
	line             timeline
	pairs            pairTable
	rows             []segRow
	gauges           []gaugeState
	closedN          int               // segments that ended, and samples that came for another than the current one
	model            advisor.CostModel // when modelN lengths had come
	modelN           int
	detected         []stats.Detection // when detectedN samples had come
	detectedN        int
	detectedDiverged int
	lengths          lengthTable
	askedEdges       []int          // of lengths.plans
	noise            stats.Noise    // from the last A/A segment
	share            float64        // Options.Share
	rank             paired.Running // of the current segment's pairs
	ratio            paired.Series  // log of optimized ÷ eager, of the same
	boot             *paired.BootstrapResult
	advised          advised // in the current segment, as of the last view
	before           advised // in the segment before
}

// laneState is one lane of one mode. Samples are recorded once, in the group of
// their scenario and segment; what is wider is merged from those when a view
// asks for it.
type laneState struct {
	n, nextThreshold   int
	usual              int64         // the largest latency below the threshold of the tail, as last computed
	causes             causeLedger   // of the current segment
	session, segment   group         // merged, as of the last view
	walls              quantile.Hist // merged, as of the last walls
	itl, itlSegment    *quantile.MomentDist
	closed             causeHists // of all earlier ones
	anyClosed          bool
	worst              [stats.NumCauses]worstSample
	runs, judged, cold int               // runs begun, settled, cold starts
	failed             int               // requests of the current segment
	series             paired.LaneSeries // of the current segment
	spread             quantile.Spread   // of the same, as of the last view
	before             spreadOf          // of the segment before with most samples
	settledMedian      float64           // of the lane, as last computed; 0: not yet
	odd                oddSamples        // of the session
}

// scenState is one scenario of one mode.
type scenState struct {
	run              [stats.NumLanes]runStart
	name             string
	segment, closed  [stats.NumLanes]group // of the current segment, of all earlier ones
	session          [stats.NumLanes]group // merged, as of the last view
	waits            []uint16              // indices of its pairs in the backlog
	pairSeg, pairOld pairStats             // of the current segment, of all earlier ones
	recent           [stats.NumLanes]lastMinute
}

// New returns an empty Collector in segment 0.
func New(o Options) *Collector {
	o = o.withDefaults()
	return &Collector{o: o, strings: intern.New(), segments: []segInfo{{}}}
}

func (c *Collector) mode(m stats.Mode) *modeState {
	if c.modes[m] == nil {
		c.modes[m] = &modeState{mode: m, scenIDs: intern.New(), cells: map[cellKey]*cell{}, win: newWindow(c.o.WindowNs, c.o.RingCap), backlog: new(backlog), slo: c.o.SLONs,
			share: c.o.Share, line: newTimeline(c.o.BinNs, c.o.Bins), shapes: shapeTable{cap: c.o.MaxShapes},
			pairs: newPairTable()}
	}
	return c.modes[m]
}

func (m *modeState) scenario(name string, limit int) (*scenState, int32) {
	id := m.scenIDs.ID(name)
	if int(id) >= limit {
		id = int32(limit)
		name = intern.More
	}
	for int(id) >= len(m.scen) {
		m.scen = append(m.scen, nil)
		m.settled = append(m.settled, make([]int32, stats.NumLanes)...)
	}
	if m.scen[id] == nil {
		m.scen[id] = &scenState{name: name}
	}
	return m.scen[id], id
}

// AddEvent takes in an event of the engine or of the session. One that names a
// request flags that request's sample, so it must come first, as the protocol
// promises.
func (c *Collector) AddEvent(e *stats.Event) {
	c.pending.add(e)
	c.marks.add(e)
}

// AddSteps takes in the time of each decode step of a sample that was added.
// Those of a sample that came late count in its own segment's row, while that
// takes samples, and in the session.
func (c *Collector) AddSteps(s *stats.Sample, stepsNs []int64) {
	if int(s.Mode) >= stats.NumModes || int(s.Lane) >= stats.NumLanes {
		return
	}
	m := c.mode(s.Mode)
	l := &m.lanes[s.Lane]
	segment := &l.itlSegment
	if s.Segment != c.segment {
		segment = nil
		if g := m.rowOf(s); g != nil {
			segment = &g.itl
		}
	}
	for _, ns := range stepsNs {
		recordInto(&l.itl, ns)
		if segment != nil {
			recordInto(segment, ns)
		}
	}
}

// SetWindow changes the length of the sliding window; 0 means the whole
// segment. A longer window fills from now on.
func (c *Collector) SetWindow(ns int64) {
	c.o.WindowNs = max(ns, 0)
	for _, m := range c.modes {
		if m != nil && ns > 0 {
			m.win.ns = ns
		}
	}
}

// NewSegment ends the current segment and starts another at tNs; aa says that
// its optimized lane is a second, independent eager session. Samples that still
// carry the old number go to the old row.
func (c *Collector) NewSegment(segment int32, label string, aa bool, tNs int64) {
	next := segInfo{id: segment, label: label, start: tNs, aa: aa}
	if segment == c.segment && c.total() == [stats.NumLanes]int{} { // names the first segment
		c.segments[0] = next
		return
	}
	c.current().end = tNs
	for _, m := range c.modes {
		if m != nil {
			m.closeSegment(*c.current(), c.o.MaxSegments)
		}
	}
	c.segment = segment
	c.segments = append(c.segments, next)
	if len(c.segments) > c.o.MaxSegments {
		c.segments = slices.Delete(c.segments, 0, len(c.segments)-c.o.MaxSegments)
	}
}

// current is the segment that goes on.
func (c *Collector) current() *segInfo { return &c.segments[len(c.segments)-1] }

// AA reports whether the current segment's optimized lane is a second eager
// session.
func (c *Collector) AA() bool { return c.current().aa }

// total is the number of samples that count, of all modes.
func (c *Collector) total() (out [stats.NumLanes]int) {
	for _, m := range c.modes {
		for l := range out {
			if m != nil {
				out[l] += m.lanes[l].n
			}
		}
	}
	return out
}

// SetFacts gives the verdicts what samples cannot tell. Whether the lanes are
// A/A is the segment's matter: NewSegment says it, AA and Noise of f are not
// looked at.
func (c *Collector) SetFacts(f stats.Facts) { c.facts = f }

// SetNoise gives a mode's verdicts the noise floor of an A/A run; what is 0 in
// n stays as it was.
func (c *Collector) SetNoise(mode stats.Mode, n stats.Noise) {
	if int(mode) < stats.NumModes {
		c.mode(mode).noise.Take(n)
	}
}
