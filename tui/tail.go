package tui

import (
	"slices"

	"github.com/tailscope/tailscope/stats"
)

var slotTail = register(desc{name: "tail", make: func() panel { return &tailPanel{} }})

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
		room := (h - len(out)) / (int(stats.NumLanes) - i) // what one lane does not need is the next one's
		out = append(out, p.rows(laneOf(i), w, max(room, 1))...)
	}
	return p.frame(title, nil, block(out, w, h))
}

// rows is a lane's tail as a whole, then each cause with its share, in n rows
// at most: the causes that have none of their own share the last.
func (p *tailPanel) rows(lane stats.Lane, w, n int) []string {
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
	size := []run{{st.muted, " · "}, {st.strong, count(lv.SegmentTailN)}, {st.muted, word + brief(lv.TailNs)}}
	if !head.phrase(size...) {
		size[2].s = " beyond " + brief(lv.TailNs)
		head.phrase(size...)
	}
	causes := slices.DeleteFunc(slices.Clone(lv.SegmentCauses), func(c stats.CauseRow) bool { return c.N == 0 })
	slices.SortStableFunc(causes, func(a, b stats.CauseRow) int { return b.N - a.N })
	out := []string{head.String()}
	for i, c := range causes {
		if len(out) == n {
			break
		}
		if len(out) == n-1 && i < len(causes)-1 {
			return append(out, p.together(causes[i:], w))
		}
		share := float64(c.N) / float64(max(lv.SegmentTailN, 1))
		k := causeInk(st, c.Cause)
		n := right(count(c.N), 7)
		full, rest := gauge(share, max(w-2-13-1-cells(n), 0))
		out = append(out, newLine(w).gap(2).put(k, left(causeName(c.Cause), 13)).put(k, full).put(st.border, rest).to(w-cells(n)).put(st.text, n).String())
	}
	return out
}

// together lists causes in one row, as far as they fit: "work 5 · host 4".
func (p *tailPanel) together(causes []stats.CauseRow, w int) string {
	st, l := p.sc.st, newLine(w).gap(2)
	for i, c := range causes {
		part := []run{{causeInk(st, c.Cause), causeName(c.Cause)}, {st.text, " " + count(c.N)}}
		if i > 0 {
			part = append([]run{{st.faint, " · "}}, part...)
		}
		if !l.phrase(part...) {
			l.put(st.faint, " …")
			break
		}
	}
	return l.String()
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
