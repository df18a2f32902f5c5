package timeline

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/tui/draw"
)

// tickLane is a row of ticks: a name and the kinds of events that share it.
type tickLane struct {
	name  string
	kinds []stats.Kind
}

// tickLanes are the rows below the map, the more telling first.
var tickLanes = []tickLane{
	toggles,
	{"compile", []stats.Kind{stats.KindCompile}},
	{"recompile", []stats.Kind{stats.KindRecompile}},
	{"worker", []stats.Kind{stats.KindWorkerExit, stats.KindWorkerRestart, stats.KindError}},
	{"differs", []stats.Kind{stats.KindDivergence}},
	{"fallback", []stats.Kind{stats.KindFallback, stats.KindLimitReached}},
	{"throttle", []stats.Kind{stats.KindThrottle, stats.KindClockDrop}},
	{"capture", []stats.Kind{stats.KindGraphCapture, stats.KindEvict}},
	{"mark", []stats.Kind{stats.KindMark}},
	{"new shape", []stats.Kind{stats.KindShapeNew}},
}

// Where there are fewer rows than kinds, a toggle is the rule in the map, and
// what is compiled stands in one row.
var (
	toggles  = tickLane{"toggle", []stats.Kind{stats.KindToggle}}
	compiles = tickLane{"compile", []stats.Kind{stats.KindCompile, stats.KindRecompile}}
)

// in counts the lane's events in a column.
func (t *tickLane) in(c *heatCol) (n uint32) {
	for _, x := range c.Ticks {
		if slices.Contains(t.kinds, x.Kind) {
			n += x.N
		}
	}
	return n
}

// tickKinds are the lanes that have something to show, room at most.
func tickKinds(all []*heatCol, room int) []*tickLane {
	lanes := tickLanes
	seen := seenLanes(all, lanes)
	if len(seen) > room {
		lanes = append([]tickLane{compiles}, slices.DeleteFunc(slices.Clone(tickLanes), func(t tickLane) bool {
			return t.name == toggles.name || t.kinds[0] == stats.KindCompile || t.kinds[0] == stats.KindRecompile
		})...)
		seen = seenLanes(all, lanes)
	}
	return seen[:min(len(seen), max(room, 0))]
}

func seenLanes(all []*heatCol, lanes []tickLane) (out []*tickLane) {
	for i := range lanes {
		if slices.ContainsFunc(all, func(c *heatCol) bool { return lanes[i].in(c) > 0 }) {
			out = append(out, &lanes[i])
		}
	}
	return out
}

// ticks is the row of a kind: what is rare stands as its mark, what is
// frequent as bars, as high as it is often.
func (p *HeatPanel) ticks(all []*heatCol, t *tickLane) string {
	st := p.Sc.St
	glyph, k := st.KindLook(t.kinds[0])
	top := uint32(0)
	for _, c := range all {
		top = max(top, t.in(c))
	}
	var s draw.Strip
	for _, c := range all {
		n := t.in(c)
		switch {
		case n == 0:
			s.Add(draw.Ink{}, " ")
		case top <= 2 || t.kinds[0] == stats.KindToggle:
			s.Add(k, glyph)
		default:
			s.Add(k, draw.Eighths[1+int(7*math.Log1p(float64(n-1))/math.Log1p(float64(top-1)))])
		}
	}
	return p.label(t.name, k) + s.String()
}

func (p *HeatPanel) label(name string, k draw.Ink) string {
	return k.On(draw.Right(name, heatLabel-2)) + "  "
}

// gpuRow is a reading on the axis of the map.
type gpuRow struct {
	name, unit string
	of         func(heat.Readings) heat.Reading
}

var gpuLanes = []gpuRow{
	{"clock", " MHz", func(r heat.Readings) heat.Reading { return r.ClockMHz }},
	{"power", " W", func(r heat.Readings) heat.Reading { return r.PowerWatts }},
}

// gpuRows are the readings there are.
func gpuRows(all []*heatCol) (out []*gpuRow) {
	for i := range gpuLanes {
		if slices.ContainsFunc(all, func(c *heatCol) bool { return gpuLanes[i].of(c.GPU).Mean > 0 }) {
			out = append(out, &gpuLanes[i])
		}
	}
	return out
}

// gauge is the row of a reading: bars from 0 to the most there was. A column
// between two readings repeats the one before it.
func (p *HeatPanel) gauge(all []*heatCol, g *gpuRow) string {
	st, top, last := p.Sc.St, 0.0, 0.0
	for _, c := range all {
		if r := g.of(c.GPU); r.N > 0 {
			last = r.Mean
			top = math.Max(top, last)
		}
	}
	var s draw.Strip
	at, seen := 0.0, 0
	for _, c := range all {
		if r := g.of(c.GPU); r.N > 0 {
			at, seen = r.Mean, 0
		} else if seen++; int64(seen)*p.axis.ns() > 3e9 {
			at = 0 // nothing was read here
		}
		if !(at > 0) || !(top > 0) {
			s.Add(draw.Ink{}, " ")
			continue
		}
		s.Add(st.Muted, draw.Eighths[max(1, min(8, int(math.Round(8*at/top))))])
	}
	return p.label(draw.Num(last, 0)+g.unit, st.Muted) + s.String()
}

// times is the row of instants.
func (p *HeatPanel) times(w int) string {
	st, a := p.Sc.St, p.axis
	l := draw.NewLine(w).To(heatLabel)
	clock := draw.Clock
	if a.ns() < int64(1e8) {
		clock = draw.ClockTenths
	}
	_, to := heatSpan(p.Sc.V)
	used := min(a.cols, a.col(to-1)+1)
	end := clock(p.Sc.Since(a.start(used)))
	const apart = 24
	for x := 0; x+apart/2 < used; x += apart {
		if x+draw.Cells(end)+10 < used || x == 0 {
			l.To(heatLabel+x).Put(st.Faint, "╵").Put(st.Muted, clock(max(0, p.Sc.Since(a.start(x)))))
		}
	}
	if at := heatLabel + used - draw.Cells(end); at > l.W {
		l.To(at).Put(st.Muted, end)
	}
	return l.String()
}
