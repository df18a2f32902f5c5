package tui

import (
	"github.com/tailscope/tailscope/stats"
)

var slotCauses = register(desc{name: "causes", focus: true, least: 7, make: func() panel { return &causesPanel{} }, want: func(sc *scene, w int) int { return causeLines(sc) }})

// causesPanel is the cause ledger: what each lane's tail is made of, and what
// p99 would be without it.
type causesPanel struct{ listPanel }

func (p *causesPanel) view() string {
	st := p.sc.st
	cols := []column{
		{head: "lane", w: 11, drop: 5}, {head: "  cause", w: 15}, {head: "n", w: 7, right: true}, {head: "in segment", w: 10, right: true, drop: 7}, {head: "share", w: 8, right: true, drop: 4},
		{head: "", w: 12, drop: 6}, {head: "p99 without", w: 13, right: true}, {head: "worst", w: 8, right: true, drop: 2}, {head: "the worst one", w: 19, flex: true, drop: 3},
	}
	var rows [][]cell
	for i := range p.sc.v.Stats.Lanes {
		rows = append(rows, p.lane(laneOf(i))...)
	}
	title := []run{{st.title, "why the tail is slow"}, {st.muted, " · every sample beyond the threshold has exactly one cause"}}
	return p.list(title, cols, rows, "no sample beyond the tail's threshold yet")
}

// lane is the block of one lane: its tail as a whole, then each cause.
func (p *causesPanel) lane(lane stats.Lane) [][]cell {
	st, lv := p.sc.st, p.sc.lane(lane)
	if lv.Session.N == 0 {
		return nil
	}
	name := p.sc.laneName(lane)
	head := []cell{{name, st.laneStrong[lane]}, {laneMark(lane) + " whole tail", st.laneStrong[lane]}, {count(lv.TailN), st.strong}, {count(lv.SegmentTailN), st.muted}, {pct(float64(lv.TailN)/float64(lv.Session.N), 2), st.muted}, {"", st.text},
		p99With(st, &lv.Session), {durCol(lv.Session.Max), st.muted}, {"beyond " + dur(lv.TailNs) + " of " + count(lv.Session.N) + " samples", st.muted}}
	if !finite(lv.TailNs) || lv.TailNs <= 0 {
		head[8].s = "no threshold before there are enough clean samples"
	}
	rows := [][]cell{head}
	for _, c := range lv.Causes {
		k := causeInk(st, c.Cause)
		share := 0.0
		if lv.TailN > 0 {
			share = float64(c.N) / float64(lv.TailN)
		}
		full, _ := gauge(share, 12)
		rows = append(rows, []cell{{"", st.text}, {"  " + causeName(c.Cause), k}, {count(c.N), st.text}, {count(inSegment(lv, c.Cause)), st.muted}, {pct(share, 1), st.muted}, {full, k},
			quantCell(st, c.P99Without, stats.Need(.99)-(lv.Session.N-c.N), st.lane[lane]), {durCol(c.WorstNs), st.muted}, {c.Example, st.muted}})
	}
	return rows
}

// p99With is p99 with the whole tail, in a column of p99 without one cause.
func p99With(st *styles, s *stats.Summary) cell {
	c := quantCell(st, s.P99.Value, s.P99.Need, st.strong)
	c.s = "with " + c.s
	return c
}

// inSegment is how many of a cause belong to the current segment.
func inSegment(lv *stats.LaneView, c stats.Cause) int {
	for _, r := range lv.SegmentCauses {
		if r.Cause == c {
			return r.N
		}
	}
	return 0
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
	return wrap(s, w-detectorName-detectorState-2*columnGap, 3)
}

var slotDetectors = register(desc{name: "detectors", focus: true, least: 5, make: func() panel { return &detectorsPanel{} }, want: func(sc *scene, w int) int { return detectorLines(sc, w) }})

// detectorsPanel says what each detector found, or that it cannot say yet.
type detectorsPanel struct{ listPanel }

func (p *detectorsPanel) view() string {
	st := p.sc.st
	cols := []column{{head: "detector", w: detectorName}, {head: "", w: detectorState}, {head: "finding", w: 20, flex: true}}
	var rows [][]cell
	w, h := p.inner()
	room := h - 1 - len(p.sc.v.Stats.Detectors) // lines for sentences that need a second
	for _, d := range p.sc.v.Stats.Detectors {
		word, k, tk := d.State, st.muted, st.muted
		switch d.State {
		case "ok":
			word, k = "✓ fine", st.ok
		case "warn":
			word, k, tk = "! look", st.warn, st.text
		case "few":
			word = "too few"
		}
		text := []string{d.Sentence}
		if lines := findingLines(d.Sentence, w); len(lines)-1 <= room {
			text, room = lines, room-(len(lines)-1)
		}
		for i, s := range text {
			if i > 0 {
				rows = append(rows, []cell{{}, {}, {s, tk}})
				continue
			}
			rows = append(rows, []cell{{kindName(stats.Kind(d.Name)), st.text}, {word, k}, {s, tk}})
		}
	}
	return p.list([]run{{st.title, "detectors"}}, cols, rows, "no detector has looked yet")
}

// causeLines is how many lines the ledger takes.
func causeLines(sc *scene) int {
	n := 1
	for i := range sc.v.Stats.Lanes {
		n += 1 + len(sc.v.Stats.Lanes[i].Causes)
	}
	return n
}

// detectorLines is how many lines the findings take in w cells.
func detectorLines(sc *scene, w int) int {
	n := 1
	for i := range sc.v.Stats.Detectors {
		n += max(1, len(findingLines(sc.v.Stats.Detectors[i].Sentence, w)))
	}
	return n
}
