package tui

import (
	"fmt"

	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/stats"
)

// One panel for each lane.
var (
	slotEager     = register(desc{name: "eager", focus: true, make: func() panel { return &lanePanel{lane: stats.Eager} }})
	slotOptimized = register(desc{name: "optimized", focus: true, make: func() panel { return &lanePanel{lane: stats.Optimized} }})
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
	switch {
	case !p.sc.compact:
		ex = append(ex, run{st.muted, " " + what})
	case p.sc.hide:
		ex = append(ex, run{st.tag, " −tagged"})
	case p.sc.window > 0:
		ex = append(ex, run{st.tag, " " + what})
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
	if la.CompilerReal == "unknown" && la.Why != "" && la.Limit == 0 && la.UniqueGraphs == 0 { // only a label: nobody counted graphs
		if p.lane == stats.Optimized && la.Compiles > 0 {
			l.put(st.muted, plural(la.Compiles, "compile")+" "+dur(float64(la.CompileNs)))
		}
		return l.String()
	}
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
		l.phrase(run{st.muted, " · "}, run{st.warn, plural(la.Fallbacks, "fallback")})
	}
	if la.Diverged > 0 {
		l.phrase(run{st.muted, " · "}, outputs(st, la, l.room()))
	}
	compiles := " · " + plural(la.Compiles, "compile")
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
	s := plural(la.Checks, "output") + " equal"
	if more := s + fmt.Sprintf(" (rel. L2 ≤ %.0e)", la.MaxRelL2); finite(la.MaxRelL2) && la.MaxRelL2 > 0 && cells(more)+3 <= room {
		s = more
	}
	return run{st.muted, s}
}
