package timeline

import (
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

var SlotHeat = panels.Register(panels.Desc{Name: "heat", Focus: true, Least: 8, Make: func() panels.Panel { return &HeatPanel{} }})

// HeatPanel is the map of latencies in time: each lane a band, log latency
// upward, brightness the count, colour the cause, p50 and p99 as lines over it;
// below, what happened, one row a kind, and the GPU's clock and power. Where
// colours are too few it is the timeline.
type HeatPanel struct {
	panels.Pane
	grid heatGrid
	line TimelinePanel

	axis  timeAxis // as last drawn
	bands [stats.NumLanes]*bandAxis
	drew  int64 // NowNs of the view that was drawn
	drawn heatState
	cache string
}

// heatState is everything the picture depends on.
type heatState struct {
	ver                            uint64
	w, h                           int
	focused, compact, hide, linear bool
	aa                             bool
	st                             *draw.Styles
	past, start                    int64
	zoom, screen                   int
	mode                           stats.Mode
}

func (p *HeatPanel) state() heatState {
	sc := p.Sc
	return heatState{sc.V.Heat.Ver, p.W, p.H, p.Focused, sc.Compact, sc.Hide, sc.Linear, sc.V.Session.AA, sc.St, sc.Past, sc.V.StartNs, sc.Zoom, sc.Screen, sc.V.Stats.Mode}
}

func (p *HeatPanel) View() string {
	if !p.Sc.St.HasHeat() {
		p.line.Pane = p.Pane
		return p.line.View()
	}
	if s := p.state(); s != p.drawn && !p.soon(s) {
		p.drawn, p.cache, p.drew = s, p.draw(), p.Sc.V.NowNs
	}
	return p.cache
}

// The least time between two drawings of which only the newest column would
// differ is the width of that column, within these bounds, ns.
const heatOften, heatSeldom = int64(200e6), int64(500e6)

// soon reports whether nothing but time has passed, and little of it.
func (p *HeatPanel) soon(s heatState) bool {
	was := p.drawn
	was.ver = s.ver
	d := p.Sc.V.NowNs - p.drew
	return s == was && d >= 0 && d < max(heatOften, min(p.Column(), heatSeldom))
}

const heatLabel = 12 // cells left of the map

func (p *HeatPanel) draw() string {
	st := p.Sc.St
	w, h := p.Inner()
	title := []draw.Run{draw.R(st.Title, "latency in time")}
	cols := w - heatLabel
	from, to := heatSpan(p.Sc.V)
	if to <= from || cols < 4 || h < 3 {
		return p.Note(title, nil, "nothing measured yet")
	}
	p.axis = p.timeAxis(from, to, cols)
	all := p.grid.fill(&p.Sc.V.Heat, p.axis, heatKey{p.axis.heatStep, p.Sc.Hide, p.Sc.V.Stats.Mode, p.Sc.V.StartNs})
	title = append(title, draw.R(st.Muted, " · a column is "+draw.Brief(float64(p.axis.ns()))))
	if p.axis.start(0) <= from {
		title = append(title, draw.R(st.Faint, " · the whole session"))
	}
	return p.Frame(title, p.legend(all, w), p.body(all, w, h))
}

// timeAxis chooses the columns: the whole session while that is readable, then
// the latest part of it; where the user zoomed or looks back, that.
func (p *HeatPanel) timeAxis(from, to int64, cols int) timeAxis {
	step := min(fitStep(to-from, cols), fitStep(autoSpan, cols))
	step = max(0, min(step+p.Sc.Zoom, len(heatSteps)-1))
	a := timeAxis{heatStep: heatSteps[step], cols: cols}
	end := to
	if past := p.Sc.Past; past != 0 {
		end = min(to, max(past+int64(cols/3)*a.ns(), from+int64(cols)*a.ns()))
	}
	a.left = int64(max(a.col(end-1)-cols+1, a.col(from)))
	return a
}

// autoSpan is the most of a session that is shown unless zoomed out, ns.
const autoSpan = int64(600e9)

// ZoomRange is how far the zoom may go from the step in use.
func (p *HeatPanel) ZoomRange() (in, out int) {
	i := slices.Index(heatSteps, p.axis.heatStep)
	if i < 0 {
		return 0, 0
	}
	return -i, len(heatSteps) - 1 - i
}

func (p *HeatPanel) body(all []*heatCol, w, h int) []string {
	room := max(1, h/5)
	if h < 6 {
		room = 0
	}
	kinds := tickKinds(all, room)
	gpu := gpuRows(all)
	foot := 1 + len(kinds)
	if h-foot-2 < 8 {
		gpu = nil
	}
	rows := h - foot - len(gpu)
	bands := min(rows/stats.NumLanes, maxBandRows)
	lo, hi, ok := heatRange(all)
	if !ok {
		lo, hi = heat.RowOf(1e5), heat.RowOf(1e7)
	}
	a := draw.TightAxis(heat.RowNs(lo), heat.RowNs(hi+1))
	if p.Sc.Linear {
		a = draw.NewAxis(false, []float64{heat.RowNs(hi+1) * 0.9999})
	}
	var out []string
	for l := range stats.Lane(stats.NumLanes) {
		n := bands
		if l == stats.Eager {
			n = min(rows-bands*(stats.NumLanes-1), maxBandRows)
		}
		out = append(out, p.band(all, l, a, n)...)
	}
	for _, k := range kinds {
		out = append(out, p.ticks(all, k))
	}
	for _, g := range gpu {
		out = append(out, p.gauge(all, g))
	}
	return append(out, p.times(w))
}

// band draws a lane in n rows.
func (p *HeatPanel) band(all []*heatCol, l stats.Lane, a draw.Axis, n int) []string {
	if n < 1 {
		return nil
	}
	st := p.Sc.St
	if x := p.bands[l]; x == nil || x.Axis != a || x.rows != n {
		p.bands[l] = newBandAxis(a, n)
	}
	b := bandOf(all, l, p.bands[l])
	over := p.over(all, b, a, n)
	labels := a.RowLabels(n)
	out := make([]string, n)
	for y := range out {
		var s strings.Builder
		s.Grow(len(all) * 12)
		label := st.Muted.On(draw.Right(labels[y], heatLabel-2)) + " " + st.Border.On("┤")
		if y == 0 {
			label = st.LaneStrong[l].On(draw.Left(draw.LaneMark(l)+" "+p.Sc.LaneName(l), heatLabel))
		}
		s.WriteString(label)
		st.HeatRow(&s, b.px[2*y], b.px[2*y+1], over[y])
		out[y] = s.String()
	}
	return out
}

// over is what stands over a band: toggles as rules in empty cells, the lines
// of p50 and p99, and the cursor.
func (p *HeatPanel) over(all []*heatCol, b *band, a draw.Axis, n int) [][]draw.Over {
	st := p.Sc.St
	out := make([][]draw.Over, n)
	for y := range out {
		out[y] = make([]draw.Over, len(all))
	}
	cursor := -1
	if p.Sc.Past != 0 {
		cursor = p.axis.col(p.Sc.Past)
	}
	for x, c := range all {
		r, k := '┊', st.Faint
		switch {
		case x == cursor:
			r, k = '│', st.Strong
		case !c.toggled():
			continue
		}
		for y := range out {
			if b.px[2*y][x].Level == 0 && b.px[2*y+1][x].Level == 0 || x == cursor && y == 0 {
				out[y][x] = draw.Over{R: r, K: k}
			}
		}
	}
	if n >= 3 {
		lines := draw.Plot([stats.NumLanes][]float64{b.p50, b.p99}, a, n)
		for y := range lines {
			for x, g := range lines[y] {
				switch {
				case g.R == 0 || x == cursor || g.R == '╎': // where p50 jumps, the map says how
				case g.Who == 1:
					out[y][x] = draw.Over{R: g.R, K: st.Text}
				default:
					out[y][x] = draw.Over{R: g.R, K: st.Strong}
				}
			}
		}
	}
	return out
}

// legend names the colours that are on the map.
func (p *HeatPanel) legend(all []*heatCol, w int) []draw.Run {
	if w < 70 {
		return nil
	}
	st := p.Sc.St
	var seen [heat.NumClasses]bool
	for _, c := range all {
		for _, cells := range c.Lanes {
			for i := range cells {
				seen[cells[i].Class] = true
			}
		}
	}
	out := []draw.Run{draw.R(st.Muted, "╌ p50 "), draw.R(st.Strong, "━ p99")}
	for c := range heat.NumClasses {
		if c != heat.Clean && seen[c] {
			out = append(out, draw.R(st.HeatInk(draw.HueOf(c, 0)), "  ■"), draw.R(st.Muted, " "+c.String()))
		}
	}
	return out
}

// TimeAt is the instant at the end of column x of the panel, 0 off the map.
func (p *HeatPanel) TimeAt(x int) int64 {
	if !p.Sc.St.HasHeat() {
		return p.line.TimeAt(x)
	}
	if !p.Sc.Compact {
		x -= 2
	}
	if x -= heatLabel; x < 0 || x >= p.axis.cols || p.axis.num == 0 {
		return 0
	}
	_, to := heatSpan(p.Sc.V)
	return min(p.axis.start(x+1), to)
}

// Column is the width of a column in time.
func (p *HeatPanel) Column() int64 {
	if p.axis.num == 0 {
		return 0
	}
	return p.axis.ns()
}
