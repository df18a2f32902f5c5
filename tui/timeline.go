package tui

import (
	"math"

	"tailscope/stats"
)

// timelinePanel draws the slowest sample of each lane over the session, with
// marks where something happened.
type timelinePanel struct{ pane }

const timelineLabel = 8 // cells of a value label

func (p *timelinePanel) view() string {
	w, h := p.inner()
	st, bins := p.sc.st, p.sc.v.Stats.Timeline
	title := []run{{st.title, "timeline"}}
	scale := "log"
	if p.sc.linear {
		scale = "linear"
	}
	if per := p.perColumn(w); per > 0 {
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

// perColumn is the time one column of the plot stands for, in ns.
func (p *timelinePanel) perColumn(w int) float64 {
	n, cols := len(p.sc.v.Stats.Timeline), w-timelineLabel-2
	if n == 0 || cols < 1 {
		return 0
	}
	per := max(1, float64(n)/float64(cols))
	return math.Round(per) * float64(p.sc.v.Stats.BinNs)
}

func (p *timelinePanel) body(w, h int) []string {
	st, bins := p.sc.st, p.sc.v.Stats.Timeline
	cols := w - timelineLabel - 2
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
		series[l] = pool(v, cols)
	}
	a := newAxis(!p.sc.linear, series[0], series[1])
	grid := plot(series, a, rows)
	marks := p.marks(cols)
	p.overlay(grid, marks)
	out := make([]string, 0, h)
	labels := a.rowLabels(rows)
	for y, row := range grid {
		out = append(out, st.muted.on(right(labels[y], timelineLabel))+" "+st.border.on("┤")+p.inkRow(row))
	}
	out = append(out, spaces(timelineLabel+2)+p.markRow(marks))
	if foot > 1 {
		out = append(out, p.times(cols))
	}
	return out
}

// marks finds the most telling event of each column, "" where there is none.
func (p *timelinePanel) marks(cols int) []stats.Kind {
	bins := p.sc.v.Stats.Timeline
	out := make([]stats.Kind, cols)
	for c := range out {
		lo, hi := columns(c, cols, len(bins))
		if cols > len(bins) && c > 0 {
			// a bin that spans several columns is marked once
			if prev, _ := columns(c-1, cols, len(bins)); prev == lo {
				continue
			}
		}
		for _, b := range bins[lo:hi] {
			for _, k := range b.Marks {
				if out[c] == "" || kindRank(k) > kindRank(out[c]) {
					out[c] = k
				}
			}
			if b.Compiles > 0 && kindRank(out[c]) < kindRank(stats.KindCompile) {
				out[c] = stats.KindCompile
			}
		}
	}
	return out
}

// overlay lays segment boundaries and the scrub cursor into empty cells.
func (p *timelinePanel) overlay(grid [][]glyph, marks []stats.Kind) {
	cursor := p.cursor(len(marks))
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
func (p *timelinePanel) cursor(cols int) int {
	bins := p.sc.v.Stats.Timeline
	if p.sc.past == 0 || len(bins) == 0 || p.sc.v.Stats.BinNs <= 0 {
		return -1
	}
	i := int((p.sc.past - bins[0].TNs) / p.sc.v.Stats.BinNs)
	if i < 0 {
		return -1
	}
	return min(i*cols/len(bins), cols-1)
}

// timeAt is the instant under column c of a panel w cells wide.
func (p *timelinePanel) timeAt(c int) int64 {
	bins := p.sc.v.Stats.Timeline
	w, _ := p.inner()
	cols := w - timelineLabel - 2
	c -= timelineLabel + 2
	if !p.sc.compact {
		c -= 2
	}
	if len(bins) == 0 || cols < 1 || c < 0 || c >= cols {
		return 0
	}
	_, hi := columns(c, cols, len(bins))
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

func (p *timelinePanel) markRow(marks []stats.Kind) string {
	var out strip
	cursor := p.cursor(len(marks))
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

// times is the row of instants below the plot: its start, middle and end.
func (p *timelinePanel) times(cols int) string {
	bins, st := p.sc.v.Stats.Timeline, p.sc.st
	first := p.sc.since(bins[0].TNs)
	last := p.sc.since(bins[len(bins)-1].TNs) + p.sc.v.Stats.BinNs
	l := newLine(timelineLabel + 2 + cols).to(timelineLabel + 2)
	l.put(st.muted, clock(first))
	n := cols / 30
	for i := 1; i < n; i++ {
		s := clock(first + (last-first)*int64(i)/int64(n))
		l.to(timelineLabel+2+cols*i/n-cells(s)/2).put(st.muted, s)
	}
	end := clock(last)
	return l.to(l.max-cells(end)).put(st.muted, end).String()
}
