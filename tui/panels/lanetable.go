package panels

import (
	"fmt"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/tui/draw"
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

// OfSamples is a quantile whose interval nobody computes; whether the samples
// support it is known all the same.
func OfSamples(q float64, f func(*stats.Summary) float64) func(*stats.Summary) stats.Quantile {
	plain := plainValue(f)
	return func(s *stats.Summary) stats.Quantile {
		v := plain(s)
		v.Need = max(0, quantile.Need(q)-s.N)
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
func (p *LanePanel) table(w, h int) []string {
	if h < 1 {
		return nil
	}
	if full := w; w-factsWidth >= quantName+quantValue+2+quantInterval-4 {
		w -= factsWidth
		return p.withFacts(p.quantiles(w, h), w, full)
	}
	return p.quantiles(w, h)
}

func (p *LanePanel) quantiles(w, h int) []string {
	var out []string
	show := h
	if h >= 4 && !p.Sc.Compact {
		out, show = append(out, p.tableHead(w)), h-1
	}
	for _, q := range quantRows {
		if q.rank <= show {
			out = append(out, p.tableRow(q, w))
		}
	}
	return draw.Block(out, w, h)
}

// The columns of the quantile table.
const (
	quantName, quantValue, quantInterval = 6, 9, 26
)

func (p *LanePanel) tableHead(w int) string {
	st := p.Sc.St
	_, what := p.Sc.Main(p.Lane)
	l := draw.NewLine(w).To(quantName).Put(st.Faint, draw.Right(headWord(what), quantValue)).Gap(2).Put(st.Faint, draw.Left("95 % interval", quantInterval))
	for _, c := range p.MoreColumns(w) {
		l.Put(st.Faint, draw.Right(c.head, c.w))
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

// MoreColumns are the other stretches of time that fit beside the main one.
func (p *LanePanel) MoreColumns(w int) []moreColumn {
	lv := p.Sc.Lane(p.Lane)
	window := "window"
	if d := p.Sc.V.Session.Window; d > 0 {
		window = draw.Span(d)
	}
	if p.Sc.Compact {
		return nil // without a heading nobody knows what they are
	}
	all := []moreColumn{{"session", 11, &lv.Session}, {"segment", 11, &lv.Segment}, {window, 11, &lv.Window}}
	main, _ := p.Sc.Main(p.Lane)
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

func (p *LanePanel) tableRow(q quantRow, w int) string {
	st := p.Sc.St
	s, _ := p.Sc.Main(p.Lane)
	v := q.of(s)
	name, value := st.Muted, st.Strong
	if v.Need > 0 || !draw.Finite(v.Value) {
		value = st.Faint
	} else if q.name == "p50" || q.name == "p99" {
		value = p.Sc.St.LaneStrong[p.Lane]
	}
	l := draw.NewLine(w).Put(name, draw.Left(q.name, quantName)).Put(value, draw.Right(draw.DurCol(v.Value), quantValue)).Gap(2)
	iw := min(quantInterval, l.Room())
	switch {
	case v.Need > 0:
		l.Put(st.Faint, draw.Left(needText(v.Need, iw), iw))
	case draw.Finite(v.Lo) && draw.Finite(v.Hi):
		l.Put(st.Muted, draw.Left(interval(v.Lo, v.Hi, iw), iw))
	default:
		l.Gap(iw)
	}
	for _, c := range p.MoreColumns(w) {
		o := q.of(c.s)
		k := st.Muted
		if o.Need > 0 {
			k = st.Faint
		}
		l.Put(k, draw.Right(draw.DurCol(o.Value), c.w))
	}
	return l.String()
}

func needText(n, w int) string {
	if s := "needs " + draw.Count(n) + " more samples"; draw.Cells(s) <= w {
		return s
	}
	if s := "needs " + draw.Count(n) + " more"; draw.Cells(s) <= w {
		return s
	}
	return "+" + draw.Count(n) + " n"
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
	s := fmt.Sprintf("%s – %s %s", draw.Digits(lo, div), draw.Digits(hi, div), unit)
	if draw.Cells(s) > w {
		s = fmt.Sprintf("%.3g–%.3g %s", lo/div, hi/div, unit)
	}
	if draw.Cells(s) > w {
		return ""
	}
	return s
}
