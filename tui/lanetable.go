package tui

import (
	"fmt"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
)

// quantRow is one line of the quantile table.
type quantRow struct {
	name string
	rank int // 1 is shown first when room is short
	of   func(*stats.Summary) stats.Quantile
}

func plainValue(f func(*stats.Summary) float64) func(*stats.Summary) stats.Quantile {
	return func(s *stats.Summary) stats.Quantile {
		return stats.Quantile{Value: f(s), Lo: math.NaN(), Hi: math.NaN(), N: s.N}
	}
}

// ofSamples is a quantile whose interval nobody computes; whether the samples
// support it is known all the same.
func ofSamples(q float64, f func(*stats.Summary) float64) func(*stats.Summary) stats.Quantile {
	plain := plainValue(f)
	return func(s *stats.Summary) stats.Quantile {
		v := plain(s)
		v.Need = max(0, stats.Need(q)-s.N)
		return v
	}
}

var quantRows = []quantRow{
	{"p50", 1, func(s *stats.Summary) stats.Quantile { return s.P50 }},
	{"p90", 6, func(s *stats.Summary) stats.Quantile { return s.P90 }},
	{"p95", 4, func(s *stats.Summary) stats.Quantile { return s.P95 }},
	{"p99", 2, func(s *stats.Summary) stats.Quantile { return s.P99 }},
	{"p99.9", 5, func(s *stats.Summary) stats.Quantile { return s.P999 }},
	{"max", 3, plainValue(func(s *stats.Summary) float64 { return s.Max })},
	{"mean", 7, plainValue(func(s *stats.Summary) float64 { return s.Mean })},
}

// table is the quantile table in h rows: from 5 rows on with a heading.
func (p *lanePanel) table(w, h int) []string {
	if h < 1 {
		return nil
	}
	if full := w; w-factsWidth >= quantName+quantValue+2+quantInterval-4 {
		w -= factsWidth
		return p.withFacts(p.quantiles(w, h), w, full)
	}
	return p.quantiles(w, h)
}

func (p *lanePanel) quantiles(w, h int) []string {
	var out []string
	show := h
	if h >= 4 && !p.sc.compact {
		out, show = append(out, p.tableHead(w)), h-1
	}
	for _, q := range quantRows {
		if q.rank <= show {
			out = append(out, p.tableRow(q, w))
		}
	}
	return block(out, w, h)
}

// The columns of the quantile table.
const (
	quantName, quantValue, quantInterval = 6, 9, 26
)

func (p *lanePanel) tableHead(w int) string {
	st := p.sc.st
	_, what := p.sc.main(p.lane)
	l := newLine(w).to(quantName).put(st.faint, right(headWord(what), quantValue)).gap(2).put(st.faint, left("95 % interval", quantInterval))
	for _, c := range p.moreColumns(w) {
		l.put(st.faint, right(c.head, c.w))
	}
	return l.String()
}

func headWord(what string) string {
	switch what {
	case "this segment":
		return "segment"
	case "without tagged":
		return "clean"
	}
	return what[len("last "):]
}

type moreColumn struct {
	head string
	w    int
	s    *stats.Summary
}

// moreColumns are the other stretches of time that fit beside the main one.
func (p *lanePanel) moreColumns(w int) []moreColumn {
	lv := p.sc.lane(p.lane)
	window := "window"
	if d := p.sc.v.Session.Window; d > 0 {
		window = span(d)
	}
	if p.sc.compact {
		return nil // without a heading nobody knows what they are
	}
	all := []moreColumn{{"session", 11, &lv.Session}, {"segment", 11, &lv.Segment}, {window, 11, &lv.Window}}
	main, _ := p.sc.main(p.lane)
	room := w - quantName - quantValue - 2 - quantInterval
	var out []moreColumn
	shown := []int{main.N}
	for _, c := range all {
		if c.s != main && c.s.N > 0 && !slices.Contains(shown, c.s.N) && room >= c.w { // an equal n is the same samples
			out, room, shown = append(out, c), room-c.w, append(shown, c.s.N)
		}
	}
	return out
}

func (p *lanePanel) tableRow(q quantRow, w int) string {
	st := p.sc.st
	s, _ := p.sc.main(p.lane)
	v := q.of(s)
	name, value := st.muted, st.strong
	if v.Need > 0 || !finite(v.Value) {
		value = st.faint
	} else if q.name == "p50" || q.name == "p99" {
		value = p.sc.st.laneStrong[p.lane]
	}
	l := newLine(w).put(name, left(q.name, quantName)).put(value, right(durCol(v.Value), quantValue)).gap(2)
	iw := min(quantInterval, l.room())
	switch {
	case v.Need > 0:
		l.put(st.faint, left(needText(v.Need, iw), iw))
	case finite(v.Lo) && finite(v.Hi):
		l.put(st.muted, left(interval(v.Lo, v.Hi, iw), iw))
	default:
		l.gap(iw)
	}
	for _, c := range p.moreColumns(w) {
		o := q.of(c.s)
		k := st.muted
		if o.Need > 0 {
			k = st.faint
		}
		l.put(k, right(durCol(o.Value), c.w))
	}
	return l.String()
}

func needText(n, w int) string {
	if s := "needs " + count(n) + " more samples"; cells(s) <= w {
		return s
	}
	if s := "needs " + count(n) + " more"; cells(s) <= w {
		return s
	}
	return "+" + count(n) + " n"
}

// interval prints both ends in the unit of the upper one; it is dropped when
// it does not fit.
func interval(lo, hi float64, w int) string {
	unit, div := "s", 1e9
	switch {
	case hi < 999.95e3:
		unit, div = "µs", 1e3
	case hi < 999.95e6:
		unit, div = "ms", 1e6
	}
	s := fmt.Sprintf("%s – %s %s", digits(lo, div), digits(hi, div), unit)
	if cells(s) > w {
		s = fmt.Sprintf("%.3g–%.3g %s", lo/div, hi/div, unit)
	}
	if cells(s) > w {
		return ""
	}
	return s
}
