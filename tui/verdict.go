package tui

import (
	"math"

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
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	var out []string
	for _, s := range wrap(p.sentence(), w, max(1, h-1)) {
		out = append(out, newLine(w).put(p.sentenceInk(), s).String())
	}
	return p.frame(title, p.winners(), append(out, p.pairLines(w, h-len(out), 0)...))
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
	out = append(out, p.pairLines(p.w, p.h-len(out), 2)...)
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

// pairLines tells the paired comparison in up to n lines, the most telling
// figures first.
func (p *verdictPanel) pairLines(w, n, indent int) []string {
	if n < 1 {
		return nil
	}
	st, pr, ses := p.sc.st, &p.sc.v.Stats.Pair, &p.sc.v.Session
	l := newLine(w).gap(indent)
	if pr.N == 0 {
		text := "no pairs yet"
		if ses.Pairing != "" && ses.Pairing != "interleaved" {
			text = "no pairs: pairing is " + ses.Pairing + " (i changes it)"
		}
		return []string{l.put(st.muted, text).String()}
	}
	var out []string
	for i, s := range pairFacts(pr, ses.AA) {
		k := st.muted
		if i == 0 {
			k = st.strong
		}
		switch {
		case l.w == indent:
		case cells(s)+3 <= l.room():
			l.put(st.faint, " · ")
		case len(out) < n-1:
			out = append(out, l.String())
			l = newLine(w).gap(indent)
		default:
			continue
		}
		l.put(k, s)
	}
	return append(out, l.String())
}

// pairFacts lists what the pairs say; in an A/A run both lanes are eager.
func pairFacts(pr *stats.PairView, aa bool) []string {
	diff := "optimized − eager"
	if aa {
		diff = "eager B − eager A"
	}
	noise := finite(pr.NoiseNs) && pr.NoiseNs > 0 && finite(pr.MedianDiff) && math.Abs(pr.MedianDiff) < pr.NoiseNs
	var out []string
	if finite(pr.Crossover) && !aa && !noise { // inside the noise nobody wins
		switch {
		case pr.Crossover <= 0:
			out = append(out, "optimized loses at every quantile")
		case pr.Crossover >= 1:
			out = append(out, "optimized wins at every quantile")
		default:
			out = append(out, "optimized wins up to "+quantile(pr.Crossover)+", loses beyond")
		}
	}
	d := "median " + diff + " " + signed(pr.MedianDiff)
	if finite(pr.DiffLo) && finite(pr.DiffHi) {
		d += " [" + signed(pr.DiffLo) + ", " + signed(pr.DiffHi) + "]"
	}
	if noise {
		d = "~ " + d
	}
	out = append(out, d, "won "+pct(pr.ShareWon, 1)+" of "+count(pr.N)+" pairs")
	if finite(pr.RatioGeomean) {
		out = append(out, "ratio "+num(pr.RatioGeomean, 3))
	}
	if finite(pr.NoiseNs) {
		out = append(out, "noise floor ±"+dur(pr.NoiseNs))
	}
	return out
}
