package tui

// column describes one column of a table. Columns with the highest drop go
// first when the table is too wide; drop 0 stays.
type column struct {
	head  string
	w     int // cells, not counting the gap before it
	right bool
	drop  int
	flex  bool // takes what room is left, as far as its values need it
}

// cell is one value of a table and its ink.
type cell struct {
	s string
	k ink
}

// table lays rows out in w cells: heading first, then at most h−1 rows from
// row off on. Every row is exactly w cells wide.
func table(st *styles, cols []column, rows [][]cell, w, h, off int) []string {
	if w < 1 || h < 1 {
		return nil
	}
	show := fitColumns(cols, w)
	cols = widen(cols, show, rows, w)
	out := make([]string, 0, h)
	head := newLine(w)
	for n, i := range show {
		putCell(head, n, cols[i], cell{cols[i].head, st.faint})
	}
	out = append(out, head.String())
	off = max(0, min(off, len(rows)-(h-1)))
	for _, r := range rows[off:] {
		if len(out) == h {
			break
		}
		l := newLine(w)
		for n, i := range show {
			if i < len(r) {
				putCell(l, n, cols[i], r[i])
			}
		}
		out = append(out, l.String())
	}
	return out
}

const columnGap = 2

// fitColumns returns the indexes of the columns that fit into w cells.
func fitColumns(cols []column, w int) []int {
	keep := make([]bool, len(cols))
	used := -columnGap
	for i, c := range cols {
		keep[i] = true
		used += c.w + columnGap
	}
	for used > w {
		worst := -1
		for i, c := range cols {
			if keep[i] && c.drop > 0 && (worst < 0 || c.drop >= cols[worst].drop) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		keep[worst] = false
		used -= cols[worst].w + columnGap
	}
	var out []int
	for i := range cols {
		if keep[i] {
			out = append(out, i)
		}
	}
	return out
}

// widen gives the flexible columns the room that is left, up to their widest
// value, so that figures stand near the names they belong to.
func widen(cols []column, show []int, rows [][]cell, w int) []column {
	out := append([]column(nil), cols...)
	room := w + columnGap
	for _, i := range show {
		room -= cols[i].w + columnGap
	}
	for _, i := range show {
		if !cols[i].flex || room <= 0 {
			continue
		}
		need := cells(cols[i].head)
		for _, r := range rows {
			if i < len(r) {
				need = max(need, cells(r[i].s))
			}
		}
		more := max(0, min(room, need-cols[i].w))
		out[i].w += more
		room -= more
	}
	return out
}

func putCell(l *line, n int, c column, v cell) {
	if n > 0 {
		l.gap(columnGap)
	}
	if c.right {
		l.put(v.k, right(v.s, c.w))
	} else {
		l.put(v.k, left(v.s, c.w))
	}
}

// listPanel is a panel that is a heading and a scrollable table.
type listPanel struct{ pane }

// list frames a table, scrolled by what the user asked, and says how much of
// it is out of sight.
func (p *listPanel) list(title []run, cols []column, rows [][]cell, none string) string {
	w, h := p.inner()
	if w < 1 || h < 1 {
		return p.frame(title, nil, nil)
	}
	if len(rows) == 0 {
		return p.frame(title, nil, []string{newLine(w).put(p.sc.st.muted, none).String()})
	}
	var extra []run
	if hidden := len(rows) - (h - 1); hidden > 0 {
		off := min(p.sc.scroll[p.slot], hidden)
		extra = []run{{p.sc.st.muted, "↑/↓ " + count(off+1) + "–" + count(off+h-1) + " of " + count(len(rows))}}
	}
	return p.frame(title, extra, table(p.sc.st, cols, rows, w, h, p.sc.scroll[p.slot]))
}

// quantCell is a quantile with its doubt shown: grey where too few samples
// support it.
func quantCell(st *styles, q float64, need int, k ink) cell {
	if need > 0 || !finite(q) {
		return cell{durCol(q), st.faint}
	}
	return cell{durCol(q), k}
}
