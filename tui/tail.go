package tui

import (
	"slices"

	"tailscope/stats"
)

// tailPanel is the cause ledger in short, for the first view: what the tail of
// each lane is made of in this segment, the most frequent cause first.
type tailPanel struct{ pane }

func (p *tailPanel) view() string {
	st := p.sc.st
	w, h := p.inner()
	title := []run{{st.title, "why the tail is slow"}, {st.muted, " · this segment"}}
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	var out []string
	for i := range p.sc.v.Stats.Lanes {
		rows := p.rows(laneOf(i), w)
		room := (h - len(out)) / (int(stats.NumLanes) - i) // what one lane does not need is the next one's
		out = append(out, rows[:min(len(rows), max(room, 1))]...)
	}
	return p.frame(title, nil, block(out, w, h))
}

// rows is a lane's tail as a whole, then each cause with its share.
func (p *tailPanel) rows(lane stats.Lane, w int) []string {
	st, lv := p.sc.st, p.sc.lane(lane)
	head := newLine(w).put(st.laneStrong[lane], laneMark(lane)+" "+p.sc.laneName(lane))
	switch {
	case lv.Segment.N == 0:
		return []string{head.put(st.muted, " · no samples yet").String()}
	case !finite(lv.TailNs) || lv.TailNs <= 0:
		return []string{head.phraseLine(run{st.muted, " · too few clean samples for a threshold"})}
	}
	word := " samples beyond "
	if lv.SegmentTailN == 1 {
		word = " sample beyond "
	}
	n := []run{{st.muted, " · "}, {st.strong, count(lv.SegmentTailN)}, {st.muted, word + brief(lv.TailNs)}}
	if !head.phrase(n...) {
		n[2].s = " beyond " + brief(lv.TailNs)
		head.phrase(n...)
	}
	causes := slices.Clone(lv.SegmentCauses)
	slices.SortStableFunc(causes, func(a, b stats.CauseRow) int { return b.N - a.N })
	out := []string{head.String()}
	for _, c := range causes {
		if c.N == 0 {
			continue
		}
		share := float64(c.N) / float64(max(lv.SegmentTailN, 1))
		k := causeInk(st, c.Cause)
		n := right(count(c.N), 7)
		full, rest := gauge(share, max(w-2-13-1-cells(n), 0))
		out = append(out, newLine(w).gap(2).put(k, left(causeName(c.Cause), 13)).put(k, full).put(st.border, rest).to(w-cells(n)).put(st.text, n).String())
	}
	return out
}

// causeInk tells compiling from the rest, and what nobody can explain.
func causeInk(st *styles, c stats.Cause) ink {
	switch c {
	case stats.CauseUnexplained:
		return st.warn
	case stats.CauseCompile, stats.CauseCapture, stats.CauseShapeNew, stats.CauseFallback:
		return st.tag
	}
	return st.text
}
