package panels

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/tui/draw"
)

var SlotCauses = Register(Desc{Name: "causes", Sorts: true, Rows: causeRows, Enter: enterCause, Focus: true, Least: 7, Make: func() Panel { return &causesPanel{} }})

// causesPanel is the cause ledger: what each lane's tail is made of, and what
// p99 would be without it.
type causesPanel struct{ listPanel }

func (p *causesPanel) View() string {
	st := p.Sc.St
	cols := []draw.Column{
		{Head: "lane", W: 11, Drop: 5}, {Head: "  cause", W: 15}, {Head: "n", W: 7, Right: true}, {Head: "share", W: 8, Right: true, Drop: 4},
		{Head: "", W: 12, Drop: 6, Bar: true}, {Head: "p99 without", W: 13, Right: true}, {Head: "worst", W: 8, Right: true, Drop: 2}, {Head: "the worst one", W: 19, Flex: true, Drop: 3},
	}
	var rows [][]draw.Cell
	for lane := range stats.Lane(stats.NumLanes) {
		rows = append(rows, p.Lane(lane)...)
	}
	title := []draw.Run{draw.R(st.Title, "why the tail is slow"), draw.R(st.Strong, " · "+p.Sc.ledger(stats.Optimized).of), draw.R(st.Muted, " · every sample beyond the threshold has exactly one cause")}
	return p.list(title, cols, rows, "no sample beyond the tail's threshold yet")
}

// Lane is the block of one lane: its tail as a whole, then each cause.
func (p *causesPanel) Lane(lane stats.Lane) [][]draw.Cell {
	st, lv := p.Sc.St, p.Sc.Lane(lane)
	if lv.Session.N == 0 {
		return nil
	}
	g := p.Sc.ledger(lane)
	head := []draw.Cell{draw.C(p.Sc.LaneName(lane), st.LaneStrong[lane]), draw.C(draw.LaneMark(lane)+" whole tail", st.LaneStrong[lane]), draw.C(draw.Count(g.tail), st.Strong), draw.C(draw.Pct(float64(g.tail)/float64(g.n), 2), st.Muted), draw.C("", st.Text),
		P99With(st, g.sum), draw.C(draw.DurCol(g.sum.Max), st.Muted), draw.C("beyond "+draw.Dur(lv.TailNs)+" of "+draw.Count(g.n)+" samples", st.Muted)}
	if !draw.Finite(lv.TailNs) || lv.TailNs <= 0 {
		head[7].S = "no threshold before there are enough clean samples"
	}
	rows := [][]draw.Cell{head}
	for _, c := range g.causes {
		k := causeInk(st, c.Cause)
		share := float64(c.N) / float64(max(g.tail, 1))
		full, _ := draw.Gauge(share, 12)
		rows = append(rows, []draw.Cell{draw.C("", st.Text), draw.C("  "+causeName(c.Cause), k), draw.C(draw.Count(c.N), st.Text), draw.C(draw.Pct(share, 1), st.Muted), draw.C(full, k),
			quantCell(st, stats.Quantile{Value: c.P99Without, Need: quantile.Need(.99) - (g.n - c.N)}, st.Lane[lane]), draw.C(draw.DurCol(c.WorstNs), st.Muted), draw.C(c.Example, st.Muted)})
	}
	return rows
}

// P99With is p99 with the whole tail, in a column of p99 without one cause.
func P99With(st *draw.Styles, s *stats.Summary) draw.Cell {
	c := quantCell(st, s.P99, st.Strong)
	c.S = "with " + c.S
	return c
}

func causeName(c stats.Cause) string {
	switch c {
	case stats.CauseCapture:
		return "graph capture"
	case stats.CauseShapeNew:
		return "new shape"
	case stats.CauseColdStart:
		return "cold start"
	case stats.CauseTool:
		return "tailscope"
	case stats.CauseGPU:
		return "GPU clocks"
	}
	return c.String()
}

const detectorName, detectorState = 14, 9 // widths of columns

// findingLines is a detector's sentence in a panel w cells wide inside.
func findingLines(s string, w int) []string {
	return draw.Wrap(s, w-detectorName-detectorState-2*draw.ColumnGap, 3)
}

var SlotDetectors = Register(Desc{Name: "detectors", Focus: true, Least: 5, Make: func() Panel { return &detectorsPanel{} }, Want: detectorLines})

// detectorsPanel says what each detector found, or that it cannot say yet.
type detectorsPanel struct{ listPanel }

func (p *detectorsPanel) View() string {
	st := p.Sc.St
	cols := []draw.Column{{Head: "detector", W: detectorName}, {Head: "", W: detectorState}, {Head: "finding", W: 20, Flex: true}}
	var rows [][]draw.Cell
	w, h := p.Inner()
	room := h - 1 - len(p.Sc.V.Stats.Detectors) // lines for sentences that need a second
	for _, d := range p.Sc.V.Stats.Detectors {
		word, k, tk := d.State, st.Muted, st.Muted
		switch d.State {
		case "ok":
			word, k = "✓ fine", st.Ok
		case "warn":
			word, k, tk = "! look", st.Warn, st.Text
		case "few":
			word = "too few"
		}
		text := []string{d.Sentence}
		if lines := findingLines(d.Sentence, w); len(lines)-1 <= room {
			text, room = lines, room-(len(lines)-1)
		}
		for i, s := range text {
			if i > 0 {
				rows = append(rows, []draw.Cell{{}, {}, draw.C(s, tk)})
				continue
			}
			rows = append(rows, []draw.Cell{draw.C(draw.KindName(stats.Kind(d.Name)), st.Text), draw.C(word, k), draw.C(s, tk)})
		}
	}
	return p.list([]draw.Run{draw.R(st.Title, "detectors")}, cols, rows, "no detector has looked yet")
}

// causeAt is the lane and the cause of a row of the ledger; CauseNone stands
// for the whole tail.
func causeAt(sc *Scene, row int) (stats.Lane, stats.Cause, bool) {
	for lane := range stats.Lane(stats.NumLanes) {
		if sc.Lane(lane).Session.N == 0 {
			continue
		}
		causes := sc.ledger(lane).causes
		switch {
		case row == 0:
			return lane, stats.CauseNone, true
		case row <= len(causes):
			return lane, causes[row-1].Cause, true
		}
		row -= 1 + len(causes)
	}
	return 0, 0, false
}

func causeRows(sc *Scene) (n int) {
	for {
		if _, _, ok := causeAt(sc, n); !ok {
			return n
		}
		n++
	}
}

func enterCause(sc *Scene, row int) (c Choice) {
	if lane, cause, ok := causeAt(sc, row); ok {
		q := findCause(sc, lane, cause)
		c.Find = &q
	}
	return c
}

// detectorLines is how many lines the findings take in w cells.
func detectorLines(sc *Scene, w int) int {
	n := 1
	for i := range sc.V.Stats.Detectors {
		n += max(1, len(findingLines(sc.V.Stats.Detectors[i].Sentence, w)))
	}
	return n
}
