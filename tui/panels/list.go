package panels

import (
	"github.com/tailscope/tailscope/tui/draw"
)

// listPanel is a panel that is a heading and a scrollable table.
type listPanel struct{ Pane }

// list frames a table, scrolled by what the user asked, and says how much of
// it is out of sight.
func (p *listPanel) list(title []draw.Run, cols []draw.Column, rows [][]draw.Cell, none string) string {
	w, h := p.inner()
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	if len(rows) == 0 {
		return p.frame(title, nil, []string{draw.NewLine(w).Put(p.Sc.St.Muted, none).String()})
	}
	var extra []draw.Run
	if d := &Descs[p.slot]; d.Rows != nil && p.focused {
		sel := max(0, min(p.Sc.Sel[p.slot], len(rows)-1))
		extra = []draw.Run{draw.R(p.Sc.St.Muted, "↑/↓ "+draw.Count(sel+1)+" of "+draw.Count(len(rows))+" · "+enterWord(d))}
		return p.frame(title, extra, draw.TableOn(p.Sc.St, cols, rows, w, h, sel))
	}
	if hidden := len(rows) - (h - 1); hidden > 0 {
		off := min(p.Sc.Scroll[p.slot], hidden)
		extra = []draw.Run{draw.R(p.Sc.St.Muted, "↑/↓ "+draw.Count(off+1)+"–"+draw.Count(off+h-1)+" of "+draw.Count(len(rows)))}
	}
	return p.frame(title, extra, draw.Table(p.Sc.St, cols, rows, w, h, p.Sc.Scroll[p.slot]))
}

// enterWord says what enter does to a row of a list.
func enterWord(d *desc) string {
	if d.EnterWord != "" {
		return "enter " + d.EnterWord
	}
	return "enter shows its samples"
}

// quantCell is a quantile with its doubt shown: grey where too few samples
// support it.
func quantCell(st *draw.Styles, q float64, need int, k draw.Ink) draw.Cell {
	if need > 0 || !draw.Finite(q) {
		return draw.C(draw.DurCol(q), st.Faint)
	}
	return draw.C(draw.DurCol(q), k)
}
