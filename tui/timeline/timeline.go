package timeline

import (
	"math"
	"time"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
	"github.com/tailscope/tailscope/tui/panels"
)

var SlotTimeline = panels.Register(panels.Desc{Name: "timeline", Focus: true, Least: 8, Make: func() panels.Panel { return &TimelinePanel{} }})

// TimelinePanel draws the slowest sample of each lane over the session, with
// marks where something happened.
type TimelinePanel struct {
	panels.Pane
	drawn timelineKey // what the cached picture shows
	cache string
}

// timelineKey holds everything the picture depends on: it changes a few times
// a second, the other figures with every view.
type timelineKey struct {
	w, h                         int
	focused, compact, linear, aa bool
	st                           *draw.Styles
	past, start, binNs           int64
	sum                          uint64
}

func (p *TimelinePanel) key() timelineKey {
	v := p.Sc.V
	return timelineKey{p.W, p.H, p.Focused, p.Sc.Compact, p.Sc.Linear, v.Session.AA, p.Sc.St, p.Sc.Past, v.StartNs, v.Stats.BinNs, checksum(v.Stats.Timeline)}
}

// checksum is FNV-1a over what is drawn of the bins.
func checksum(bins []stats.TimeBin) uint64 {
	h := uint64(14695981039346656037)
	mix := func(x uint64) { h = (h ^ x) * 1099511628211 }
	for i := range bins {
		b := &bins[i]
		mix(uint64(b.TNs))
		mix(uint64(b.Compiles))
		for l := range b.Max {
			mix(math.Float64bits(b.Max[l]))
		}
		for _, k := range b.Marks {
			for j := range len(k) {
				mix(uint64(k[j]))
			}
		}
	}
	return h
}

const timelineLabel = 8 // cells of a value label

func (p *TimelinePanel) View() string {
	if k := p.key(); k != p.drawn {
		p.drawn, p.cache = k, p.draw()
	}
	return p.cache
}

func (p *TimelinePanel) draw() string {
	w, h := p.Inner()
	st, bins := p.Sc.St, p.Sc.V.Stats.Timeline
	title := []draw.Run{draw.R(st.Title, "timeline")}
	scale := "log"
	if p.Sc.Linear {
		scale = "linear"
	}
	if len(bins) > 0 {
		per := p.grid(w).Per() * float64(p.Sc.V.Stats.BinNs)
		title = append(title, draw.R(st.Muted, " · slowest per "+draw.Brief(per)), draw.R(st.Faint, " · "+scale))
	}
	extra := []draw.Run{draw.R(st.Lane[0], "╌╌ "+p.Sc.LaneName(0)), draw.R(st.Lane[1], "  ━━ "+p.Sc.LaneName(1))}
	if !p.Sc.Compact {
		extra = append(extra, draw.R(st.Tag, "  ▲ compile"), draw.R(st.Strong, "  ┃ segment"))
	}
	if len(bins) == 0 || h < 3 || w < timelineLabel+6 {
		return p.Note(title, nil, "nothing measured yet")
	}
	return p.Frame(title, extra, p.body(w, h))
}

// grid is the mapping of bins to the columns of a panel w cells wide.
func (p *TimelinePanel) grid(w int) draw.TimeGrid {
	return draw.NewTimeGrid(p.Sc.V.Stats.Timeline, p.Sc.V.Stats.BinNs, w-timelineLabel-2)
}

func (p *TimelinePanel) body(w, h int) []string {
	st, bins := p.Sc.St, p.Sc.V.Stats.Timeline
	cols, g := w-timelineLabel-2, p.grid(w)
	foot := 2 // marks and times
	if h < 4 {
		foot = 1
	}
	rows := h - foot
	var series [stats.NumLanes][]float64
	for l := range series {
		v := make([]float64, len(bins))
		for i := range bins {
			v[i] = bins[i].Max[l]
		}
		series[l] = g.Pool(v, cols)
	}
	a := draw.NewAxis(!p.Sc.Linear, series[0], series[1])
	grid := draw.Plot(series, a, rows)
	marks, cursor := p.marks(g, cols), p.cursor(g)
	overlay(grid, marks, cursor)
	out := make([]string, 0, h)
	labels := a.RowLabels(rows)
	for y, row := range grid {
		out = append(out, st.Muted.On(draw.Right(labels[y], timelineLabel))+" "+st.Border.On("┤")+p.inkRow(row))
	}
	out = append(out, draw.Spaces(timelineLabel+2)+p.markRow(marks, cursor))
	if foot > 1 {
		out = append(out, p.times(g, cols))
	}
	return out
}

// marks finds the most telling event of each column, "" where there is none.
func (p *TimelinePanel) marks(g draw.TimeGrid, cols int) []stats.Kind {
	out := make([]stats.Kind, cols)
	for i, b := range p.Sc.V.Stats.Timeline {
		c := g.Col(i)
		if c >= cols {
			break
		}
		for _, k := range b.Marks {
			if out[c] == "" || draw.KindRank(k) > draw.KindRank(out[c]) {
				out[c] = k
			}
		}
		if b.Compiles > 0 && draw.KindRank(out[c]) < draw.KindRank(stats.KindCompile) {
			out[c] = stats.KindCompile
		}
	}
	return out
}

// overlay lays segment boundaries and the scrub cursor into empty cells.
func overlay(grid [][]draw.Glyph, marks []stats.Kind, cursor int) {
	for c, k := range marks {
		r := '┊'
		switch {
		case c == cursor:
			r = '│'
		case k != stats.KindSegment && k != stats.KindToggle:
			continue
		}
		for y := range grid {
			if grid[y][c].R == 0 {
				grid[y][c].R = r
			}
		}
	}
}

// cursor is the column of the instant being looked at, −1 when it is now.
func (p *TimelinePanel) cursor(g draw.TimeGrid) int {
	bins := p.Sc.V.Stats.Timeline
	if p.Sc.Past == 0 || len(bins) == 0 || p.Sc.V.Stats.BinNs <= 0 || p.Sc.Past < bins[0].TNs {
		return -1
	}
	i := int((p.Sc.Past - bins[0].TNs) / p.Sc.V.Stats.BinNs)
	return g.Col(min(i, len(bins)-1))
}

// TimeAt is the instant under column c of a panel w cells wide.
func (p *TimelinePanel) TimeAt(c int) int64 {
	bins := p.Sc.V.Stats.Timeline
	w, _ := p.Inner()
	g := p.grid(w)
	c -= timelineLabel + 2
	if !p.Sc.Compact {
		c -= 2
	}
	if len(bins) == 0 || c < 0 || c >= g.Used() {
		return 0
	}
	_, hi := g.Bins(c)
	return bins[hi-1].TNs + p.Sc.V.Stats.BinNs
}

func (p *TimelinePanel) inkRow(row []draw.Glyph) string {
	st := p.Sc.St
	var out draw.Strip
	for _, g := range row {
		switch {
		case g.R == 0:
			out.Add(draw.Ink{}, " ")
		case g.Who > 0:
			out.Add(st.Lane[g.Who-1], string(g.R))
		case g.R == '│':
			out.Add(st.Strong, "│")
		default:
			out.Add(st.Faint, string(g.R))
		}
	}
	return out.String()
}

func (p *TimelinePanel) markRow(marks []stats.Kind, cursor int) string {
	var out draw.Strip
	for c, k := range marks {
		g, i := " ", draw.Ink{}
		if k != "" {
			g, i = p.Sc.St.KindLook(k)
		}
		if c == cursor {
			g, i = "▴", p.Sc.St.Strong
		}
		out.Add(i, g)
	}
	return out.String()
}

// times is the row of instants below the plot: its start, some between, its end.
func (p *TimelinePanel) times(g draw.TimeGrid, cols int) string {
	bins, st := p.Sc.V.Stats.Timeline, p.Sc.St
	first := p.Sc.Since(bins[0].TNs)
	last := p.Sc.Since(bins[len(bins)-1].TNs) + p.Sc.V.Stats.BinNs
	const at0 = timelineLabel + 2
	clock := draw.Clock
	if last-first < int64(10*time.Second) {
		clock = draw.ClockTenths
	}
	l := draw.NewLine(at0+cols).To(at0).Put(st.Muted, clock(first))
	used := min(g.Used(), cols)
	end := clock(last)
	n := used / 30
	for i := 1; i < n; i++ {
		s := clock(first + (last-first)*int64(i)/int64(n))
		l.To(at0+used*i/n-draw.Cells(s)/2).Put(st.Muted, s)
	}
	if at := at0 + used - draw.Cells(end); at > l.W {
		l.To(at).Put(st.Muted, end)
	}
	return l.String()
}
