package tui

import (
	"fmt"

	"tailscope/stats"
)

// verdictPanel says in sentences which lane wins, where, and by how much.
type verdictPanel struct{ pane }

func (p *verdictPanel) view() string {
	st := p.sc.st
	if p.sc.compact {
		return p.bare()
	}
	w, h := p.inner()
	title := []run{{st.title, "verdict"}}
	var out []string
	pair := p.pairLine(w)
	for _, s := range wrap(p.sentence(), w, max(1, h-1)) {
		out = append(out, newLine(w).put(p.sentenceInk(), s).String())
	}
	return p.frame(title, p.winners(), append(out, pair))
}

// bare is the verdict without a frame, for small screens.
func (p *verdictPanel) bare() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	text := wrap(p.sentence(), p.w-2, p.h)
	var out []string
	for i, s := range text {
		l := newLine(p.w)
		if i == 0 {
			l.put(p.sentenceInk(), "▌ ")
		} else {
			l.gap(2)
		}
		out = append(out, l.put(p.sentenceInk(), s).String())
	}
	if p.h > len(out) {
		out = append(out, p.pairLine(p.w))
	}
	return join(block(out, p.w, p.h))
}

func (p *verdictPanel) sentence() string {
	v := &p.sc.v.Stats.Verdict
	switch {
	case v.Sentence != "":
		return v.Sentence
	case !p.sc.started():
		return "No verdict before the first samples."
	}
	return "Too few samples for a verdict."
}

func (p *verdictPanel) sentenceInk() ink {
	st := p.sc.st
	switch p.sc.v.Stats.Verdict.Code {
	case "agree":
		return st.ok
	case "flip":
		return st.warn
	case "not_compiler_real":
		return st.bad
	}
	return st.text
}

// winners is "mean ◇ eager  p50 ◆ optimized  p99 ◇ eager".
func (p *verdictPanel) winners() []run {
	v, st := &p.sc.v.Stats.Verdict, p.sc.st
	var out []run
	for _, x := range []struct{ name, who string }{{"mean", v.WinnerMean}, {"p50", v.WinnerP50}, {"p99", v.WinnerP99}} {
		if x.who == "" {
			continue
		}
		gap := ""
		if len(out) > 0 {
			gap = "   "
		}
		out = append(out, run{st.muted, gap + x.name + " "})
		if l, err := stats.ParseLane(x.who); err == nil {
			out = append(out, run{st.lane[l], laneMark(l) + " " + p.sc.laneName(l)})
		} else {
			out = append(out, run{st.muted, "~ no difference"})
		}
	}
	return out
}

// pairLine tells the paired comparison, the most telling figures first.
func (p *verdictPanel) pairLine(w int) string {
	st, pr := p.sc.st, &p.sc.v.Stats.Pair
	l := newLine(w)
	if p.sc.compact {
		l.gap(2)
	}
	if pr.N == 0 {
		if p.sc.v.Session.Pairing != "" && p.sc.v.Session.Pairing != "interleaved" {
			return l.put(st.muted, "no pairs: pairing is "+p.sc.v.Session.Pairing+" (i changes it)").String()
		}
		return l.put(st.muted, "no pairs yet").String()
	}
	for i, s := range pairFacts(pr) {
		if i > 0 {
			s = " · " + s
		}
		if cells(s) > l.room() {
			continue
		}
		k := st.muted
		if i == 0 {
			k = st.strong
		}
		l.put(k, s)
	}
	return l.String()
}

func pairFacts(pr *stats.PairView) []string {
	var out []string
	if finite(pr.Crossover) {
		switch {
		case pr.Crossover <= 0:
			out = append(out, "optimized loses at every quantile")
		case pr.Crossover >= 1:
			out = append(out, "optimized wins at every quantile")
		default:
			out = append(out, "optimized wins up to "+quantile(pr.Crossover)+", loses beyond")
		}
	}
	d := "median optimized − eager " + signed(pr.MedianDiff)
	if finite(pr.DiffLo) && finite(pr.DiffHi) {
		d += " [" + signed(pr.DiffLo) + ", " + signed(pr.DiffHi) + "]"
	}
	if finite(pr.NoiseNs) && pr.NoiseNs > 0 && finite(pr.MedianDiff) && pr.MedianDiff < pr.NoiseNs && pr.MedianDiff > -pr.NoiseNs {
		d = "~ " + d
	}
	out = append(out, d, "won "+pct(pr.ShareWon, 1)+" of "+count(pr.N)+" pairs")
	if finite(pr.RatioGeomean) {
		out = append(out, fmt.Sprintf("ratio %.3f", pr.RatioGeomean))
	}
	if finite(pr.NoiseNs) {
		out = append(out, "noise floor ±"+dur(pr.NoiseNs))
	}
	return out
}
