package panels

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// One panel for each lane.
var (
	SlotEager     = register(desc{Name: "eager", Focus: true, make: func() Panel { return &LanePanel{Lane: stats.Eager} }})
	SlotOptimized = register(desc{Name: "optimized", Focus: true, make: func() Panel { return &LanePanel{Lane: stats.Optimized} }})
)

// LanePanel shows one lane: what it is, its latency histogram, its quantiles.
type LanePanel struct {
	Pane
	Lane stats.Lane
}

func (p *LanePanel) View() string {
	w, h := p.inner()
	st := p.Sc.St
	title := []draw.Run{draw.R(st.LaneStrong[p.Lane], draw.LaneMark(p.Lane)+" "+p.Sc.laneName(p.Lane))}
	if b := p.Sc.V.Lanes[p.Lane].Backend; b != "" && b != p.Sc.laneName(p.Lane) {
		title = append(title, draw.R(st.Muted, " · "+b))
	}
	return p.frame(title, p.extra(), p.body(w, h))
}

// extra is n, and what was left out of it.
func (p *LanePanel) extra() []draw.Run {
	st := p.Sc.St
	s, what := p.Sc.Main(p.Lane)
	if s.N == 0 {
		return nil
	}
	ex := []draw.Run{draw.R(st.Strong, "n "+draw.Count(s.N))}
	switch {
	case !p.Sc.Compact:
		ex = append(ex, draw.R(st.Muted, " "+what))
	case p.Sc.Hide:
		ex = append(ex, draw.R(st.Tag, " −tagged"))
	case p.Sc.Window > 0:
		ex = append(ex, draw.R(st.Tag, " "+what))
	}
	return ex
}

func (p *LanePanel) body(w, h int) []string {
	if w < 1 || h < 1 {
		return nil
	}
	if s, _ := p.Sc.Main(p.Lane); s.N == 0 && p.Sc.Lane(p.Lane).Session.N == 0 {
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
		out = append(out, histRowsOf(p.Sc, p.Lane, w, histRows)...)
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
func (p *LanePanel) empty(w, h int) []string {
	text := "waiting for the first sample"
	if p.Sc.V.Phase == "starting" || p.Sc.V.Phase == "" {
		text = "loading"
	}
	out := draw.Block(nil, w, h/2)
	return append(out, draw.NewLine(w).Put(p.Sc.St.Muted, text).String())
}

// identity is up to two lines on what runs in this lane and how it is known.
func (p *LanePanel) identity(w, rows int) []string {
	if rows == 0 {
		return nil
	}
	st, la := p.Sc.St, &p.Sc.V.Lanes[p.Lane]
	l := draw.NewLine(w)
	if p.Lane == stats.Optimized && !p.Sc.V.Session.AA {
		word, k := "unknown", st.Muted
		switch la.CompilerReal {
		case "yes":
			word, k = "yes", st.Ok
		case "no":
			word, k = "NO", st.Bad
		}
		l.Put(st.Muted, "compiler-real ").Put(k, word)
		if rows == 1 && la.Limit > 0 {
			l.Put(st.Muted, " · graphs ")
			l.Put(limitInk(st, la.UniqueGraphs, la.Limit), fmt.Sprintf("%d of %d", la.UniqueGraphs, la.Limit))
		} else if la.Why != "" {
			l.Put(st.Muted, " · "+la.Why)
		}
	} else if ev := laneEvidence(p.Sc, p.Lane); ev != "" {
		l.Put(st.Muted, ev)
	}
	out := []string{l.String()}
	if rows > 1 {
		out = append(out, p.Graphs(w))
	}
	return out
}

func laneEvidence(sc *Scene, lane stats.Lane) string {
	la := &sc.V.Lanes[lane]
	switch {
	case la.Evidence != "":
		return la.Evidence
	case la.Why != "":
		return la.Why
	case lane == stats.Eager || sc.V.Session.AA:
		return "not compiled"
	}
	return ""
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

// Graphs is the gauge of executables and what else the evidence counts.
func (p *LanePanel) Graphs(w int) string {
	st, la := p.Sc.St, &p.Sc.V.Lanes[p.Lane]
	l := draw.NewLine(w)
	if la.CompilerReal == "unknown" && la.Why != "" && la.Limit == 0 && la.UniqueGraphs == 0 { // only a label: nobody counted graphs
		if p.Lane == stats.Optimized && la.Compiles > 0 {
			l.Put(st.Muted, draw.Plural(la.Compiles, "compile")+" "+draw.Dur(float64(la.CompileNs)))
		}
		return l.String()
	}
	if p.Lane == stats.Eager || p.Sc.V.Session.AA {
		if la.Checks > 0 {
			o := outputs(st, la, w)
			return l.Put(o.K, o.S).String()
		}
		return l.Put(st.Faint, "no compile can happen here").String()
	}
	k := limitInk(st, la.UniqueGraphs, la.Limit)
	l.Put(st.Muted, "graphs ")
	if la.Limit > 0 {
		if la.Limit <= 24 && w >= 70 {
			full, rest := draw.Gauge(float64(la.UniqueGraphs)/float64(la.Limit), min(la.Limit, 16))
			l.Put(k, full).Put(st.Faint, rest+" ")
		}
		l.Put(k, fmt.Sprintf("%d of %d", la.UniqueGraphs, la.Limit))
	} else {
		l.Put(st.Text, draw.Count(la.UniqueGraphs))
	}
	if la.Fallbacks > 0 {
		l.Phrase(draw.R(st.Muted, " · "), draw.R(st.Warn, draw.Plural(la.Fallbacks, "fallback")))
	}
	if la.Diverged > 0 {
		l.Phrase(draw.R(st.Muted, " · "), outputs(st, la, l.Room()))
	}
	compiles := " · " + draw.Plural(la.Compiles, "compile")
	if la.CompileNs <= 0 || !l.Phrase(draw.R(st.Muted, compiles+" "+draw.Dur(float64(la.CompileNs)))) {
		l.Phrase(draw.R(st.Muted, compiles))
	}
	if la.Checks > 0 && la.Diverged == 0 {
		l.Phrase(draw.R(st.Muted, " · "), outputs(st, la, l.Room()))
	}
	return l.String()
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
