package tui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

var slotShapes = register(desc{name: "shapes", focus: true, least: 6, make: func() panel { return &shapesPanel{} }, want: func(sc *scene, w int) int { return 1 + len(sc.v.Stats.Shapes) }})

// shapesPanel lists the executed shapes of the optimized lane and whether
// compiling each has paid.
type shapesPanel struct{ listPanel }

func (p *shapesPanel) view() string {
	st := p.sc.st
	cols := []column{
		{head: "shape", w: 10, flex: true}, {head: "strategy", w: 10, drop: 6}, {head: "n", w: 7, right: true},
		{head: "p50 " + laneMark(0), w: 8, right: true, drop: 3}, {head: "p50 " + laneMark(1), w: 8, right: true, drop: 2},
		{head: "p99 " + laneMark(0), w: 8, right: true, drop: 8}, {head: "p99 " + laneMark(1), w: 8, right: true, drop: 7},
		{head: "compile", w: 8, right: true}, {head: "saved so far", w: 12, right: true, drop: 1}, {head: "pays back", w: 18, right: true},
		{head: "padding ×", w: 9, right: true, drop: 4}, {head: "first seen", w: 10, right: true, drop: 5},
	}
	if severalStrategies(p.sc.v.Stats.Shapes) {
		cols[1].drop = 0 // without it one shape would stand there twice
	}
	var rows [][]cell
	for i := range p.sc.v.Stats.Shapes {
		s := &p.sc.v.Stats.Shapes[i]
		e, o := &s.Clean[stats.Eager], &s.Clean[stats.Optimized]
		saved := st.ok
		if s.SavedNs < 0 {
			saved = st.warn
		}
		back, bk := payback(st, s)
		rows = append(rows, []cell{
			{s.Shape, st.text}, {s.Strategy, st.muted}, {count(s.N), st.text},
			quantCell(st, e.P50.Value, e.P50.Need, st.lane[0]), quantCell(st, o.P50.Value, o.P50.Need, st.lane[1]),
			quantCell(st, e.P99.Value, e.P99.Need, st.lane[0]), quantCell(st, o.P99.Value, o.P99.Need, st.lane[1]), {compileText(s.CompileNs), st.muted},
			{signed(s.SavedNs), saved}, {back, bk}, {num(s.PaddingTax, 2), st.muted}, {clock(p.sc.since(s.FirstSeenNs)), st.faint},
		})
	}
	note := " · " + count(len(rows)) + " executed in the optimized lane"
	if p.sc.past != 0 && len(rows) == historyShapes {
		note = " · the first " + count(len(rows)) + ", which is all that is kept of the past"
	}
	title := []run{{st.title, "shapes"}, {st.muted, note}}
	return p.list(title, cols, rows, "no shape has run yet")
}

func severalStrategies(shapes []stats.ShapeRow) bool {
	for i := range shapes {
		if shapes[i].Strategy != shapes[0].Strategy {
			return true
		}
	}
	return false
}

func compileText(ns int64) string {
	if ns <= 0 {
		return missing
	}
	return durCol(float64(ns))
}

// payback says after how many further requests a shape's compiles have paid,
// in grey where the medians that say so rest on too few samples.
func payback(st *styles, s *stats.ShapeRow) (string, ink) {
	e, o := &s.Clean[stats.Eager].P50, &s.Clean[stats.Optimized].P50
	few := e.Need > 0 || o.Need > 0
	switch {
	case s.CompileNs <= 0:
		return missing, st.muted // nothing was paid
	case s.BreakEven == 0:
		return "paid back", st.ok
	case s.BreakEven < 0 && !(finite(e.Value) && finite(o.Value)):
		return "not known yet", st.muted // what a request saves
	case s.BreakEven < 0 && few:
		return "never at this rate", st.faint
	case s.BreakEven < 0:
		return "never at this rate", st.warn
	case few:
		return "after " + count(s.BreakEven) + " more", st.faint
	}
	return "after " + count(s.BreakEven) + " more", st.muted
}

var slotGauges = register(desc{name: "gauges", focus: true, least: 3, make: func() panel { return &gaugesPanel{} }, want: func(sc *scene, w int) int { return len(sc.v.Stats.Gauges) }})

// gaugesPanel shows the recompile limit as it fills, per mode and strategy.
type gaugesPanel struct{ pane }

func (p *gaugesPanel) view() string {
	st := p.sc.st
	w, h := p.inner()
	title := []run{{st.title, "recompile limit"}}
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	var out []string
	for _, g := range p.sc.v.Stats.Gauges {
		k := limitInk(st, g.Used, g.Limit)
		l := newLine(w).put(st.text, left(g.Mode+" "+g.Strategy, min(22, w/3))).gap(1)
		if g.Limit > 0 {
			full, rest := gauge(float64(g.Used)/float64(g.Limit), max(4, min(g.Limit, w/5)))
			l.put(k, full).put(st.faint, rest).gap(1)
		}
		l.put(k, fmt.Sprintf("%d of %d", g.Used, g.Limit))
		if g.Reached {
			l.put(st.bad, "  reached: new shapes run eager")
		}
		for _, s := range gaugeWords(&g) {
			if l.room() > cells(s)+2 {
				l.put(st.muted, "  "+s)
				break
			}
		}
		out = append(out, l.String())
	}
	if len(out) == 0 {
		out = append(out, newLine(w).put(st.muted, "no executable has been made yet").String())
	}
	return p.frame(title, nil, out)
}

// gaugeWords say how fast the gauge fills and what it forecasts, the longest
// first: the counts that the sentence begins with stand before it already.
func gaugeWords(g *stats.Gauge) []string {
	says := []string{g.Sentence}
	if _, rest, ok := strings.Cut(g.Sentence, ": "); ok {
		says = append(says, rest)
	}
	short := "limit in about " + count(g.Forecast) + " requests"
	if g.Forecast > 0 {
		says = append(says, short)
	}
	if !finite(g.Per100) {
		return says
	}
	rate := num(g.Per100, 1) + " compiles per 100 requests"
	var out []string
	for _, s := range says {
		if s != "" {
			out = append(out, rate+" · "+s)
		}
	}
	if g.Forecast > 0 {
		out = append(out, short) // before the rate alone
	}
	return append(out, rate)
}

var slotAdvisor = register(desc{name: "advisor", focus: true, least: 5, make: func() panel { return &advisorPanel{} }, want: func(sc *scene, w int) int { return 1 + len(sc.v.Stats.Advisor) }})

// advisorPanel lists the best bucket edges for what was observed.
type advisorPanel struct{ listPanel }

func (p *advisorPanel) view() string {
	st := p.sc.st
	cols := []column{
		{head: "", w: 2}, {head: "k", w: 2, right: true}, {head: "bucket edges (tokens)", w: 16, flex: true}, {head: "waste", w: 7, right: true}, {head: "compiles", w: 8, right: true, drop: 3},
		{head: "p50 predicted", w: 13, right: true, drop: 2}, {head: "p99 predicted", w: 13, right: true, drop: 1}, {head: "p50 measured", w: 12, right: true, drop: 5}, {head: "p99 measured", w: 12, right: true, drop: 4},
	}
	var rows [][]cell
	for _, b := range p.sc.v.Stats.Advisor {
		mark, k := "", st.text
		if b.Chosen {
			mark, k = "▶", st.strong
		}
		rows = append(rows, []cell{{mark, st.ok}, {strconv.Itoa(len(b.Edges)), k}, {edges(b.Edges) + planNote(&b), k}, {pct(b.Waste, 0), st.muted}, {strconv.Itoa(b.Compiles), st.muted},
			{durCol(b.PredictedP50), k}, {durCol(b.PredictedP99), k}, {durCol(b.MeasuredP50), st.lane[1]}, {durCol(b.MeasuredP99), st.lane[1]}})
	}
	what := "seen so far"
	if plans := p.sc.v.Stats.Advisor; len(plans) > 0 && plans[0].N > 0 {
		what = "of " + count(plans[0].N) + " requests"
	}
	return p.list([]run{{st.title, "bucket advisor"}, {st.muted, " · the best edges for the lengths " + what + "; b applies bucketing"}}, cols, rows, "the advisor needs more requests")
}

// planNote tells the edges that are applied, and those that were asked about,
// from those that the advisor found, and those that the recompile limit does
// not allow.
func planNote(b *stats.BucketPlan) string {
	s := ""
	switch {
	case finite(b.MeasuredP50):
		s = " · in force"
	case b.Asked:
		s = " · asked"
	}
	if b.Over > 0 {
		s += " · needs " + count(b.Compiles+b.Over) + ", the limit is " + count(b.Compiles) + ": the rest runs eager"
	}
	return s
}

func edges(xs []int) string {
	var s []string
	for _, x := range xs {
		s = append(s, strconv.Itoa(x))
	}
	return strings.Join(s, " ")
}
