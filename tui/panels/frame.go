package panels

import (
	"strings"

	"github.com/tailscope/tailscope/tui/draw"
)

// Pane is what every panel has: its size, whether it has the focus, and the
// scene it draws. Panels embed it.
type Pane struct {
	Sc      *Scene
	Slot    Slot
	W, H    int
	Focused bool
}

func (p *Pane) SetSize(w, h int)        { p.W, p.H = w, h }
func (p *Pane) SetFocus(on bool)        { p.Focused = on }
func (p *Pane) Limit() int              { return 0 }
func (p *Pane) Place(sc *Scene, s Slot) { p.Sc, p.Slot = sc, s }

// Panel is one rectangle of the screen. view returns exactly the lines and
// cells of its size, or "" when there is no room at all.
type Panel interface {
	SetSize(w, h int)
	SetFocus(on bool)
	Place(sc *Scene, s Slot)
	Limit() int // how far it scrolls, or the last row to choose; 0: it does neither
	View() string
}

// Inner returns the room inside the frame: boxed panels lose two columns of
// border and two of padding, compact ones only their title line.
func (p *Pane) Inner() (w, h int) {
	if p.Sc.Compact {
		return max(p.W, 0), max(p.H-1, 0)
	}
	return max(p.W-4, 0), max(p.H-2, 0)
}

// Bare is lines without a frame.
func (p *Pane) Bare(lines ...string) string {
	if p.W < 1 || p.H < 1 {
		return ""
	}
	return strings.Join(draw.Block(lines, p.W, p.H), "\n")
}

// Note is a frame around one line of text.
func (p *Pane) Note(title, extra []draw.Run, text string) string {
	w, _ := p.Inner()
	return p.Frame(title, extra, []string{draw.NewLine(w).Put(p.Sc.St.Muted, text).String()})
}

// Frame draws body, made for inner's size, under a title; the runs of extra
// stand at the right end of the title line as far as they fit. Where there is no
// room inside it draws neither.
func (p *Pane) Frame(title, extra []draw.Run, body []string) string {
	iw, ih := p.Inner()
	if p.W < 1 || p.H < 1 {
		return ""
	}
	if iw < 1 || ih < 1 {
		extra, body = nil, nil
	}
	st := p.Sc.St
	border := st.Border
	if p.Focused {
		border = st.BorderFocus
	}
	var b strings.Builder
	b.Grow(p.W * p.H * 4)
	if p.Sc.Compact {
		b.WriteString(draw.TitleLine(st, border, "─", "─", title, extra, p.W))
		for _, l := range draw.Block(body, iw, ih) {
			b.WriteByte('\n')
			b.WriteString(l)
		}
		return b.String()
	}
	if iw < 1 || p.H < 2 {
		return p.Bare()
	}
	b.WriteString(draw.TitleLine(st, border, "╭", "╮", title, extra, p.W))
	side := border.On("│")
	for _, l := range draw.Block(body, iw, ih) {
		b.WriteByte('\n')
		b.WriteString(side)
		b.WriteByte(' ')
		b.WriteString(l)
		b.WriteByte(' ')
		b.WriteString(side)
	}
	b.WriteByte('\n')
	b.WriteString(border.On("╰" + strings.Repeat("─", p.W-2) + "╯"))
	return b.String()
}
