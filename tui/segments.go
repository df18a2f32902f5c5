package tui

import (
	"strconv"

	"github.com/tailscope/tailscope/stats"
)

var slotSegments = register(desc{name: "segments", focus: true, least: 5, make: func() panel { return &segmentsPanel{} }, want: func(sc *scene, w int) int { return 1 + len(sc.v.Stats.Segments) }})

// segmentsPanel is the before/after table: one row for each stretch between
// two toggles.
type segmentsPanel struct{ listPanel }

func (p *segmentsPanel) view() string {
	st := p.sc.st
	cols := []column{
		{head: "segment", w: 7, right: true}, {head: "what changed", w: 12, flex: true}, {head: "from", w: 7, right: true, drop: 5}, {head: "n", w: 7, right: true},
		{head: "p50 " + laneMark(0), w: 8, right: true, drop: 3}, {head: "p50 " + laneMark(1), w: 8, right: true}, {head: "p99 " + laneMark(0), w: 8, right: true, drop: 2}, {head: "p99 " + laneMark(1), w: 8, right: true},
		{head: "median Δ", w: 9, right: true, drop: 1}, {head: "compiles", w: 8, right: true, drop: 4}, {head: "padding ×", w: 9, right: true, drop: 6},
		{head: "p (Holm)", w: 8, right: true, drop: 8},
	}
	device := false
	for i := range p.sc.v.Stats.Segments {
		device = device || hasDevice(&p.sc.v.Stats.Segments[i].Lanes)
	}
	if device {
		cols = append(cols, deviceColumns()...)
	}
	var rows [][]cell
	for i := range p.sc.v.Stats.Segments {
		s := &p.sc.v.Stats.Segments[i]
		e, o := &s.Lanes[stats.Eager], &s.Lanes[stats.Optimized]
		k, label := st.text, s.Label
		if s.EndNs == 0 {
			k = st.strong
			label += " (now)"
		}
		row := []cell{{strconv.Itoa(int(s.Segment)), k}, {label, k}, {clock(p.sc.since(s.StartNs)), st.faint}, {count(o.N), st.muted},
			quantCell(st, e.P50.Value, e.P50.Need, st.lane[0]), quantCell(st, o.P50.Value, o.P50.Need, st.lane[1]),
			quantCell(st, e.P99.Value, e.P99.Need, st.lane[0]), quantCell(st, o.P99.Value, o.P99.Need, st.lane[1]),
			{signed(s.PairedDiff), st.text}, {count(o.Compiles), st.tag}, {num(o.PaddingTax, 2), st.muted}, {pValue(s.PHolm), st.muted}}
		if device {
			row = append(row, deviceCells(st, &s.Lanes)...)
		}
		rows = append(rows, row)
	}
	return p.list([]run{{st.title, "segments"}, {st.muted, " · before and after each toggle"}, {st.faint, "; p: optimized against the row above, Mann-Whitney"}}, cols, rows, "no segment has samples yet")
}

var slotAdvice = register(desc{name: "advice", focus: true, least: 5, make: func() panel { return &advicePanel{} }, want: func(sc *scene, w int) int { return adviceLines(sc) }})

// advicePanel is the verdict in full and the production rule with the evidence
// each line rests on.
type advicePanel struct{ listPanel }

func (p *advicePanel) view() string {
	st, v := p.sc.st, &p.sc.v.Stats.Verdict
	w, h := p.inner()
	title := []run{{st.title, "verdict and what to do"}}
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	var out []string
	add := func(indent int, mark string, mk, k ink, s string) {
		for i, t := range wrap(s, w-indent-2, 6) {
			l := newLine(w).gap(indent)
			if i == 0 {
				l.put(mk, mark)
			}
			out = append(out, l.to(indent+2).put(k, t).String())
		}
	}
	vp := verdictPanel{pane: p.pane}
	out = append(out, vp.score(w, 2)...)
	add(0, "▌", vp.sentenceInk(), vp.sentenceInk(), vp.sentence())
	for _, a := range v.Advice {
		out = append(out, spaces(w))
		add(0, "→", st.key, st.strong, a.Sentence)
		for _, e := range a.Evidence {
			add(2, "·", st.muted, st.muted, e)
		}
	}
	if len(v.Advice) == 0 {
		out = append(out, spaces(w))
		add(0, "", st.muted, st.muted, "No advice yet: the rule needs a verdict first.")
	}
	off := max(0, min(p.sc.scroll[p.slot], len(out)-h))
	return p.frame(title, nil, out[off:])
}

// adviceLines is about how many lines the advice takes.
func adviceLines(sc *scene) int {
	n := 2
	for _, a := range sc.v.Stats.Verdict.Advice {
		n += 2 + len(a.Evidence)
	}
	return n
}
