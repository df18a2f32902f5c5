package panels

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotScenarios = Register(Desc{Name: "scenarios", Sorts: true, Rows: func(sc *Scene) int { return len(sc.V.Stats.Scenarios) }, Enter: enterScenario, Focus: true, Least: 4, Make: func() Panel { return &scenariosPanel{} }})

// scenariosPanel compares the lanes for each scenario.
type scenariosPanel struct{ listPanel }

func (p *scenariosPanel) View() string {
	st := p.Sc.St
	cols := []draw.Column{
		{Head: "scenario", W: 14, Flex: true}, {Head: "n", W: 7, Right: true, Drop: 4},
		{Head: "p50 " + draw.LaneMark(0), W: 8, Right: true}, {Head: "p50 " + draw.LaneMark(1), W: 8, Right: true},
		{Head: "p99 " + draw.LaneMark(0), W: 8, Right: true}, {Head: "p99 " + draw.LaneMark(1), W: 8, Right: true},
		{Head: "max " + draw.LaneMark(0), W: 8, Right: true, Drop: 7}, {Head: "max " + draw.LaneMark(1), W: 8, Right: true, Drop: 7},
		{Head: "median Δ", W: 9, Right: true, Drop: 3}, {Head: "won", W: 7, Right: true, Drop: 5}, {Head: "p99 ◆/◇", W: 8, Right: true, Drop: 2},
		{Head: "p (Holm)", W: 8, Right: true, Drop: 8},
	}
	device := false
	for i := range p.Sc.V.Stats.Scenarios {
		device = device || HasDevice(&p.Sc.V.Stats.Scenarios[i].Lanes)
	}
	if device {
		cols = append(cols, DeviceColumns()...)
	}
	w, _ := p.Inner()
	strip := minuteWidth(w+40) / 2 // two of them
	var minutes []*stats.Recent
	for i := range p.Sc.V.Stats.Scenarios {
		minutes = append(minutes, p.Sc.V.Stats.Scenarios[i].Recent[:]...)
	}
	scale := scaleOf(minutes...)
	if strip > 0 {
		for l := range stats.Lane(stats.NumLanes) {
			cols = append(cols, draw.Column{Head: minuteHead(draw.LaneMark(l), strip), W: strip, Drop: 9, Bar: true})
		}
	}
	var rows [][]draw.Cell
	for i := range p.Sc.V.Stats.Scenarios {
		r := &p.Sc.V.Stats.Scenarios[i]
		ls := &r.Lanes
		switch {
		case p.Sc.Whole:
			ls = &r.Session
		case p.Sc.Window > 0:
			ls = &r.Window
		}
		e, o := &ls[stats.Eager], &ls[stats.Optimized]
		row := []draw.Cell{
			draw.C(r.Scenario, st.Text), draw.C(draw.Count(o.N), st.Muted),
			quantCell(st, e.P50, st.Lane[0]), quantCell(st, o.P50, st.Lane[1]),
			quantCell(st, e.P99, st.Lane[0]), quantCell(st, o.P99, st.Lane[1]),
			draw.C(draw.DurCol(e.Max), st.Muted), draw.C(draw.DurCol(o.Max), st.Muted),
			draw.C(draw.Signed(r.Pair.MedianDiff), st.Text), draw.C(draw.Pct(r.Pair.ShareWon, 1), st.Muted), draw.C(p99Ratio(e, o), st.Text),
			draw.C(draw.PValue(r.Pair.PHolm), st.Muted),
		}
		if device {
			row = append(row, DeviceCells(st, ls)...)
		}
		for l := range stats.NumLanes {
			row = append(row, scale.cell(st, r.Recent[l], strip, st.Lane[l]))
		}
		rows = append(rows, row)
	}
	of := p.Sc.Scope()
	if p.Sc.Hide {
		of += ", tagged samples too"
	}
	if of != "this segment" {
		of += "; Δ, won and p: this segment"
	}
	title := []draw.Run{draw.R(st.Title, "scenarios"), draw.R(st.Muted, " · "+of), draw.R(st.Muted, "; grey: too few samples")}
	return p.list(title, cols, rows, "no scenario has samples yet")
}

// p99Ratio is optimized over eager; a dash where either is not supported yet.
func p99Ratio(e, o *stats.Summary) string {
	if e.P99.Need > 0 || o.P99.Need > 0 || !(e.P99.Value > 0) {
		return draw.Missing
	}
	return draw.Num(o.P99.Value/e.P99.Value, 2)
}

var SlotQuantiles = Register(Desc{Name: "quantiles", Focus: true, Least: 6, Make: func() Panel { return &quantilesPanel{} }, Want: func(sc *Scene, w int) int {
	return 1 + shownRows(&sc.Lane(stats.Eager).Segment, &sc.Lane(stats.Optimized).Segment)
}})

// quantilesPanel is the full quantile table of both lanes.
type quantilesPanel struct{ listPanel }

var statRows = []quantRow{
	{"p50", func(s *stats.Summary) stats.Quantile { return s.P50 }},
	{"p90", func(s *stats.Summary) stats.Quantile { return s.P90 }},
	{"p95", func(s *stats.Summary) stats.Quantile { return s.P95 }},
	{"p99", func(s *stats.Summary) stats.Quantile { return s.P99 }},
	{"p99.9", func(s *stats.Summary) stats.Quantile { return s.P999 }},
	{"max", plainValue(func(s *stats.Summary) float64 { return s.Max })},
	{"min", plainValue(func(s *stats.Summary) float64 { return s.Min })},
	{"mean", plainValue(func(s *stats.Summary) float64 { return s.Mean })},
	{"mean without the maximum", plainValue(func(s *stats.Summary) float64 { return s.MeanExclMax })},
	{"mean without the top five", plainValue(func(s *stats.Summary) float64 { return s.MeanExclTop5 })},
	{"mean without first samples", plainValue(func(s *stats.Summary) float64 { return s.MeanExclFirst })},
	{"standard deviation", plainValue(func(s *stats.Summary) float64 { return s.Std })},
	{"device p50", OfSamples(.5, func(s *stats.Summary) float64 { return s.DeviceP50 })},
	{"device p99", OfSamples(.99, func(s *stats.Summary) float64 { return s.DeviceP99 })},
	{"first token (TTFT) p50", OfSamples(.5, func(s *stats.Summary) float64 { return s.TTFTP50 })},
	{"first token (TTFT) p99", OfSamples(.99, func(s *stats.Summary) float64 { return s.TTFTP99 })},
	{"between tokens (ITL) p50", plainValue(func(s *stats.Summary) float64 { return s.ITLP50 })},
	{"between tokens (ITL) p99", plainValue(func(s *stats.Summary) float64 { return s.ITLP99 })},
	{"response p50", OfSamples(.5, func(s *stats.Summary) float64 { return s.ResponseP50 })},
	{"response p99", OfSamples(.99, func(s *stats.Summary) float64 { return s.ResponseP99 })},
}

func (p *quantilesPanel) View() string {
	st := p.Sc.St
	e, what := p.Sc.Main(stats.Eager)
	o, _ := p.Sc.Main(stats.Optimized)
	cols := []draw.Column{
		{Head: "", W: 26, Flex: true},
		{Head: draw.LaneMark(0) + " " + p.Sc.LaneName(0), W: 9, Right: true}, {Head: "95 % interval", W: 24, Drop: 4},
		{Head: draw.LaneMark(1) + " " + p.Sc.LaneName(1), W: 11, Right: true}, {Head: "95 % interval", W: 24, Drop: 3},
		{Head: "difference", W: 10, Right: true, Drop: 1}, {Head: "ratio", W: 7, Right: true, Drop: 2},
	}
	var rows [][]draw.Cell
	for _, q := range statRows {
		a, b := q.of(e), q.of(o)
		if !draw.Finite(a.Value) && !draw.Finite(b.Value) {
			continue
		}
		k := st.Text
		if a.Need > 0 || b.Need > 0 {
			k = st.Faint // no better supported than what it is made of
		}
		rows = append(rows, []draw.Cell{
			draw.C(q.name, st.Muted),
			quantCell(st, a, st.Lane[0]), intervalIn(st, a, 24),
			quantCell(st, b, st.Lane[1]), intervalIn(st, b, 24),
			draw.C(draw.Signed(b.Value-a.Value), k), draw.C(draw.Num(b.Value/a.Value, 3), k),
		})
	}
	if slo := p.Sc.V.Session.SLO; draw.Finite(e.SLOMissed) || draw.Finite(o.SLOMissed) {
		rows = append(rows, []draw.Cell{draw.C("later than "+draw.Span(slo), st.Muted), draw.C(draw.Pct(e.SLOMissed, 2), st.Lane[0]), draw.C(sloInterval(e), st.Muted),
			draw.C(draw.Pct(o.SLOMissed, 2), st.Lane[1]), draw.C(sloInterval(o), st.Muted), draw.C("", st.Text), draw.C(draw.Num(o.SLOMissed/e.SLOMissed, 3), st.Text)})
	}
	rows = append(rows, p.plainRows(e, o)...)
	title := []draw.Run{draw.R(st.Title, "quantiles"), draw.R(st.Muted, " · "+what+" · n "+draw.Count(e.N)+alike(e)+" and "+draw.Count(o.N)+alike(o))}
	for _, s := range []*stats.Summary{e, o} {
		if len(s.Warnings) > 0 {
			title = append(title, draw.R(st.Warn, " · ! "+s.Warnings[0]))
			break
		}
	}
	return p.list(title, cols, rows, "no samples yet")
}

// plainRows are figures that are no time.
func (p *quantilesPanel) plainRows(e, o *stats.Summary) (rows [][]draw.Cell) {
	st := p.Sc.St
	for _, f := range []struct {
		name string
		prec int
		of   func(*stats.Summary) float64
	}{
		{p.rate(), 0, func(s *stats.Summary) float64 { return s.TokensPerS }},
		{"executed ÷ real tokens", 2, func(s *stats.Summary) float64 { return s.PaddingTax }},
		{"host overhead, %", 1, func(s *stats.Summary) float64 { return 100 * s.HostShare }},
		{"share of the limit, %", 2, func(s *stats.Summary) float64 { return 100 * s.Limit.Share.Value }},
	} {
		a, b := f.of(e), f.of(o)
		if draw.Finite(a) && a < 1e15 || draw.Finite(b) && b < 1e15 {
			rows = append(rows, []draw.Cell{draw.C(f.name, st.Muted), draw.C(draw.Num(a, f.prec), st.Lane[0]), draw.C("", st.Muted), draw.C(draw.Num(b, f.prec), st.Lane[1]),
				draw.C("", st.Muted), draw.C(draw.Num(b-a, f.prec), st.Text), draw.C(draw.Num(b/a, 3), st.Text)})
		}
	}
	return rows
}

// rate is what TokensPerS counts: a forward pass of any model has no tokens, so
// each request counts as one.
func (p *quantilesPanel) rate() string {
	if p.Sc.V.Session.Mode == "forward" {
		return "requests a second of work"
	}
	return "tokens a second of work"
}

// shownRows counts the statistics that either lane has.
func shownRows(e, o *stats.Summary) (n int) {
	for _, q := range statRows {
		if draw.Finite(q.of(e).Value) || draw.Finite(q.of(o).Value) {
			n++
		}
	}
	if draw.Finite(e.SLOMissed) || draw.Finite(o.SLOMissed) {
		n++
	}
	return n
}

func enterScenario(sc *Scene, row int) (c Choice) {
	if rows := sc.V.Stats.Scenarios; row < len(rows) {
		q := findScenario(sc, rows[row].Scenario)
		c.Find = &q
	}
	return c
}
