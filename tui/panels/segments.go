package panels

import (
	"strconv"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotSegments = Register(Desc{Name: "segments", Rows: func(sc *Scene) int { return len(sc.V.Stats.Segments) }, Enter: enterSegment, EnterWord: "marks it to compare two", Focus: true, Least: 5, Make: func() Panel { return &segmentsPanel{} }})

// segmentsPanel is the before/after table: one row for each stretch between
// two toggles.
type segmentsPanel struct{ listPanel }

func (p *segmentsPanel) View() string {
	st := p.Sc.St
	cols := []draw.Column{
		{Head: "segment", W: 7, Right: true}, {Head: "what changed", W: 12, Flex: true}, {Head: "from", W: 7, Right: true, Drop: 5}, {Head: "n", W: 7, Right: true},
		{Head: "p50 " + draw.LaneMark(0), W: 8, Right: true, Drop: 3}, {Head: "p50 " + draw.LaneMark(1), W: 8, Right: true}, {Head: "p99 " + draw.LaneMark(0), W: 8, Right: true, Drop: 2}, {Head: "p99 " + draw.LaneMark(1), W: 8, Right: true},
		{Head: "median Δ", W: 9, Right: true, Drop: 1}, {Head: "compiles", W: 8, Right: true, Drop: 4}, {Head: "padding ×", W: 9, Right: true, Drop: 6},
		{Head: "p (Holm)", W: 8, Right: true, Drop: 8},
	}
	device := false
	for i := range p.Sc.V.Stats.Segments {
		device = device || HasDevice(&p.Sc.V.Stats.Segments[i].Lanes)
	}
	if device {
		cols = append(cols, DeviceColumns()...)
	}
	var rows [][]draw.Cell
	a, b := markedSegments(p.Sc)
	for i := range p.Sc.V.Stats.Segments {
		s := &p.Sc.V.Stats.Segments[i]
		e, o := &s.Lanes[stats.Eager], &s.Lanes[stats.Optimized]
		k, label := st.Text, s.Label
		second := st.Lane[1]
		if s.AA { // never to be read as optimized
			second, label = st.Lane[0], label+" (both lanes eager)"
		}
		number := strconv.Itoa(int(s.Segment))
		if s == a || s == b {
			number = "▸" + number
		}
		if s.EndNs == 0 {
			k = st.Strong
			label += " (now)"
		}
		row := []draw.Cell{draw.C(number, k), draw.C(label, k), draw.C(draw.Clock(p.Sc.Since(s.StartNs)), st.Faint), draw.C(draw.Count(o.N), st.Muted),
			quantCell(st, e.P50, st.Lane[0]), quantCell(st, o.P50, second),
			quantCell(st, e.P99, st.Lane[0]), quantCell(st, o.P99, second),
			draw.C(draw.Signed(s.PairedDiff), st.Text), draw.C(draw.Count(o.Compiles), st.Tag), draw.C(draw.Num(o.PaddingTax, 2), st.Muted), draw.C(draw.PValue(s.PHolm), st.Muted)}
		if device {
			row = append(row, DeviceCells(st, &s.Lanes)...)
		}
		rows = append(rows, row)
	}
	return p.list([]draw.Run{draw.R(st.Title, "segments"), draw.R(st.Muted, " · before and after each toggle"), draw.R(st.Faint, "; p: pairs against the row above")}, cols, rows, "no segment has samples yet")
}

var SlotAdvice = Register(Desc{Name: "advice", Focus: true, Least: 5, Make: func() Panel { return &advicePanel{} }, Want: adviceLines})

func enterSegment(sc *Scene, row int) (c Choice) {
	if rows := sc.V.Stats.Segments; row < len(rows) {
		c.Segment = &rows[row].Segment
	}
	return c
}

// advicePanel is the verdict in full and the production rule with the evidence
// each line rests on.
type advicePanel struct{ listPanel }

func (p *advicePanel) View() string {
	st, v := p.Sc.St, &p.Sc.V.Stats.Verdict
	w, h := p.Inner()
	vp := VerdictPanel{Pane: p.Pane}
	title := vp.title("verdict and what to do")
	var out []string
	add := func(indent int, mark string, mk, k draw.Ink, s string) {
		for i, t := range draw.Wrap(s, w-indent-2, 6) {
			l := draw.NewLine(w).Gap(indent)
			if i == 0 {
				l.Put(mk, mark)
			}
			out = append(out, l.To(indent+2).Put(k, t).String())
		}
	}
	out = append(out, vp.Score(w, 2)...)
	add(0, "▌", vp.sentenceInk(), vp.sentenceInk(), vp.Sentence())
	for _, a := range v.Advice {
		out = append(out, draw.Spaces(w))
		add(0, "→", st.Key, st.Strong, a.Sentence)
		for _, e := range a.Evidence {
			add(2, "·", st.Muted, st.Muted, e)
		}
	}
	if o := v.Outcome; o != nil {
		out = append(out, draw.Spaces(w))
		add(0, "→", st.Key, st.Text, o.Sentence)
	}
	if len(v.Advice) == 0 {
		out = append(out, draw.Spaces(w))
		add(0, "", st.Muted, st.Muted, "No advice yet: the rule needs a verdict first.")
	}
	p.limit = max(0, len(out)-h)
	off := min(p.Sc.Scroll[p.Slot], p.limit)
	return p.Frame(title, nil, out[off:])
}

// adviceLines is about how many lines the advice takes.
func adviceLines(sc *Scene, _ int) int {
	n := 2
	if sc.V.Stats.Verdict.Outcome != nil {
		n += 2
	}
	for _, a := range sc.V.Stats.Verdict.Advice {
		n += 2 + len(a.Evidence)
	}
	return n
}
