package tui

import (
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

var slotVerdict = register(desc{name: "verdict", make: func() panel { return &verdictPanel{} }})

// verdictPanel says in sentences which lane wins, where, and by how much.
type verdictPanel struct{ pane }

func (p *verdictPanel) view() string {
	st := p.sc.st
	if p.sc.compact {
		return p.bare()
	}
	w, h := p.inner()
	title := []run{{st.title, "verdict"}}
	if p.sc.hide || p.sc.window > 0 {
		title = append(title, run{st.muted, " · on all samples of this segment"})
	}
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	out := p.score(w, 0)
	sentence := p.sentence()
	if p.sc.low && len(out) > 0 {
		sentence = secondSentence(sentence)
	}
	for _, s := range wrap(sentence, w, max(1, h-1-len(out))) {
		out = append(out, newLine(w).put(p.sentenceInk(), s).String())
	}
	out = append(out, p.pairLines(w, h-len(out), 0)...)
	return p.frame(title, nil, append(out, p.advice(w, h-len(out))...))
}

// advice is what the production rule says, where there is room for it. View 5
// has its evidence.
func (p *verdictPanel) advice(w, n int) (out []string) {
	for _, a := range p.sc.v.Stats.Verdict.Advice {
		if len(out) == n || cells(a.Sentence)+2 > w {
			break
		}
		out = append(out, newLine(w).put(p.sc.st.key, "→ ").put(p.sc.st.text, a.Sentence).String())
	}
	return out
}

// bare is the verdict without a frame, for small screens.
func (p *verdictPanel) bare() string {
	if p.w < 1 || p.h < 1 {
		return ""
	}
	var out []string
	sentence := p.sentence()
	if p.h > 1 {
		if out = p.score(p.w, 2); len(out) > 0 {
			sentence = secondSentence(sentence) // the score says the first
		}
	}
	for _, s := range wrap(sentence, p.w-2, p.h-len(out)) {
		l := newLine(p.w)
		if len(out) == 0 {
			l.put(p.sentenceInk(), "▌ ")
		} else {
			l.gap(2)
		}
		out = append(out, l.put(p.sentenceInk(), s).String())
	}
	out = append(out, p.pairLines(p.w, p.h-len(out), 2)...)
	return join(block(out, p.w, p.h))
}

// secondSentence is what follows the first sentence, or s if nothing does.
func secondSentence(s string) string {
	if _, rest, ok := strings.Cut(s, ". "); ok {
		return rest
	}
	return s
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

// score is "p50 ◆ optimized 1.35× faster   p99 ◇ eager 8.69× faster" in one
// line: who wins what, and by how much. Nothing before there is a verdict.
func (p *verdictPanel) score(w, indent int) []string {
	parts := p.parts()
	if len(parts) == 0 {
		return nil
	}
	l := newLine(w)
	if indent > 0 {
		l.put(p.sentenceInk(), left("▌", indent))
	}
	word := " faster"
	for i, gap := range []string{"    ", "    ", "  "} {
		if i > 0 {
			word = ""
		}
		var rs []run
		for k, part := range parts {
			if k > 0 {
				rs = append(rs, run{ink{}, gap})
			}
			if rs = append(rs, part...); len(part) > 2 && i == 0 {
				rs = append(rs, run{p.sc.st.muted, word})
			}
		}
		if l.phrase(rs...) {
			return []string{l.String()}
		}
	}
	l.phrase(parts[0]...)
	return []string{l.String()}
}

// parts is who wins each figure: its name, the lane, and the factor.
func (p *verdictPanel) parts() (out [][]run) {
	v, st := &p.sc.v.Stats.Verdict, p.sc.st
	if p.sc.lane(0).Segment.P50.Need > 0 || p.sc.lane(1).Segment.P50.Need > 0 {
		return nil // nothing is known yet
	}
	pr, few := &p.sc.v.Stats.Pair, p.sc.lane(0).Segment.P99.Need > 0 || p.sc.lane(1).Segment.P99.Need > 0
	same := finite(pr.DiffLo) && finite(pr.DiffHi) && pr.DiffLo <= 0 && pr.DiffHi >= 0
	for _, x := range []struct {
		name, who string
		of        func(*stats.Summary) float64
		same, few bool // the samples do not tell the lanes apart; too few of them
	}{
		{"p50", v.WinnerP50, func(s *stats.Summary) float64 { return s.P50.Value }, same, false},
		{"mean", v.WinnerMean, func(s *stats.Summary) float64 { return s.Mean }, v.DoubtMean, false},
		{"p99", v.WinnerP99, func(s *stats.Summary) float64 { return s.P99.Value }, v.DoubtP99, few},
	} {
		if x.who == "" {
			continue
		}
		lane, err := stats.ParseLane(x.who)
		if x.few {
			out = append(out, []run{{st.faint, x.name + " too few samples"}})
			continue
		}
		if err != nil || x.same {
			out = append(out, []run{{st.muted, x.name + " "}, {st.muted, "~ not told apart"}})
			continue
		}
		part := []run{{st.muted, x.name + " "}, {st.laneStrong[lane], laneMark(lane) + " " + p.sc.laneName(lane)}}
		if by := p.faster(lane, x.of); by != "" {
			part = append(part, run{st.strong, " " + by})
		}
		out = append(out, part)
	}
	return out
}

// faster is by what factor a lane is ahead, "" when that is not known.
func (p *verdictPanel) faster(winner stats.Lane, of func(*stats.Summary) float64) string {
	mine, other := of(&p.sc.lane(winner).Segment), of(&p.sc.lane(1-winner).Segment)
	if !finite(mine) || !finite(other) || mine <= 0 || other < mine {
		return ""
	}
	x := other / mine
	switch {
	case x >= 99.95:
		return num(x, 0) + "×"
	case x >= 9.995:
		return num(x, 1) + "×"
	}
	return num(x, 2) + "×"
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

// supported is the largest quantile that n samples support, see stats.Need.
func supported(n int) float64 { return math.Pow(0.01, 1/float64(n)) }

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
			out = append(out, "optimized wins up to the maximum")
		case pr.N < stats.Need(pr.Crossover):
			out = append(out, "optimized wins as far as "+count(pr.N)+" pairs can tell, up to "+quantile(supported(pr.N)))
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
	if finite(pr.P) {
		out = append(out, "signed-rank p "+pValue(pr.P))
	}
	if finite(pr.NoiseNs) {
		out = append(out, "noise floor ±"+dur(pr.NoiseNs))
	}
	return out
}
