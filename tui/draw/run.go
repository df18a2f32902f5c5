package draw

import "strings"

// Run is a piece of text in one ink.
type Run struct {
	K Ink
	S string
}

// R is a run: text s in ink k.
func R(k Ink, s string) Run { return Run{K: k, S: s} }

// TitleLine is "╭─ title ───── extra ─╮" in w cells.
func TitleLine(st *Styles, border Ink, l, r string, title, extra []Run, w int) string {
	if w < 6 {
		return border.On(strings.Repeat("─", max(w, 0)))
	}
	out := NewLine(w - 1)
	out.Put(border, l+"─ ")
	need := RunCells(extra)
	room := w - 5
	if len(title) > 0 && need > 0 && room-need-4 >= Cells(title[0].S) {
		room -= need + 4 // rather the extra than the tail of the title
	}
	for _, t := range fitRuns(title, room) {
		out.Put(t.K, t.S)
	}
	out.Put(Ink{}, " ")
	tail := "─"
	if need > 0 && need+3 <= out.Room()-1 {
		out.Put(border, strings.Repeat("─", out.Room()-need-3)).Put(Ink{}, " ")
		for _, e := range extra {
			out.Put(e.K, e.S)
		}
		out.Put(Ink{}, " ")
	}
	out.Put(border, strings.Repeat(tail, out.Room()))
	return out.String() + border.On(r)
}

// RunCells is how wide runs are.
func RunCells(rs []Run) (n int) {
	for _, r := range rs {
		n += Cells(r.S)
	}
	return n
}

// fitRuns drops runs from the end until the rest takes at most w cells; the
// first is shortened rather than dropped.
func fitRuns(rs []Run, w int) []Run {
	used := 0
	for i, r := range rs {
		c := Cells(r.S)
		if used+c > w {
			if i == 0 {
				return []Run{R(r.K, Fit(r.S, w))}
			}
			return rs[:i]
		}
		used += c
	}
	return rs
}
