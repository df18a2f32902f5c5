package tui

import "strings"

// run is a piece of text in one ink.
type run struct {
	k ink
	s string
}

// pane is what every panel has: its size, whether it has the focus, and the
// scene it draws. Panels embed it.
type pane struct {
	sc      *scene
	slot    slot
	w, h    int
	focused bool
}

func (p *pane) setSize(w, h int)        { p.w, p.h = w, h }
func (p *pane) setFocus(on bool)        { p.focused = on }
func (p *pane) place(sc *scene, s slot) { p.sc, p.slot = sc, s }

// panel is one rectangle of the screen. view returns exactly the lines and
// cells of its size, or "" when there is no room at all.
type panel interface {
	setSize(w, h int)
	setFocus(on bool)
	place(sc *scene, s slot)
	view() string
}

// inner returns the room inside the frame: boxed panels lose two columns of
// border and two of padding, compact ones only their title line.
func (p *pane) inner() (w, h int) {
	if p.sc.compact {
		return p.w, p.h - 1
	}
	return p.w - 4, p.h - 2
}

// frame draws body, made for inner's size, under a title; the runs of extra
// stand at the right end of the title line as far as they fit.
func (p *pane) frame(title, extra []run, body []string) string {
	iw, ih := p.inner()
	if p.w < 1 || p.h < 1 {
		return ""
	}
	st := p.sc.st
	border := st.border
	if p.focused {
		border = st.borderFocus
	}
	var b strings.Builder
	b.Grow(p.w * p.h * 4)
	if p.sc.compact {
		b.WriteString(titleLine(st, border, "─", "─", title, extra, p.w))
		for _, l := range block(body, iw, max(ih, 0)) {
			b.WriteByte('\n')
			b.WriteString(l)
		}
		return b.String()
	}
	if iw < 1 || ih < 0 {
		return strings.Join(block(nil, p.w, p.h), "\n")
	}
	b.WriteString(titleLine(st, border, "╭", "╮", title, extra, p.w))
	side := border.on("│")
	for _, l := range block(body, iw, ih) {
		b.WriteByte('\n')
		b.WriteString(side)
		b.WriteByte(' ')
		b.WriteString(l)
		b.WriteByte(' ')
		b.WriteString(side)
	}
	b.WriteByte('\n')
	b.WriteString(border.on("╰" + strings.Repeat("─", p.w-2) + "╯"))
	return b.String()
}

// titleLine is "╭─ title ───── extra ─╮" in w cells.
func titleLine(st *styles, border ink, l, r string, title, extra []run, w int) string {
	if w < 6 {
		return border.on(strings.Repeat("─", max(w, 0)))
	}
	out := newLine(w - 1)
	out.put(border, l+"─ ")
	need := 0
	for _, e := range extra {
		need += cells(e.s)
	}
	room := w - 5
	if len(title) > 0 && need > 0 && room-need-4 >= cells(title[0].s) {
		room -= need + 4 // rather the extra than the tail of the title
	}
	for _, t := range fitRuns(title, room) {
		out.put(t.k, t.s)
	}
	out.put(ink{}, " ")
	tail := "─"
	if need > 0 && need+3 <= out.room()-1 {
		out.put(border, strings.Repeat("─", out.room()-need-3)).put(ink{}, " ")
		for _, e := range extra {
			out.put(e.k, e.s)
		}
		out.put(ink{}, " ")
	}
	out.put(border, strings.Repeat(tail, out.room()))
	return out.String() + border.on(r)
}

// fitRuns drops runs from the end until the rest takes at most w cells; the
// first is shortened rather than dropped.
func fitRuns(rs []run, w int) []run {
	used := 0
	for i, r := range rs {
		c := cells(r.s)
		if used+c > w {
			if i == 0 {
				return []run{{r.k, fit(r.s, w)}}
			}
			return rs[:i]
		}
		used += c
	}
	return rs
}
