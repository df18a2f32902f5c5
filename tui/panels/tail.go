package panels

import (
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotTail = Register(Desc{Name: "tail", Make: func() Panel { return &TailPanel{} }})

// TailPanel is the cause ledger in short, for the first view: what the tail of
// each lane is made of in this segment, the most frequent cause first.
type TailPanel struct{ Pane }

func (p *TailPanel) View() string {
	st := p.Sc.St
	if p.Sc.Compact {
		return p.bare()
	}
	w, h := p.Inner()
	title := []draw.Run{draw.R(st.Title, "why the tail is slow"), draw.R(st.Muted, " · "+p.Sc.ledger(stats.Optimized).of)}
	var out []string
	for lane := range stats.Lane(stats.NumLanes) {
		room := (h - len(out)) / (stats.NumLanes - int(lane)) // what one lane does not need is the next one's
		out = append(out, p.Rows(lane, w, max(room, 1))...)
	}
	return p.Frame(title, nil, draw.Block(out, w, h))
}

// bare is one line a lane: its tail and the causes.
func (p *TailPanel) bare() string {
	var out []string
	for _, lane := range []stats.Lane{stats.Optimized, stats.Eager} { // where only one fits, the first
		lv, g := p.Sc.Lane(lane), p.Sc.ledger(lane)
		st, line := p.Sc.St, draw.NewLine(p.W)
		line.Put(st.LaneStrong[lane], draw.LaneMark(lane)).Put(st.Muted, " tail ")
		switch {
		case !draw.Finite(lv.TailNs) || lv.TailNs <= 0:
			line.Put(st.Faint, "too few clean samples for a threshold")
		case g.tail == 0:
			line.Put(st.Muted, "none beyond "+draw.Brief(lv.TailNs))
		default:
			line.Phrase(draw.R(st.Strong, draw.Count(g.tail)), draw.R(st.Muted, " beyond "+draw.Brief(lv.TailNs)+": "))
			room := line.Room()
			line.Raw(p.together(sortedCauses(g.causes), room), room)
		}
		out = append(out, line.String())
	}
	return p.Bare(out...)
}

// sortedCauses are those that there are, the most frequent first.
func sortedCauses(causes []stats.CauseRow) []stats.CauseRow {
	causes = slices.DeleteFunc(slices.Clone(causes), func(c stats.CauseRow) bool { return c.N == 0 })
	slices.SortStableFunc(causes, func(a, b stats.CauseRow) int { return b.N - a.N })
	return causes
}

// Rows is a lane's tail as a whole, then each cause with its share, in n rows
// at most: the causes that have none of their own share the last.
func (p *TailPanel) Rows(lane stats.Lane, w, n int) []string {
	st, lv, g := p.Sc.St, p.Sc.Lane(lane), p.Sc.ledger(lane)
	head := draw.NewLine(w).Put(st.LaneStrong[lane], draw.LaneMark(lane)+" "+p.Sc.LaneName(lane))
	switch {
	case g.n == 0:
		return []string{head.Put(st.Muted, " · no samples yet").String()}
	case !draw.Finite(lv.TailNs) || lv.TailNs <= 0:
		head.Phrase(draw.R(st.Muted, " · too few clean samples for a threshold"))
		return []string{head.String()}
	}
	word := " samples beyond "
	if g.tail == 1 {
		word = " sample beyond "
	}
	size := []draw.Run{draw.R(st.Muted, " · "), draw.R(st.Strong, draw.Count(g.tail)), draw.R(st.Muted, word+draw.Brief(lv.TailNs))}
	if !head.Phrase(size...) {
		size[2].S = " beyond " + draw.Brief(lv.TailNs)
		head.Phrase(size...)
	}
	causes := sortedCauses(g.causes)
	out := []string{head.String()}
	for i, c := range causes {
		if len(out) == n {
			break
		}
		if len(out) == n-1 && i < len(causes)-1 {
			return append(out, "  "+p.together(causes[i:], w-2))
		}
		share := float64(c.N) / float64(max(g.tail, 1))
		k := causeInk(st, c.Cause)
		n := draw.Right(draw.Count(c.N), 7)
		full, rest := draw.Gauge(share, max(w-2-13-1-draw.Cells(n), 0))
		out = append(out, draw.NewLine(w).Gap(2).Put(k, draw.Left(causeName(c.Cause), 13)).Put(k, full).Put(st.Border, rest).To(w-draw.Cells(n)).Put(st.Text, n).String())
	}
	return out
}

// together lists causes in one row, as far as they fit: "work 5 · host 4".
func (p *TailPanel) together(causes []stats.CauseRow, w int) string {
	st, l := p.Sc.St, draw.NewLine(w)
	for i, c := range causes {
		part := []draw.Run{draw.R(causeInk(st, c.Cause), causeName(c.Cause)), draw.R(st.Text, " "+draw.Count(c.N))}
		if i > 0 {
			part = append([]draw.Run{draw.R(st.Faint, " · ")}, part...)
		}
		if !l.Phrase(part...) {
			l.Put(st.Faint, " …")
			break
		}
	}
	return l.String()
}

// causeInk tells compiling from the rest, and what nobody can explain.
func causeInk(st *draw.Styles, c stats.Cause) draw.Ink {
	switch c {
	case stats.CauseUnexplained:
		return st.Warn
	case stats.CauseCompile, stats.CauseCapture, stats.CauseShapeNew, stats.CauseFallback:
		return st.Tag
	}
	return st.Text
}
