package panels

import (
	"slices"
	"strconv"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotSegmentPair = Register(Desc{Name: "segmentpair", Least: 4, Make: func() Panel { return &segmentPairPanel{} }, Want: func(sc *Scene, _ int) int {
	if a, _ := markedSegments(sc); a == nil {
		return 1
	}
	return 2 + len(pairQuantiles)
}})

// segmentPairPanel sets two segments against each other, quantile by quantile:
// the two that were marked, else the last two.
type segmentPairPanel struct{ listPanel }

// pairQuantiles are the rows, quantiles first.
var pairQuantiles = []quantRow{statRows[0], statRows[1], statRows[2], statRows[3], statRows[4], statRows[7], statRows[5]}

// numQuantiles is how many of them are quantiles, in rising order.
const numQuantiles = 5

// markedSegments are the two that are compared, the older first; nil where
// there are no two.
func markedSegments(sc *Scene) (a, b *stats.SegmentRow) {
	rows := sc.V.Stats.Segments
	var found []*stats.SegmentRow
	for i := range rows {
		if slices.Contains(sc.Marked, rows[i].Segment) {
			found = append(found, &rows[i])
		}
	}
	switch n := len(rows); {
	case len(found) == 2:
		return found[0], found[1]
	case n < 2:
		return nil, nil
	case len(found) == 1 && found[0] != &rows[n-1]:
		return found[0], &rows[n-1]
	default:
		return &rows[n-2], &rows[n-1]
	}
}

// told reports whether two quantiles are told apart: their intervals do not
// touch.
func told(a, b *stats.Quantile) bool {
	return a.Need == 0 && b.Need == 0 && (a.Hi < b.Lo || b.Hi < a.Lo)
}

func (p *segmentPairPanel) View() string {
	st := p.Sc.St
	title := []draw.Run{draw.R(st.Title, "two segments")}
	w, h := p.Inner()
	a, b := markedSegments(p.Sc)
	if a == nil {
		return p.Note(title, nil, "one segment so far; a toggle begins another")
	}
	nameA, nameB := segmentName(a), segmentName(b)
	title = append(title, draw.R(st.Strong, " · "+nameA+" → "+nameB), draw.R(st.Muted, " · ~ intervals touch"))
	wa, wb := min(max(10, draw.Cells(nameA)+2), 22), min(max(10, draw.Cells(nameB)+2), 22)
	cols := []draw.Column{
		{Head: "", W: 6}, {Head: "◆ " + nameA, W: wa, Right: true}, {Head: "95 % interval", W: 20, Drop: 3}, {Head: "◆ " + nameB, W: wb, Right: true}, {Head: "95 % interval", W: 20, Drop: 4},
		{Head: "change", W: 9, Right: true}, {Head: "◇ " + nameA, W: wa, Right: true, Drop: 2}, {Head: "◇ " + nameB, W: wb, Right: true, Drop: 2}, {Head: "change", W: 9, Right: true, Drop: 1},
	}
	var rows [][]draw.Cell
	for i := range pairQuantiles {
		q := &pairQuantiles[i]
		row := []draw.Cell{draw.C(q.name, st.Muted)}
		for _, l := range []stats.Lane{stats.Optimized, stats.Eager} {
			x, y := q.of(&a.Lanes[l]), q.of(&b.Lanes[l])
			inkA, inkB := st.Lane[l], st.Lane[l]
			if a.AA {
				inkA = st.Lane[stats.Eager]
			}
			if b.AA {
				inkB = st.Lane[stats.Eager]
			}
			row = append(row, quantCell(st, x, inkA))
			if l == stats.Optimized {
				row = append(row, intervalIn(st, x, 20))
			}
			row = append(row, quantCell(st, y, inkB))
			if l == stats.Optimized {
				row = append(row, intervalIn(st, y, 20))
			}
			row = append(row, change(st, &x, &y, i < numQuantiles))
		}
		rows = append(rows, row)
	}
	body := draw.Table(st, cols, rows, w, h, 0)
	if len(body) < h {
		body = append(body, draw.NewLine(w).Put(st.Strong, crossing(a, b)).String())
	}
	return p.Frame(title, nil, body)
}

func segmentName(s *stats.SegmentRow) string { return strconv.Itoa(int(s.Segment)) + " " + s.Label }

// change is the factor from one to the other, grey and with a ~ where they are
// not told apart.
func change(st *draw.Styles, a, b *stats.Quantile, quantile bool) draw.Cell {
	if !(a.Value > 0) || !draw.Finite(b.Value) {
		return draw.C(draw.Missing, st.Faint)
	}
	text := "× " + draw.Num(b.Value/a.Value, 2)
	switch {
	case !quantile:
		return draw.C(text, st.Muted)
	case !told(a, b):
		return draw.C("~ "+text, st.Faint)
	case b.Value < a.Value:
		return draw.C(text, st.Ok)
	}
	return draw.C(text, st.Warn)
}

// crossing says up to where the optimized lane of the second segment is ahead of
// that of the first, of those quantiles that are told apart.
func crossing(a, b *stats.SegmentRow) string {
	var faster, slower []string
	for i := range numQuantiles {
		q := &pairQuantiles[i]
		x, y := q.of(&a.Lanes[stats.Optimized]), q.of(&b.Lanes[stats.Optimized])
		switch {
		case !told(&x, &y):
		case y.Value < x.Value:
			faster = append(faster, q.name)
		default:
			slower = append(slower, q.name)
		}
	}
	name := segmentName(b)
	switch {
	case len(faster) == 0 && len(slower) == 0:
		return "no quantile of the optimized lane is told apart"
	case len(slower) == 0:
		return name + " is faster at " + list(faster)
	case len(faster) == 0:
		return name + " is slower at " + list(slower)
	}
	return name + " is faster at " + list(faster) + " and slower at " + list(slower) + ": they cross between"
}

func list(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return words[0] + " to " + words[len(words)-1]
}
