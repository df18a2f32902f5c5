package tui

import (
	"github.com/tailscope/tailscope/stats"
)

var slotScenarios = register(desc{name: "scenarios", focus: true, least: 4, make: func() panel { return &scenariosPanel{} }, want: func(sc *scene, w int) int { return 1 + len(sc.v.Stats.Scenarios) }})

// scenariosPanel compares the lanes for each scenario.
type scenariosPanel struct{ listPanel }

func (p *scenariosPanel) view() string {
	st := p.sc.st
	cols := []column{
		{head: "scenario", w: 14, flex: true}, {head: "n", w: 7, right: true, drop: 4},
		{head: "p50 " + laneMark(0), w: 8, right: true}, {head: "p50 " + laneMark(1), w: 8, right: true},
		{head: "p99 " + laneMark(0), w: 8, right: true}, {head: "p99 " + laneMark(1), w: 8, right: true},
		{head: "max " + laneMark(0), w: 8, right: true, drop: 7}, {head: "max " + laneMark(1), w: 8, right: true, drop: 7},
		{head: "median Δ", w: 9, right: true, drop: 3}, {head: "won", w: 7, right: true, drop: 5}, {head: "p99 ◆/◇", w: 8, right: true, drop: 2},
		{head: "p (Holm)", w: 8, right: true, drop: 8},
	}
	device := false
	for i := range p.sc.v.Stats.Scenarios {
		device = device || hasDevice(&p.sc.v.Stats.Scenarios[i].Lanes)
	}
	if device {
		cols = append(cols, deviceColumns()...)
	}
	var rows [][]cell
	for i := range p.sc.v.Stats.Scenarios {
		r := &p.sc.v.Stats.Scenarios[i]
		ls := &r.Lanes
		if p.sc.window > 0 {
			ls = &r.Window
		}
		e, o := &ls[stats.Eager], &ls[stats.Optimized]
		row := []cell{
			{r.Scenario, st.text}, {count(o.N), st.muted},
			quantCell(st, e.P50.Value, e.P50.Need, st.lane[0]), quantCell(st, o.P50.Value, o.P50.Need, st.lane[1]),
			quantCell(st, e.P99.Value, e.P99.Need, st.lane[0]), quantCell(st, o.P99.Value, o.P99.Need, st.lane[1]),
			{durCol(e.Max), st.muted}, {durCol(o.Max), st.muted},
			{signed(r.Pair.MedianDiff), st.text}, {pct(r.Pair.ShareWon, 1), st.muted}, {p99Ratio(e, o), st.text},
			{pValue(r.Pair.PHolm), st.muted},
		}
		if device {
			row = append(row, deviceCells(st, ls)...)
		}
		rows = append(rows, row)
	}
	title := []run{{st.title, "scenarios"}, {st.muted, " · " + stretch(p.sc) + "; grey: too few samples"}}
	return p.list(title, cols, rows, "no scenario has samples yet")
}

// p99Ratio is optimized over eager; a dash where either is not supported yet.
func p99Ratio(e, o *stats.Summary) string {
	if e.P99.Need > 0 || o.P99.Need > 0 || !(e.P99.Value > 0) {
		return missing
	}
	return num(o.P99.Value/e.P99.Value, 2)
}

var slotQuantiles = register(desc{name: "quantiles", focus: true, least: 6, make: func() panel { return &quantilesPanel{} }, want: func(sc *scene, w int) int {
	return 1 + shownRows(&sc.lane(stats.Eager).Segment, &sc.lane(stats.Optimized).Segment)
}})

// quantilesPanel is the full quantile table of both lanes.
type quantilesPanel struct{ listPanel }

var statRows = []quantRow{
	{"p50", 0, func(s *stats.Summary) stats.Quantile { return s.P50 }},
	{"p90", 0, func(s *stats.Summary) stats.Quantile { return s.P90 }},
	{"p95", 0, func(s *stats.Summary) stats.Quantile { return s.P95 }},
	{"p99", 0, func(s *stats.Summary) stats.Quantile { return s.P99 }},
	{"p99.9", 0, func(s *stats.Summary) stats.Quantile { return s.P999 }},
	{"max", 0, plainValue(func(s *stats.Summary) float64 { return s.Max })},
	{"min", 0, plainValue(func(s *stats.Summary) float64 { return s.Min })},
	{"mean", 0, plainValue(func(s *stats.Summary) float64 { return s.Mean })},
	{"mean without the maximum", 0, plainValue(func(s *stats.Summary) float64 { return s.MeanExclMax })},
	{"mean without the top five", 0, plainValue(func(s *stats.Summary) float64 { return s.MeanExclTop5 })},
	{"mean without first samples", 0, plainValue(func(s *stats.Summary) float64 { return s.MeanExclFirst })},
	{"standard deviation", 0, plainValue(func(s *stats.Summary) float64 { return s.Std })},
	{"device p50", 0, ofSamples(.5, func(s *stats.Summary) float64 { return s.DeviceP50 })},
	{"device p99", 0, ofSamples(.99, func(s *stats.Summary) float64 { return s.DeviceP99 })},
	{"first token p50", 0, ofSamples(.5, func(s *stats.Summary) float64 { return s.TTFTP50 })},
	{"first token p99", 0, ofSamples(.99, func(s *stats.Summary) float64 { return s.TTFTP99 })},
	{"between tokens p50", 0, plainValue(func(s *stats.Summary) float64 { return s.ITLP50 })},
	{"between tokens p99", 0, plainValue(func(s *stats.Summary) float64 { return s.ITLP99 })},
	{"response p50", 0, ofSamples(.5, func(s *stats.Summary) float64 { return s.ResponseP50 })},
	{"response p99", 0, ofSamples(.99, func(s *stats.Summary) float64 { return s.ResponseP99 })},
}

func (p *quantilesPanel) view() string {
	st := p.sc.st
	e, what := p.sc.main(stats.Eager)
	o, _ := p.sc.main(stats.Optimized)
	cols := []column{
		{head: "", w: 26, flex: true},
		{head: laneMark(0) + " " + p.sc.laneName(0), w: 9, right: true}, {head: "95 % interval", w: 24, drop: 3},
		{head: laneMark(1) + " " + p.sc.laneName(1), w: 11, right: true}, {head: "95 % interval", w: 24, drop: 4},
		{head: "difference", w: 10, right: true, drop: 1}, {head: "ratio", w: 7, right: true, drop: 2},
	}
	var rows [][]cell
	for _, q := range statRows {
		a, b := q.of(e), q.of(o)
		if !finite(a.Value) && !finite(b.Value) {
			continue
		}
		k := st.text
		if a.Need > 0 || b.Need > 0 {
			k = st.faint // no better supported than what it is made of
		}
		rows = append(rows, []cell{
			{q.name, st.muted},
			quantCell(st, a.Value, a.Need, st.lane[0]), intervalCell(st, a),
			quantCell(st, b.Value, b.Need, st.lane[1]), intervalCell(st, b),
			{signed(b.Value - a.Value), k}, {num(b.Value/a.Value, 3), k},
		})
	}
	if slo := p.sc.v.Session.SLO; finite(e.SLOMissed) || finite(o.SLOMissed) {
		rows = append(rows, []cell{{"later than " + span(slo), st.muted}, {pct(e.SLOMissed, 2), st.lane[0]}, {sloInterval(e), st.muted},
			{pct(o.SLOMissed, 2), st.lane[1]}, {sloInterval(o), st.muted}, {"", st.text}, {num(o.SLOMissed/e.SLOMissed, 3), st.text}})
	}
	title := []run{{st.title, "quantiles"}, {st.muted, " · " + what + " · n " + count(e.N) + " and " + count(o.N)}}
	for _, s := range []*stats.Summary{e, o} {
		if len(s.Warnings) > 0 {
			title = append(title, run{st.warn, " · ! " + s.Warnings[0]})
			break
		}
	}
	return p.list(title, cols, rows, "no samples yet")
}

// shownRows counts the statistics that either lane has.
func shownRows(e, o *stats.Summary) (n int) {
	for _, q := range statRows {
		if finite(q.of(e).Value) || finite(q.of(o).Value) {
			n++
		}
	}
	if finite(e.SLOMissed) || finite(o.SLOMissed) {
		n++
	}
	return n
}

func intervalCell(st *styles, q stats.Quantile) cell {
	switch {
	case q.Need > 0:
		return cell{needText(q.Need, 24), st.faint}
	case finite(q.Lo) && finite(q.Hi):
		return cell{interval(q.Lo, q.Hi, 24), st.muted}
	}
	return cell{"", st.muted}
}
