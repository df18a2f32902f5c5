package tui

import (
	"fmt"
	"math"

	"tailscope/runner/view"
	"tailscope/stats"
)

// lanePanel shows one lane: what it is, its latency histogram, its quantiles.
type lanePanel struct {
	pane
	lane stats.Lane
}

func (p *lanePanel) view() string {
	w, h := p.inner()
	st := p.sc.st
	title := []run{{st.laneStrong[p.lane], laneMark(p.lane) + " " + p.sc.laneName(p.lane)}}
	if b := p.sc.v.Lanes[p.lane].Backend; b != "" && b != p.sc.laneName(p.lane) {
		title = append(title, run{st.muted, " · " + b})
	}
	return p.frame(title, p.extra(), p.body(w, h))
}

// extra is n, and what was left out of it.
func (p *lanePanel) extra() []run {
	st := p.sc.st
	s, what := p.sc.main(p.lane)
	if s.N == 0 {
		return nil
	}
	ex := []run{{st.strong, "n " + count(s.N)}}
	if !p.sc.compact {
		ex = append(ex, run{st.muted, " " + what})
	} else if p.sc.hide {
		ex = append(ex, run{st.tag, " −tagged"})
	}
	return ex
}

func (p *lanePanel) body(w, h int) []string {
	if w < 1 || h < 1 {
		return nil
	}
	if s, _ := p.sc.main(p.lane); s.N == 0 && p.sc.lane(p.lane).Session.N == 0 {
		return p.empty(w, h)
	}
	var out []string
	idRows := 2
	switch {
	case h < 5:
		idRows = 0
	case h < 9:
		idRows = 1
	}
	out = append(out, p.identity(w, idRows)...)
	left := h - idRows
	tableRows := tableHeight(left)
	if histRows := left - tableRows; histRows >= 3 {
		out = append(out, histRowsOf(p.sc, p.lane, w, histRows)...)
	} else {
		tableRows = left
	}
	return append(out, p.table(w, tableRows)...)
}

// tableHeight is how many of left rows the quantile table gets; the histogram
// has the rest.
func tableHeight(left int) int {
	switch {
	case left >= 16:
		return 8
	case left >= 14:
		return 7
	case left >= 11:
		return 5
	case left >= 8:
		return 4
	case left >= 5:
		return left - 3
	}
	return left
}

// empty says what the lane waits for.
func (p *lanePanel) empty(w, h int) []string {
	text := "waiting for the first sample"
	if p.sc.v.Phase == "starting" || p.sc.v.Phase == "" {
		text = "loading"
	}
	out := block(nil, w, h/2)
	return append(out, newLine(w).put(p.sc.st.muted, text).String())
}

// identity is up to two lines on what runs in this lane and how it is known.
func (p *lanePanel) identity(w, rows int) []string {
	if rows == 0 {
		return nil
	}
	st, la := p.sc.st, &p.sc.v.Lanes[p.lane]
	l := newLine(w)
	if p.lane == stats.Optimized && !p.sc.v.Session.AA {
		word, k := "unknown", st.muted
		switch la.CompilerReal {
		case "yes":
			word, k = "yes", st.ok
		case "no":
			word, k = "NO", st.bad
		}
		l.put(st.muted, "compiler-real ").put(k, word)
		if rows == 1 && la.Limit > 0 {
			l.put(st.muted, " · graphs ")
			l.put(limitInk(st, la.UniqueGraphs, la.Limit), fmt.Sprintf("%d of %d", la.UniqueGraphs, la.Limit))
		} else if la.Why != "" {
			l.put(st.muted, " · "+la.Why)
		}
	} else if ev := laneEvidence(p.sc, p.lane); ev != "" {
		l.put(st.muted, ev)
	}
	out := []string{l.String()}
	if rows > 1 {
		out = append(out, p.graphs(w))
	}
	return out
}

func laneEvidence(sc *scene, lane stats.Lane) string {
	la := &sc.v.Lanes[lane]
	switch {
	case la.Evidence != "":
		return la.Evidence
	case la.Why != "":
		return la.Why
	case lane == stats.Eager || sc.v.Session.AA:
		return "not compiled"
	}
	return ""
}

func limitInk(st *styles, used, limit int) ink {
	switch {
	case limit > 0 && used >= limit:
		return st.bad
	case limit > 0 && used*4 >= limit*3:
		return st.warn
	}
	return st.text
}

// graphs is the gauge of executables and what else the evidence counts.
func (p *lanePanel) graphs(w int) string {
	st, la := p.sc.st, &p.sc.v.Lanes[p.lane]
	l := newLine(w)
	if p.lane == stats.Eager || p.sc.v.Session.AA {
		if la.Checks > 0 {
			o := outputs(st, la, w)
			return l.put(o.k, o.s).String()
		}
		return l.put(st.faint, "no compile can happen here").String()
	}
	k := limitInk(st, la.UniqueGraphs, la.Limit)
	l.put(st.muted, "graphs ")
	if la.Limit > 0 {
		if la.Limit <= 24 && w >= 70 {
			full, rest := gauge(float64(la.UniqueGraphs)/float64(la.Limit), min(la.Limit, 16))
			l.put(k, full).put(st.faint, rest+" ")
		}
		l.put(k, fmt.Sprintf("%d of %d", la.UniqueGraphs, la.Limit))
	} else {
		l.put(st.text, count(la.UniqueGraphs))
	}
	if la.Fallbacks > 0 {
		l.phrase(run{st.muted, " · "}, run{st.warn, fmt.Sprintf("%d fallbacks", la.Fallbacks)})
	}
	if la.Diverged > 0 {
		l.phrase(run{st.muted, " · "}, outputs(st, la, l.room()))
	}
	compiles := fmt.Sprintf(" · %d compiles", la.Compiles)
	if la.CompileNs <= 0 || !l.phrase(run{st.muted, compiles + " " + dur(float64(la.CompileNs))}) {
		l.phrase(run{st.muted, compiles})
	}
	if la.Checks > 0 && la.Diverged == 0 {
		l.phrase(run{st.muted, " · "}, outputs(st, la, l.room()))
	}
	return l.String()
}

// outputs says whether the lanes' outputs agree.
func outputs(st *styles, la *view.Lane, room int) run {
	if la.Diverged > 0 {
		return run{st.bad, fmt.Sprintf("%d of %d outputs DIFFER", la.Diverged, la.Checks)}
	}
	s := count(la.Checks) + " outputs equal"
	if more := s + fmt.Sprintf(" (rel. L2 ≤ %.0e)", la.MaxRelL2); finite(la.MaxRelL2) && la.MaxRelL2 > 0 && cells(more)+3 <= room {
		s = more
	}
	return run{st.muted, s}
}

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
	for _, c := range all {
		if c.s != main && c.s.N > 0 && c.s.N != main.N && room >= c.w { // an equal n is the same samples
			out, room = append(out, c), room-c.w
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
