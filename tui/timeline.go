package tui

import (
	"math"
	"time"

	"github.com/tailscope/tailscope/stats"
)

var slotTimeline = register(desc{name: "timeline", focus: true, least: 8, make: func() panel { return &timelinePanel{} }})

// timelinePanel draws the slowest sample of each lane over the session, with
// marks where something happened.
type timelinePanel struct {
	pane
	drawn timelineKey // what the cached picture shows
	cache string
}

// timelineKey holds everything the picture depends on: it changes a few times
// a second, the other figures with every view.
type timelineKey struct {
	w, h                         int
	focused, compact, linear, aa bool
	st                           *styles
	past, start, binNs           int64
	sum                          uint64
}

func (p *timelinePanel) key() timelineKey {
	v := p.sc.v
	return timelineKey{p.w, p.h, p.focused, p.sc.compact, p.sc.linear, v.Session.AA, p.sc.st, p.sc.past, v.StartNs, v.Stats.BinNs, checksum(v.Stats.Timeline)}
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

func (p *timelinePanel) view() string {
	if k := p.key(); k != p.drawn {
		p.drawn, p.cache = k, p.draw()
	}
	return p.cache
}

func (p *timelinePanel) draw() string {
	w, h := p.inner()
	st, bins := p.sc.st, p.sc.v.Stats.Timeline
	title := []run{{st.title, "timeline"}}
	scale := "log"
	if p.sc.linear {
		scale = "linear"
	}
	if len(bins) > 0 {
		per := p.grid(w).per() * float64(p.sc.v.Stats.BinNs)
		title = append(title, run{st.muted, " · slowest per " + brief(per)}, run{st.faint, " · " + scale})
	}
	extra := []run{{st.lane[0], "╌╌ " + p.sc.laneName(0)}, {st.lane[1], "  ━━ " + p.sc.laneName(1)}}
	if !p.sc.compact {
		extra = append(extra, run{st.tag, "  ▲ compile"}, run{st.strong, "  ┃ segment"})
	}
	if len(bins) == 0 || h < 3 || w < timelineLabel+6 {
		return p.frame(title, nil, []string{newLine(max(w, 0)).put(st.muted, "nothing measured yet").String()})
	}
	return p.frame(title, extra, p.body(w, h))
}

// grid is the mapping of bins to the columns of a panel w cells wide.
func (p *timelinePanel) grid(w int) timeGrid {
	return newTimeGrid(p.sc.v.Stats.Timeline, p.sc.v.Stats.BinNs, w-timelineLabel-2)
}

func (p *timelinePanel) body(w, h int) []string {
	st, bins := p.sc.st, p.sc.v.Stats.Timeline
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
		series[l] = g.pool(v, cols)
	}
	a := newAxis(!p.sc.linear, series[0], series[1])
	grid := plot(series, a, rows)
	marks, cursor := p.marks(g, cols), p.cursor(g)
	overlay(grid, marks, cursor)
	out := make([]string, 0, h)
	labels := a.rowLabels(rows)
	for y, row := range grid {
		out = append(out, st.muted.on(right(labels[y], timelineLabel))+" "+st.border.on("┤")+p.inkRow(row))
	}
	out = append(out, spaces(timelineLabel+2)+p.markRow(marks, cursor))
	if foot > 1 {
		out = append(out, p.times(g, cols))
	}
	return out
}

// marks finds the most telling event of each column, "" where there is none.
func (p *timelinePanel) marks(g timeGrid, cols int) []stats.Kind {
	out := make([]stats.Kind, cols)
	for i, b := range p.sc.v.Stats.Timeline {
		c := g.col(i)
		if c >= cols {
			break
		}
		for _, k := range b.Marks {
			if out[c] == "" || kindRank(k) > kindRank(out[c]) {
				out[c] = k
			}
		}
		if b.Compiles > 0 && kindRank(out[c]) < kindRank(stats.KindCompile) {
			out[c] = stats.KindCompile
		}
	}
	return out
}

// overlay lays segment boundaries and the scrub cursor into empty cells.
func overlay(grid [][]glyph, marks []stats.Kind, cursor int) {
	for c, k := range marks {
		r := rune(0)
		switch {
		case c == cursor:
			r = '│'
		case k == stats.KindSegment || k == stats.KindToggle:
			r = '┊'
		default:
			continue
		}
		for y := range grid {
			if grid[y][c].r == 0 {
				grid[y][c].r = r
			}
		}
	}
}

// cursor is the column of the instant being looked at, −1 when it is now.
func (p *timelinePanel) cursor(g timeGrid) int {
	bins := p.sc.v.Stats.Timeline
	if p.sc.past == 0 || len(bins) == 0 || p.sc.v.Stats.BinNs <= 0 || p.sc.past < bins[0].TNs {
		return -1
	}
	i := int((p.sc.past - bins[0].TNs) / p.sc.v.Stats.BinNs)
	return g.col(min(i, len(bins)-1))
}

// timeAt is the instant under column c of a panel w cells wide.
func (p *timelinePanel) timeAt(c int) int64 {
	bins := p.sc.v.Stats.Timeline
	w, _ := p.inner()
	g := p.grid(w)
	c -= timelineLabel + 2
	if !p.sc.compact {
		c -= 2
	}
	if len(bins) == 0 || c < 0 || c >= g.used() {
		return 0
	}
	_, hi := g.bins(c)
	return bins[hi-1].TNs + p.sc.v.Stats.BinNs
}

func (p *timelinePanel) inkRow(row []glyph) string {
	st := p.sc.st
	var out strip
	for _, g := range row {
		switch {
		case g.r == 0:
			out.add(ink{}, " ")
		case g.who > 0:
			out.add(st.lane[g.who-1], string(g.r))
		case g.r == '│':
			out.add(st.strong, "│")
		default:
			out.add(st.faint, string(g.r))
		}
	}
	return out.String()
}

func (p *timelinePanel) markRow(marks []stats.Kind, cursor int) string {
	var out strip
	for c, k := range marks {
		g, i := " ", ink{}
		if k != "" {
			g, i = p.sc.st.kindLook(k)
		}
		if c == cursor {
			g, i = "▴", p.sc.st.strong
		}
		out.add(i, g)
	}
	return out.String()
}

// times is the row of instants below the plot: its start, some between, its end.
func (p *timelinePanel) times(g timeGrid, cols int) string {
	bins, st := p.sc.v.Stats.Timeline, p.sc.st
	first := p.sc.since(bins[0].TNs)
	last := p.sc.since(bins[len(bins)-1].TNs) + p.sc.v.Stats.BinNs
	const at0 = timelineLabel + 2
	clock := clock
	if last-first < int64(10*time.Second) {
		clock = clockTenths
	}
	l := newLine(at0+cols).to(at0).put(st.muted, clock(first))
	used := min(g.used(), cols)
	end := clock(last)
	n := used / 30
	for i := 1; i < n; i++ {
		s := clock(first + (last-first)*int64(i)/int64(n))
		l.to(at0+used*i/n-cells(s)/2).put(st.muted, s)
	}
	if at := at0 + used - cells(end); at > l.w {
		l.to(at).put(st.muted, end)
	}
	return l.String()
}
