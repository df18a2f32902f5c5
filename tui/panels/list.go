package panels

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

// listPanel is a panel that is a heading and a scrollable table.
type listPanel struct {
	Pane
	from  []int // row of the data that each row of the list shows
	sorts []int // columns that are shown and that it can be sorted by
	limit int
}

// Limit is the last row, or how far what has no rows to choose from scrolls.
func (p *listPanel) Limit() int { return p.limit }

// Columns is by how many columns S can sort.
func (p *listPanel) Columns() int { return len(p.sorts) }

// list frames a table: filtered and sorted as the user asked where it has rows
// to choose from, scrolled elsewhere, and says how much of it is out of sight.
func (p *listPanel) list(title []draw.Run, cols []draw.Column, rows [][]draw.Cell, none string) string {
	w, h := p.Inner()
	if len(rows) == 0 {
		return p.Note(title, nil, none)
	}
	st := p.Sc.St
	d := &Descs[p.Slot]
	if d.Rows == nil {
		p.limit = max(0, len(rows)-(h-1))
		off := min(p.Sc.Scroll[p.Slot], p.limit)
		var extra []draw.Run
		if p.limit > 0 {
			extra = []draw.Run{draw.R(st.Muted, p.Sc.Keys("↑/↓ ")+draw.Count(off+1)+"–"+draw.Count(off+h-1)+" of "+draw.Count(len(rows)))}
		}
		return p.Frame(title, extra, draw.Table(st, cols, rows, w, h, off))
	}
	rows, cols, title = p.arrange(title, cols, rows)
	p.limit = max(0, len(rows)-1)
	sel := -1
	var extra []draw.Run
	if p.Focused && len(rows) > 0 {
		sel = max(0, min(p.Sc.Sel[p.Slot], p.limit))
		at := draw.Count(sel+1) + " of " + draw.Count(len(rows)) + " · "
		full, short := enterWord(d), "enter"
		if d.Sorts {
			full, short = full+" · S sorts · / filters", short+" S /"
		}
		if of := draw.RunCells(title[:min(2, len(title))]); p.W-9 < of+draw.Cells(at+full) && p.W-9 >= of+draw.Cells(at+short) {
			full = short // rather what figures are of than what keys do
		}
		extra = []draw.Run{draw.R(st.Muted, at+full)}
	}
	return p.Frame(title, extra, draw.TableOn(st, cols, rows, w, h, sel))
}

// arrange keeps the rows that have the filter's words and sorts them by the
// chosen column, the largest first, where the list can be; where a row came from
// is kept for enter.
func (p *listPanel) arrange(title []draw.Run, cols []draw.Column, rows [][]draw.Cell) ([][]draw.Cell, []draw.Column, []draw.Run) {
	var words []string
	n := 0
	if Descs[p.Slot].Sorts {
		words, n = strings.Fields(strings.ToLower(p.Sc.Filter)), p.Sc.Sort[p.Slot]
	}
	if len(words) > 0 || n > 0 {
		cols = standAlone(cols, rows)
	}
	p.from = p.from[:0]
	for i, r := range rows {
		text := ""
		for _, c := range r {
			text += c.S + " "
		}
		if HasAll(strings.ToLower(text), words) {
			p.from = append(p.from, i)
		}
	}
	if len(words) > 0 {
		title = append(title, draw.R(p.Sc.St.Tag, " · "+draw.Count(len(p.from))+" of: "+p.Sc.Filter))
	}
	w, _ := p.Inner()
	p.sorts = slices.DeleteFunc(draw.FitColumns(cols, w), func(i int) bool { return cols[i].Bar })
	if n > 0 && len(p.sorts) > 0 {
		c := p.sorts[(n-1)%len(p.sorts)]
		slices.SortStableFunc(p.from, func(a, b int) int { return compareCells(rows[b], rows[a], c) })
		cols[c].Head = "▾" + cols[c].Head
	}
	out := make([][]draw.Cell, len(p.from))
	for k, i := range p.from {
		out[k] = rows[i]
	}
	return out, cols, title
}

// standAlone gives each row the first cell that it shares with the row above,
// which it will not stand below, and columns that show it always.
func standAlone(cols []draw.Column, rows [][]draw.Cell) []draw.Column {
	for i := range rows {
		if i > 0 && rows[i][0].S == "" {
			rows[i][0] = rows[i-1][0]
		}
	}
	cols = slices.Clone(cols)
	cols[0].Drop = 0
	return cols
}

// Row is the row of the data that stands in row i of the list, or in its last;
// −1 where there is none.
func (p *listPanel) Row(i int) int {
	if len(p.from) == 0 {
		return -1
	}
	return p.from[max(0, min(i, len(p.from)-1))]
}

// compareCells orders what is printed: numbers with their units by size, then by
// the numbers inside, text by letters, and what has no number below all that have.
func compareCells(a, b []draw.Cell, c int) int {
	if c >= len(a) || c >= len(b) {
		return 0
	}
	x, okX := draw.Magnitude(a[c].S)
	y, okY := draw.Magnitude(b[c].S)
	inside := slices.Compare(draw.Numbers(a[c].S), draw.Numbers(b[c].S))
	switch {
	case okX && okY:
		return cmp.Or(cmp.Compare(x, y), inside)
	case okX:
		return 1
	case okY:
		return -1
	}
	return cmp.Or(inside, strings.Compare(b[c].S, a[c].S))
}

// enterWord says what enter does to a row of a list.
func enterWord(d *Desc) string {
	if d.EnterWord != "" {
		return "enter " + d.EnterWord
	}
	return "enter shows its samples"
}

// quantCell is a quantile with its doubt shown: grey where too few samples
// support it.
func quantCell(st *draw.Styles, q stats.Quantile, k draw.Ink) draw.Cell {
	if q.Need > 0 || !draw.Finite(q.Value) {
		k = st.Faint
	}
	return draw.C(draw.DurCol(q.Value), k)
}

// HasAll reports whether a text holds every word.
func HasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
