package panels

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/verdict"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotVerdict = Register(Desc{Name: "verdict", Focus: true, Make: func() Panel { return &VerdictPanel{} }})

// VerdictPanel says in sentences which lane wins, where, and by how much.
type VerdictPanel struct{ Pane }

func (p *VerdictPanel) View() string {
	if p.Sc.Compact {
		return p.bare()
	}
	w, h := p.Inner()
	title := p.title("verdict")
	out := p.Score(w, 0)
	cure, hasCure := cureLine(p.Sc, w, 0)
	after := 0
	if hasCure {
		after = 1
	}
	for _, s := range p.words(w, max(1, min(h-len(out)-after, SentenceLines(w)))) {
		out = append(out, draw.NewLine(w).Put(p.sentenceInk(), s).String())
	}
	if hasCure {
		out = append(out, cure)
	}
	return p.Frame(title, nil, append(out, p.PairLines(w, min(1, h-len(out)), 0)...))
}

// title is name, and of what the verdict is where figures are of something else.
func (p *VerdictPanel) title(name string) []draw.Run {
	out := []draw.Run{draw.R(p.Sc.St.Title, name)}
	if p.Sc.Hide || p.Sc.Window > 0 || p.Sc.Whole {
		out = append(out, draw.R(p.Sc.St.Muted, " · on all samples of this segment"))
	}
	return out
}

// words are the verdict's sentence in n lines of w cells: the longest of its
// forms that is not cut, so that a doubt is never what is missing.
func (p *VerdictPanel) words(w, n int) []string {
	if n < 1 {
		return nil
	}
	forms := []string{p.Sentence()}
	if forms[0] == p.Sc.V.Stats.Verdict.Sentence {
		forms = append(forms, p.Sc.V.Stats.Verdict.Short...)
	}
	for _, f := range forms {
		if lines := draw.Wrap(f, w, n+1); len(lines) <= n {
			return lines
		}
	}
	return draw.Wrap(forms[len(forms)-1], w, n)
}

// SentenceLines is how many lines the verdict's sentence may take.
func SentenceLines(w int) int {
	if w < 150 {
		return 2
	}
	return 1
}

// bare is the verdict without a frame, for small screens: who wins what, the
// cure, and as much of the sentence as there is room for.
func (p *VerdictPanel) bare() string {
	out := p.Score(p.W, 2)
	if cure, ok := cureLine(p.Sc, p.W, 2); ok && len(out) < p.H {
		out = append(out, cure)
	}
	var lines []string
	for _, s := range p.words(p.W-2, p.H-len(out)) {
		lines = append(lines, draw.NewLine(p.W).Gap(2).Put(p.sentenceInk(), s).String())
	}
	if len(out) > 1 { // the cure comes last
		out = append(out[:1], append(lines, out[1:]...)...)
	} else {
		out = append(out, lines...)
	}
	return p.Bare(out...)
}

func (p *VerdictPanel) Sentence() string {
	v := &p.Sc.V.Stats.Verdict
	switch {
	case p.Sc.V.Failing != "":
		return p.Sc.V.Failing
	case v.Sentence != "":
		return v.Sentence
	case !p.Sc.Started():
		return "No verdict before the first samples."
	}
	return "Too few samples for a verdict."
}

func (p *VerdictPanel) sentenceInk() draw.Ink {
	st := p.Sc.St
	if p.Sc.V.Failing != "" {
		return st.Bad
	}
	switch p.Sc.V.Stats.Verdict.Code {
	case verdict.Agree:
		return st.Ok
	case verdict.Flip:
		return st.Warn
	case verdict.Divergence:
		return st.Bad
	}
	return st.Text
}

// Score is "p50 ◆ optimized 1.35× faster   p99 ◇ eager 8.69× faster" in one
// line: who wins what, and by how much. Nothing before there is a verdict.
func (p *VerdictPanel) Score(w, indent int) []string {
	parts := p.parts()
	if len(parts) == 0 {
		return nil
	}
	l := draw.NewLine(w)
	if indent > 0 {
		l.Put(p.sentenceInk(), draw.Left("▌", indent))
	}
	word := " faster"
	for i, gap := range []string{"    ", "    ", "  "} {
		if i > 0 {
			word = ""
		}
		var rs []draw.Run
		for k, part := range parts {
			if k > 0 {
				rs = append(rs, draw.R(draw.Ink{}, gap))
			}
			if rs = append(rs, part...); len(part) > 2 && i == 0 {
				rs = append(rs, draw.R(p.Sc.St.Muted, word))
			}
		}
		if l.Phrase(rs...) {
			return []string{l.String()}
		}
	}
	l.Phrase(parts[0]...)
	return []string{l.String()}
}

// parts is who wins each figure: its name, the lane, and the factor.
func (p *VerdictPanel) parts() (out [][]draw.Run) {
	v, st := &p.Sc.V.Stats.Verdict, p.Sc.St
	if p.Sc.Lane(0).Segment.P50.Need > 0 || p.Sc.Lane(1).Segment.P50.Need > 0 {
		return nil // nothing is known yet
	}
	if v.Code == verdict.TooFew || v.Code == "" {
		return nil
	}
	few := p.Sc.Lane(0).Segment.P99.Need > 0 || p.Sc.Lane(1).Segment.P99.Need > 0
	for _, x := range []struct {
		name string
		is   stats.Statistic
		of   func(*stats.Summary) float64
	}{
		{"p50", stats.Median, func(s *stats.Summary) float64 { return s.P50.Value }},
		{"mean", stats.Mean, func(s *stats.Summary) float64 { return s.Mean }},
		{"p99", stats.P99, func(s *stats.Summary) float64 { return s.P99.Value }},
	} {
		if x.is == stats.P99 && few {
			out = append(out, []draw.Run{draw.R(st.Faint, x.name+" too few samples")})
			continue
		}
		lane, err := stats.ParseLane(v.Ranks[x.is].Winner)
		if err != nil || v.Code == verdict.AA {
			out = append(out, []draw.Run{draw.R(st.Muted, x.name+" "), draw.R(st.Muted, "~ not told apart")})
			continue
		}
		part := []draw.Run{draw.R(st.Muted, x.name+" "), draw.R(st.LaneStrong[lane], draw.LaneMark(lane)+" "+p.Sc.LaneName(lane))}
		if by := p.faster(lane, x.of); by != "" {
			part = append(part, draw.R(st.Strong, " "+by))
		}
		out = append(out, part)
	}
	return out
}

// faster is by what factor a lane is ahead, "" when that is not known.
func (p *VerdictPanel) faster(winner stats.Lane, of func(*stats.Summary) float64) string {
	mine, other := of(&p.Sc.Lane(winner).Segment), of(&p.Sc.Lane(1-winner).Segment)
	if !draw.Finite(mine) || !draw.Finite(other) || mine <= 0 || other < mine {
		return ""
	}
	x := other / mine
	switch {
	case x >= 99.95:
		return draw.Num(x, 0) + "×"
	case x >= 9.995:
		return draw.Num(x, 1) + "×"
	}
	return draw.Num(x, 2) + "×"
}

// PairLines tells the paired comparison in up to n lines, the most telling
// figures first.
func (p *VerdictPanel) PairLines(w, n, indent int) []string {
	if n < 1 {
		return nil
	}
	st, pr, ses := p.Sc.St, &p.Sc.V.Stats.Pair, &p.Sc.V.Session
	l := draw.NewLine(w).Gap(indent)
	if pr.N == 0 {
		text := "no pairs yet"
		if ses.Pairing != "" && ses.Pairing != "interleaved" {
			text = "no pairs: pairing is " + ses.Pairing
			if ses.Lacks["pairing"] == "" {
				text += " (i changes it)"
			}
		}
		return []string{l.Put(st.Muted, text).String()}
	}
	var out []string
	facts := PairFacts(pr, ses.AA)
	if lost := p.Sc.V.Stats.LostPairs; lost > 0 {
		facts = append(facts, stats.Counted(lost, "sample")+" of the session found no pair")
	}
	for i, s := range facts {
		k := st.Muted
		if i == 0 {
			k = st.Strong
		}
		switch {
		case l.W == indent:
		case draw.Cells(s)+3 <= l.Room():
			l.Put(st.Faint, " · ")
		case len(out) < n-1:
			out = append(out, l.String())
			l = draw.NewLine(w).Gap(indent)
		default:
			continue
		}
		l.Put(k, s)
	}
	return append(out, l.String())
}

// insideNoise reports whether two eager sessions differ as much.
func insideNoise(pr *stats.PairView) bool {
	return draw.Finite(pr.NoiseNs) && pr.NoiseNs > 0 && draw.Finite(pr.MedianDiff) && math.Abs(pr.MedianDiff) < pr.NoiseNs
}

// PairFacts lists what the pairs say; in an A/A run both lanes are eager.
func PairFacts(pr *stats.PairView, aa bool) []string {
	diff := "optimized − eager"
	if aa {
		diff = "eager B − eager A"
	}
	noise := insideNoise(pr)
	var out []string
	if draw.Finite(pr.Crossover) && !aa && !noise { // inside the noise nobody wins
		switch {
		case pr.Crossover <= 0:
			out = append(out, "optimized loses wherever they are told apart")
		case pr.Crossover >= 1:
			out = append(out, "optimized wins wherever they are told apart")
		default:
			out = append(out, "optimized wins up to "+draw.Quantile(pr.Crossover)+" ["+draw.Quantile(pr.CrossLo)+", "+draw.Quantile(pr.CrossHi)+"], loses beyond")
		}
	}
	d := "median " + diff + " " + draw.Signed(pr.MedianDiff)
	if draw.Finite(pr.DiffLo) && draw.Finite(pr.DiffHi) {
		d += " [" + draw.Signed(pr.DiffLo) + ", " + draw.Signed(pr.DiffHi) + "]"
	}
	if noise {
		d = "~ " + d
	}
	out = append(out, d, "won "+draw.Pct(pr.ShareWon, 1)+" of "+draw.Count(pr.N)+" pairs")
	if draw.Finite(pr.RatioGeomean) {
		out = append(out, "ratio "+draw.Num(pr.RatioGeomean, 3))
	}
	if draw.Finite(pr.P) {
		out = append(out, "signed-rank p "+draw.PValue(pr.P))
	}
	if draw.Finite(pr.NoiseNs) {
		out = append(out, "noise floor ±"+draw.Dur(pr.NoiseNs))
	}
	if pr.Second.Told() {
		out = append(out, "running second "+pr.Second.Words())
	}
	return out
}
