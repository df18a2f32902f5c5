package panels

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotShapes = Register(Desc{Name: "shapes", Sorts: true, Rows: func(sc *Scene) int { return len(sc.V.Stats.Shapes) }, Enter: enterShape, Focus: true, Least: 6, Make: func() Panel { return &shapesPanel{} }})

// shapesPanel lists the executed shapes of the optimized lane and whether
// compiling each has paid.
type shapesPanel struct{ listPanel }

func (p *shapesPanel) View() string {
	st := p.Sc.St
	cols := []draw.Column{
		{Head: "shape", W: 10, Flex: true}, {Head: "strategy", W: 10, Drop: 9}, {Head: "n", W: 7, Right: true},
		{Head: "p50 " + draw.LaneMark(0), W: 8, Right: true, Drop: 3}, {Head: "p50 " + draw.LaneMark(1), W: 8, Right: true, Drop: 2},
		{Head: "p99 " + draw.LaneMark(0), W: 8, Right: true, Drop: 7}, {Head: "p99 " + draw.LaneMark(1), W: 8, Right: true, Drop: 6},
		{Head: "compile", W: 8, Right: true}, {Head: "saved so far", W: 12, Right: true, Drop: 1}, {Head: "pays back", W: 18, Right: true},
		{Head: "padding ×", W: 9, Right: true, Drop: 4}, {Head: "first seen", W: 10, Right: true, Drop: 8},
		{Head: "first run", W: 9, Right: true, Drop: 6},
	}
	w, _ := p.Inner()
	strip, scale := minuteWidth(w), shapesScale(p.Sc.V.Stats.Shapes)
	if strip > 0 {
		cols = append(cols, draw.Column{Head: minuteHead(draw.LaneMark(stats.Optimized), strip), W: strip, Drop: 5, Bar: true})
	}
	if severalStrategies(p.Sc.V.Stats.Shapes) {
		cols[1].Drop = 0 // without it one shape would stand there twice
	}
	windowed, scope := p.Sc.windowed() && !p.Sc.Hide, "whole session, p50/p99 clean"
	if windowed {
		scope = "n, p50, p99: " + p.Sc.Scope() + "; else whole session"
	}
	var rows [][]draw.Cell
	for i := range p.Sc.V.Stats.Shapes {
		s := &p.Sc.V.Stats.Shapes[i]
		e, o, n := &s.Clean[stats.Eager], &s.Clean[stats.Optimized], s.N
		if windowed {
			e, o, n = &s.Window[stats.Eager], &s.Window[stats.Optimized], s.Window[stats.Optimized].N
		}
		saved := st.Ok
		if s.SavedNs < 0 {
			saved = st.Warn
		}
		back, bk := Payback(st, s)
		rows = append(rows, []draw.Cell{
			draw.C(s.Shape, st.Text), draw.C(s.Strategy, st.Muted), draw.C(draw.Count(n), st.Text),
			quantCell(st, e.P50, st.Lane[0]), quantCell(st, o.P50, st.Lane[1]),
			quantCell(st, e.P99, st.Lane[0]), quantCell(st, o.P99, st.Lane[1]), draw.C(cost(s.CompileNs), st.Muted),
			draw.C(draw.Signed(s.SavedNs), saved), draw.C(back, bk), draw.C(draw.Num(s.PaddingTax, 2), st.Muted), draw.C(draw.Clock(p.Sc.Since(s.FirstSeenNs)), st.Faint), draw.C(cost(s.FirstNs), st.Muted),
			scale.cell(st, s.Recent, strip, st.Lane[stats.Optimized]),
		})
	}
	note := " · " + draw.Count(len(rows)) + " executed in the optimized lane"
	if p.Sc.Past != 0 && len(rows) == HistoryShapes {
		note = " · the first " + draw.Count(len(rows)) + ", which is all that is kept of the past"
	}
	title := []draw.Run{draw.R(st.Title, "shapes"), draw.R(st.Muted, " · "+scope), draw.R(st.Muted, note)}
	if ns := p.Sc.V.Stats.PaddingNs; ns > 0 {
		title = append(title, draw.R(st.Muted, " · padding took about "+draw.Brief(ns)+" of this segment"))
	}
	return p.list(title, cols, rows, "no shape has run yet")
}

func shapesScale(shapes []stats.ShapeRow) minuteScale {
	all := make([]*stats.Recent, len(shapes))
	for i := range shapes {
		all[i] = shapes[i].Recent
	}
	return scaleOf(all...)
}

func enterShape(sc *Scene, row int) (c Choice) {
	if rows := sc.V.Stats.Shapes; row < len(rows) {
		q := FindShape(sc, rows[row].Shape)
		c.Find = &q
	}
	return c
}

// enterPlan applies a row of the advisor exactly as it is shown.
func enterPlan(sc *Scene, row int) (c Choice) {
	if plans := sc.V.Stats.Advisor; row < len(plans) {
		c.Command = &view.Command{Action: view.ActEdges, Edges: plans[row].Edges}
		c.Say = "bucketing at " + edges(plans[row].Edges) + " asked for; predicted p99 " + draw.Brief(plans[row].PredictedP99)
	}
	return c
}

func severalStrategies(shapes []stats.ShapeRow) bool {
	for i := range shapes {
		if shapes[i].Strategy != shapes[0].Strategy {
			return true
		}
	}
	return false
}

// cost is a time that something took, a dash for none.
func cost(ns int64) string {
	if ns <= 0 {
		return draw.Missing
	}
	return draw.DurCol(float64(ns))
}

// Payback says after how many further requests a shape's compiles have paid,
// in grey where the medians that say so rest on too few samples.
func Payback(st *draw.Styles, s *stats.ShapeRow) (string, draw.Ink) {
	e, o := &s.Clean[stats.Eager].P50, &s.Clean[stats.Optimized].P50
	few := e.Need > 0 || o.Need > 0
	switch {
	case s.CompileNs <= 0:
		return draw.Missing, st.Muted // nothing was paid
	case s.BreakEven == 0:
		return "paid back", st.Ok
	case s.BreakEven == stats.BreakEvenUntold:
		return "~ not told apart", st.Muted
	case s.BreakEven < 0 && !(draw.Finite(e.Value) && draw.Finite(o.Value)):
		return "not known yet", st.Muted // what a request saves
	case s.BreakEven < 0 && few:
		return "never at this rate", st.Faint
	case s.BreakEven < 0:
		return "never at this rate", st.Warn
	case few:
		return "after " + draw.Count(s.BreakEven) + " more", st.Faint
	}
	return "after " + draw.Count(s.BreakEven) + " more", st.Muted
}

var SlotGauges = Register(Desc{Name: "gauges", Focus: true, Least: 3, Make: func() Panel { return &GaugesPanel{} }, Want: func(sc *Scene, w int) int { return len(sc.V.Stats.Gauges) }})

// executables counts them against their limit, 0 where it is unknown.
func executables(n, limit int) string {
	if limit == 0 {
		return draw.Count(n)
	}
	return draw.Count(n) + " of " + draw.Count(limit)
}

// GaugesPanel shows the recompile limit as it fills, per mode and strategy.
type GaugesPanel struct{ Pane }

func (p *GaugesPanel) View() string {
	st := p.Sc.St
	w, _ := p.Inner()
	title := []draw.Run{draw.R(st.Title, "recompile limit")}
	var out []string
	for _, g := range p.Sc.V.Stats.Gauges {
		k := limitInk(st, g.Used, g.Limit)
		l := draw.NewLine(w).Put(st.Text, draw.Left(g.Mode+" "+g.Strategy, min(22, w/3))).Gap(1)
		if g.Limit > 0 {
			full, rest := draw.Gauge(float64(g.Used)/float64(g.Limit), max(4, min(g.Limit, w/5)))
			l.Put(k, full).Put(st.Faint, rest).Gap(1)
		}
		l.Put(k, executables(g.Used, g.Limit))
		if g.Reached {
			l.Put(st.Bad, "  reached: new shapes run eager")
		}
		for _, s := range gaugeWords(&g) {
			if l.Room() > draw.Cells(s)+2 {
				l.Put(st.Muted, "  "+s)
				break
			}
		}
		out = append(out, l.String())
	}
	if len(out) == 0 {
		out = append(out, draw.NewLine(w).Put(st.Muted, "no executable has been made yet").String())
	}
	return p.Frame(title, nil, out)
}

// gaugeWords say how fast the gauge fills and what it forecasts, the longest
// first: the counts that the sentence begins with stand before it already, and
// that the limit is reached.
func gaugeWords(g *stats.Gauge) []string {
	_, rest, _ := strings.Cut(g.Sentence, ": ")
	short, _, _ := strings.Cut(rest, ", ")
	if g.Forecast > 0 {
		short = "limit in about " + draw.Count(g.Forecast) + " requests"
	}
	says := slices.DeleteFunc([]string{g.Sentence, rest, short}, func(s string) bool { return s == "" || g.Reached })
	if !draw.Finite(g.Per100) {
		return says
	}
	rate := draw.Num(g.Per100, 1) + " compiles per 100 requests"
	var out []string
	for _, s := range says {
		out = append(out, rate+" · "+s)
	}
	if rest != "" && !g.Reached {
		out = append(out, short) // before the rate alone
	}
	return append(out, rate)
}

var SlotAdvisor = Register(Desc{Name: "advisor", Rows: func(sc *Scene) int { return len(sc.V.Stats.Advisor) }, Enter: enterPlan, EnterWord: "applies these edges", Focus: true, Least: 5, Make: func() Panel { return &advisorPanel{} }})

// advisorPanel lists the best bucket edges for what was observed.
type advisorPanel struct{ listPanel }

func (p *advisorPanel) View() string {
	st := p.Sc.St
	cols := []draw.Column{
		{Head: "", W: 2}, {Head: "k", W: 2, Right: true}, {Head: "bucket edges (tokens)", W: 16, Flex: true}, {Head: "waste", W: 7, Right: true}, {Head: "compiles", W: 8, Right: true, Drop: 3},
		{Head: "p50 predicted", W: 13, Right: true, Drop: 2}, {Head: "p99 predicted", W: 13, Right: true, Drop: 1}, {Head: "p50 measured", W: 12, Right: true, Drop: 5}, {Head: "p99 measured", W: 12, Right: true, Drop: 4},
	}
	var rows [][]draw.Cell
	for _, b := range p.Sc.V.Stats.Advisor {
		mark, k := "", st.Text
		if b.Chosen {
			mark, k = "▶", st.Strong
		}
		rows = append(rows, []draw.Cell{draw.C(mark, st.Ok), draw.C(strconv.Itoa(len(b.Edges)), k), draw.C(edges(b.Edges)+PlanNote(&b), k), draw.C(draw.Pct(b.Waste, 0), st.Muted), draw.C(strconv.Itoa(b.Compiles), st.Muted),
			draw.C(draw.DurCol(b.PredictedP50), k), draw.C(draw.DurCol(b.PredictedP99), k), draw.C(draw.DurCol(b.MeasuredP50), st.Lane[1]), draw.C(draw.DurCol(b.MeasuredP99), st.Lane[1])})
	}
	what := "seen so far"
	if plans := p.Sc.V.Stats.Advisor; len(plans) > 0 && plans[0].N > 0 {
		what = "of " + draw.Count(plans[0].N) + " requests"
	}
	return p.list([]draw.Run{draw.R(st.Title, "bucket advisor"), draw.R(st.Muted, " · the best edges for the lengths "+what+"; ▶ is the best")}, cols, rows, "the advisor needs more requests")
}

// PlanNote tells the edges that are applied, and those that were asked about,
// from those that the advisor found, and those that the recompile limit does
// not allow.
func PlanNote(b *stats.BucketPlan) string {
	s := ""
	switch {
	case draw.Finite(b.MeasuredP50):
		s = " · in force"
	case b.Asked:
		s = " · asked"
	}
	if b.Over > 0 {
		s += " · needs " + draw.Count(b.Compiles+b.Over) + ", the limit is " + draw.Count(b.Compiles) + ": the rest runs eager"
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

// HistoryShapes is how many rows of the table of shapes are kept of the past.
const HistoryShapes = 64
