package draw

import "slices"

// Column describes one column of a table. Columns with the highest drop go
// first when the table is too wide; drop 0 stays.
type Column struct {
	Head  string
	W     int // cells, not counting the gap before it
	Right bool
	Drop  int
	Flex  bool // takes what room is left, as far as its values need it
	Bar   bool // a picture: nothing to sort by
}

// Cell is one value of a table and its ink, or one for each character.
type Cell struct {
	S    string
	K    Ink
	Each []Ink
}

// C is a cell: text s in ink k.
func C(s string, k Ink) Cell { return Cell{S: s, K: k} }

// Table lays rows out in w cells: heading first, then at most h−1 rows from
// row off on. Every row is exactly w cells wide.
func Table(st *Styles, cols []Column, rows [][]Cell, w, h, off int) []string {
	return table(st, cols, rows, w, h, off, -1)
}

// TableOn is Table with row sel chosen and in sight.
func TableOn(st *Styles, cols []Column, rows [][]Cell, w, h, sel int) []string {
	return table(st, cols, rows, w, h, sel-(h-1)/2, sel)
}

func table(st *Styles, cols []Column, rows [][]Cell, w, h, off, sel int) []string {
	if w < 1 || h < 1 {
		return nil
	}
	show := FitColumns(cols, w)
	cols = widen(cols, show, rows, w)
	out := make([]string, 0, h)
	head := NewLine(w)
	for n, i := range show {
		if n > 0 {
			head.Gap(ColumnGap)
		}
		putCell(head, cols[i], C(cols[i].Head, st.Faint))
	}
	out = append(out, head.String())
	off = max(0, min(off, len(rows)-(h-1)))
	for k, r := range rows[off:] {
		if len(out) == h {
			break
		}
		l, fill := NewLine(w), Ink{}
		on := off+k == sel
		if on {
			fill = st.Selected
		}
		for n, i := range show {
			if i >= len(r) {
				continue
			}
			c := r[i]
			if n > 0 {
				l.Put(fill, Spaces(min(ColumnGap, l.Room())))
			}
			switch {
			case on && c.K == st.Faint: // too few samples: selected or not
				c.K, c.Each = st.SelectedFaint, nil
			case on:
				c.K, c.Each = st.Selected, nil
			}
			putCell(l, cols[i], c)
		}
		out = append(out, l.Put(fill, Spaces(l.Room())).String())
	}
	return out
}

const ColumnGap = 2

// FitColumns returns the indexes of the columns that fit into w cells.
func FitColumns(cols []Column, w int) []int {
	all := make([]int, len(cols))
	for i := range all {
		all[i] = i
	}
	return Shed(all, w+ColumnGap, func(i int) (width, drop int) { return cols[i].W + ColumnGap, cols[i].Drop })
}

// Shed gives up items until the widths of the rest come to w at most: those with
// the highest drop first, the last of equals, never one whose drop is 0.
func Shed[T any](items []T, w int, of func(T) (width, drop int)) []T {
	items, used := slices.Clone(items), 0
	for _, x := range items {
		n, _ := of(x)
		used += n
	}
	for used > w {
		worst, most, width := -1, 1, 0
		for i, x := range items {
			if n, drop := of(x); drop >= most {
				worst, most, width = i, drop, n
			}
		}
		if worst < 0 {
			break
		}
		items, used = slices.Delete(items, worst, worst+1), used-width
	}
	return items
}

// widen gives the flexible columns the room that is left, up to their widest
// value, so that figures stand near the names they belong to.
func widen(cols []Column, show []int, rows [][]Cell, w int) []Column {
	out := slices.Clone(cols)
	room := w + ColumnGap
	for _, i := range show {
		room -= cols[i].W + ColumnGap
	}
	for _, i := range show {
		if !cols[i].Flex || room <= 0 {
			continue
		}
		need := Cells(cols[i].Head)
		for _, r := range rows {
			if i < len(r) {
				need = max(need, Cells(r[i].S))
			}
		}
		more := max(0, min(room, need-cols[i].W))
		out[i].W += more
		room -= more
	}
	return out
}

func putCell(l *Line, c Column, v Cell) {
	if len(v.Each) > 0 && c.W <= l.Room() && Cells(v.S) <= c.W {
		var s Strip
		i := 0
		for _, r := range v.S {
			s.Add(v.Each[i], string(r))
			i++
		}
		l.Raw(s.String()+Spaces(c.W-i), c.W)
		return
	}
	if c.Right {
		l.Put(v.K, Right(v.S, c.W))
	} else {
		l.Put(v.K, Left(v.S, c.W))
	}
}
