package panels

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotCompare = Register(Desc{Name: "compare", Focus: true, Least: 4, Make: func() Panel { return &ComparePanel{} }})

// ComparePanel sets the lanes against each other: their histograms mirrored on
// one axis, and a table of quantiles with the difference beside.
type ComparePanel struct{ Pane }

func (p *ComparePanel) View() string {
	if p.Sc.Compact {
		return p.bare()
	}
	w, h := p.Inner()
	title := p.title()
	id := []string{}
	if h >= 12 {
		id = append(p.identity(w), p.gauge(w)...)
	}
	rows := min(len(compareRows)+1, max(3, (h-len(id))*45/100))
	if h-len(id)-rows < 5 {
		rows = h - len(id)
	}
	out := append(id, p.hist(w, h-len(id)-rows)...)
	return p.Frame(title, p.counts(), append(out, p.table(w, rows)...))
}

// bare is the table alone, its heading in the place of a title.
func (p *ComparePanel) bare() string {
	if e, o := p.Sc.Lane(0), p.Sc.Lane(1); e.Session.N == 0 && o.Session.N == 0 {
		return p.Bare(draw.NewLine(p.W).Put(p.Sc.St.Muted, "waiting for the first sample").String())
	}
	return p.Bare(p.table(p.W, p.H)...)
}

func (p *ComparePanel) title() []draw.Run {
	st := p.Sc.St
	out := []draw.Run{draw.R(st.LaneStrong[0], "◇ "+p.Sc.LaneName(0)), draw.R(st.Muted, " against "), draw.R(st.LaneStrong[1], "◆ "+p.Sc.LaneName(1))}
	if x := p.Sc.V.Lanes[stats.Eager].Precision; x != "" {
		out = append(out, draw.R(st.Muted, " · "+x))
	}
	return out
}

// counts is n and the stretch of time.
func (p *ComparePanel) counts() []draw.Run {
	st := p.Sc.St
	e, what := p.Sc.Main(0)
	o, _ := p.Sc.Main(1)
	good := alike
	if p.W < 76 { // rather both lanes' names
		good = func(*stats.Summary) string { return "" }
	}
	n := draw.Count(e.N) + good(e)
	if e.N != o.N {
		n += " and " + draw.Count(o.N) + good(o)
	}
	k := st.Muted
	if p.Sc.Hide {
		k = st.Tag
	}
	return []draw.Run{draw.R(st.Strong, "n "+n), draw.R(k, " "+what)}
}

// identity says what runs in the lanes and how that is known.
func (p *ComparePanel) identity(w int) []string {
	st, la := p.Sc.St, &p.Sc.V.Lanes[stats.Optimized]
	l := draw.NewLine(w)
	if p.Sc.V.Session.AA {
		l.Put(st.Muted, "A/A: both lanes are eager sessions, what differs is noise")
		return []string{l.String()}
	}
	known := "compiler-real "
	if e := p.Sc.V.Lanes[stats.Eager].Label; e != "" || la.Label != "" { // a result of another tool: which of its labels is which
		half := max(0, w/2-2)
		l.Put(st.Lane[0], draw.Fit("◇ "+cmp.Or(e, draw.Missing), half)).Put(st.Muted, " · ").Put(st.Lane[1], draw.Fit("◆ "+cmp.Or(la.Label, draw.Missing), half))
		known = " · " + known
	}
	word, k := "unknown", st.Muted
	switch la.CompilerReal {
	case "yes":
		word, k = "yes", st.Ok
	case "no":
		word, k = "NO", st.Bad
	}
	l.Phrase(draw.R(st.Muted, known), draw.R(k, word))
	if la.Limit > 0 || la.UniqueGraphs > 0 {
		l.Phrase(draw.R(st.Muted, " · executables "), draw.R(limitInk(st, la.UniqueGraphs, la.Limit), executables(la.UniqueGraphs, la.Limit)))
	}
	if la.CompileNs > 0 {
		l.Phrase(draw.R(st.Muted, " · "+draw.Plural(la.Compiles, "compile")+" "+draw.Brief(float64(la.CompileNs))))
	}
	if la.Fallbacks > 0 {
		l.Phrase(draw.R(st.Muted, " · "), draw.R(st.Warn, draw.Plural(la.Fallbacks, "fallback")))
	}
	if la.Checks > 0 {
		l.Phrase(draw.R(st.Muted, " · "), outputs(st, la, l.Room()))
	}
	return []string{l.String()}
}

// compareRows are the statistics of the table, in the order in which they
// stand; the most telling have the lowest rank.
var compareRows = []struct {
	quantRow
	rank int
}{
	{statRows[0], 0}, {statRows[1], 4}, {statRows[2], 6}, {statRows[3], 1}, {statRows[4], 5}, {statRows[5], 2}, {statRows[7], 3},
}

// table is the heading and as many statistics as h−1 rows hold.
func (p *ComparePanel) table(w, h int) []string {
	st := p.Sc.St
	e, what := p.Sc.Main(stats.Eager)
	o, _ := p.Sc.Main(stats.Optimized)
	head, first := headWord(what), 7
	if p.Sc.Compact && w >= 60 {
		head, first = head+" n "+draw.Short0(e.N), 15
	}
	cols := []draw.Column{
		{Head: head, W: first}, {Head: "◇ " + p.Sc.LaneName(0), W: 9, Right: true}, {Head: "95 % interval", W: 18, Drop: 3},
		{Head: "◆ " + p.Sc.LaneName(1), W: 11, Right: true}, {Head: "95 % interval", W: 18, Drop: 2},
		{Head: "difference", W: 10, Right: true, Drop: 1}, {Head: "ratio", W: 6, Right: true, Drop: 4},
	}
	if w < 60 {
		cols[5].Drop = 5
	}
	var rows [][]draw.Cell
	for i := range compareRows {
		if compareRows[i].rank >= h-1 {
			continue
		}
		q := compareRows[i].quantRow
		a, b := q.of(e), q.of(o)
		k := st.Text
		if a.Need > 0 || b.Need > 0 {
			k = st.Faint
		}
		rows = append(rows, []draw.Cell{
			draw.C(q.name, st.Muted), quantCell(st, a, st.LaneStrong[0]), intervalIn(st, a, 18),
			quantCell(st, b, st.LaneStrong[1]), intervalIn(st, b, 18),
			draw.C(draw.Signed(b.Value-a.Value), k), draw.C(draw.Num(b.Value/a.Value, 2), k)})
	}
	return draw.Table(st, cols, rows, w, h, 0)
}

func intervalIn(st *draw.Styles, q stats.Quantile, w int) draw.Cell {
	switch {
	case q.Need > 0:
		return draw.C(needText(q.Need, w), st.Faint)
	case draw.Finite(q.Lo) && draw.Finite(q.Hi):
		return draw.C(interval(q.Lo, q.Hi, w), st.Muted)
	}
	return draw.C(tooAlike(q), st.Faint)
}

// tooAlike stands where an interval would be that no one may trust.
func tooAlike(q stats.Quantile) string {
	if q.Alike {
		return "too alike to tell"
	}
	return ""
}

// hist draws both lanes on one axis in h rows: eager above it, optimized
// hanging below.
func (p *ComparePanel) hist(w, h int) []string {
	if h < 5 {
		return nil
	}
	sc, st := p.Sc, p.Sc.St
	he, ho := sc.hist(stats.Eager), sc.hist(stats.Optimized)
	a, ok := draw.NewHistAxis(w, he, ho)
	if !ok {
		return draw.Block([]string{draw.NewLine(w).Put(st.Muted, "no samples in this stretch yet").String()}, w, h)
	}
	ce, te := a.Counts(he, sc.Hide)
	co, to := a.Counts(ho, sc.Hide)
	top := 0.0
	for i := range ce {
		top = max(top, ce[i]+te[i], co[i]+to[i])
	}
	up := (h - 1) / 2
	down := h - 2 - up
	out := draw.ColumnsOf(ce, te, top, up, sc.Linear, st, st.Lane[0])
	out = append(out, p.rule(a))
	out = append(out, draw.ColumnsDown(co, to, top, down, sc.Linear, st, st.Lane[1])...)
	return append(out, histLabels(sc, a))
}

// rule is the axis, with p50 and p99 of both lanes on it.
func (p *ComparePanel) rule(a draw.HistAxis) string {
	st := p.Sc.St
	cells := make([]draw.Cell, a.Cols)
	for i := range cells {
		cells[i] = draw.C("─", st.Border)
	}
	for _, t := range a.Ticks() {
		cells[t.Col] = draw.C("┼", st.Border)
	}
	for l := range stats.Lane(stats.NumLanes) {
		s, _ := p.Sc.Main(l)
		for _, q := range []stats.Quantile{s.P50, s.P99} {
			name := draw.LaneMark(l) + draw.Quantile(q.Q)
			c := a.Col(q.Value)
			if c < 0 || q.Q == 0 {
				continue
			}
			c = max(0, min(c, a.Cols-4))
			for c+4 <= a.Cols && slices.ContainsFunc(cells[c:c+4], func(x draw.Cell) bool { return x.S != "─" && x.S != "┼" }) {
				c++
			}
			if c+4 > a.Cols {
				continue
			}
			for i, r := range []rune(name) {
				if i < 4 {
					cells[c+i] = draw.C(string(r), st.LaneStrong[l])
				}
			}
		}
	}
	var s draw.Strip
	for _, c := range cells {
		s.Add(c.K, c.S)
	}
	return s.String()
}

func limitInk(st *draw.Styles, used, limit int) draw.Ink {
	switch {
	case limit > 0 && used >= limit:
		return st.Bad
	case limit > 0 && used*4 >= limit*3:
		return st.Warn
	}
	return st.Text
}

// outputs says whether the lanes' outputs agree.
func outputs(st *draw.Styles, la *view.Lane, room int) draw.Run {
	if la.Diverged > 0 {
		return draw.R(st.Bad, fmt.Sprintf("%d of %d outputs DIFFER", la.Diverged, la.Checks))
	}
	s := draw.Plural(la.Checks, "output") + " equal"
	if more := s + fmt.Sprintf(" (rel. L2 ≤ %.0e)", la.MaxRelL2); draw.Finite(la.MaxRelL2) && la.MaxRelL2 > 0 && draw.Cells(more)+3 <= room {
		s = more
	}
	return draw.R(st.Muted, s)
}

// alike says how few independent samples would tell as much, where neighbours
// are so alike that it is less than half of them.
func alike(s *stats.Summary) string {
	if s.Effective <= 0 || 2*s.Effective >= float64(s.N) {
		return ""
	}
	return " (as good as " + draw.Count(int(s.Effective)) + ")"
}

// histLabels are the values below a histogram.
func histLabels(sc *Scene, a draw.HistAxis) string {
	l := draw.NewLine(a.Cols)
	for _, t := range a.Ticks() {
		l.To(t.At).Put(sc.St.Muted, t.Label)
	}
	return l.String()
}
