package stats

import "math"

// Live describes one mode as of nowNs. It copies: nothing in it changes later.
func (c *Collector) Live(mode Mode, nowNs int64) Live {
	out := Live{Mode: mode, Segment: c.segment, BinNs: c.o.BinNs, Total: c.total}
	for i, m := range c.modes {
		if m != nil && m.samples() > 0 {
			out.Modes = append(out.Modes, Mode(i))
		}
	}
	if int(mode) >= NumModes || c.modes[mode] == nil {
		c.emptyLive(&out)
		return out
	}
	m := c.modes[mode]
	m.drain()
	m.win.expire(nowNs - m.win.ns)
	m.merge()
	win, laneRaw, scenRaw := m.win.gather()
	var scratch hist
	for l := Lane(0); l < NumLanes; l++ {
		out.Lanes[l] = c.laneView(m, l, &win[l], laneRaw[l], &scratch)
	}
	out.Pair = m.pairs.segment.view(&m.lanes[Eager].segment.d.qdist, &m.lanes[Optimized].segment.d.qdist)
	out.PairAll = m.wholePairs().view(&m.whole(Eager).d.qdist, &m.whole(Optimized).d.qdist)
	m.boot.apply(&out.Pair)
	if floor := m.noise.MedianNs; floor > 0 {
		out.Pair.NoiseNs, out.PairAll.NoiseNs = floor, floor
	}
	out.Scenarios = c.scenarioRows(m, scenRaw)
	out.Shapes = c.shapeRows(m)
	out.Segments = m.segmentRows(c.segments[len(c.segments)-1])
	out.Timeline = m.line.view(&c.marks, mode)
	for i := range m.gauges {
		out.Gauges = append(out.Gauges, m.gauges[i].view(m.lanes[Optimized].n))
	}
	out.PaddingNs, out.LostPairs = m.paddingCost(), m.pairs.lost
	out.Detectors = c.detect(m)
	out.Advisor = c.advisor(m)
	out.Verdict = c.verdict(m, &out)
	return out
}

// verdict weighs the current segment.
func (c *Collector) verdict(m *modeState, out *Live) Verdict {
	in := verdictInput{mode: m.mode, pair: out.Pair, noise: m.noise, facts: c.facts, gauges: out.Gauges, decode: math.NaN()}
	in.facts.AA = c.AA()
	for l := range in.lanes {
		in.lanes[l], in.causes[l] = out.Lanes[l].Segment, out.Lanes[l].SegmentCauses
		in.failed[l] = m.lanes[l].failed
	}
	for i, other := range c.modes {
		if other != nil && other != m && other.samples() > 0 {
			other.merge()
			in.other[i] = &[NumLanes]Summary{other.whole(Eager).summary(), other.whole(Optimized).summary()}
		}
	}
	if g := &m.lanes[Eager].segment; g.ttft != nil && g.ttft.n > 0 && g.d.n > 0 {
		in.decode = 1 - g.ttft.quantile(0.5)/g.d.quantile(0.5)
	}
	return judge(in)
}

func (m *modeState) samples() int { return m.lanes[Eager].n + m.lanes[Optimized].n }

func (c *Collector) emptyLive(out *Live) {
	for l := range out.Lanes {
		e := emptySummary()
		out.Lanes[l] = LaneView{Session: e, Segment: e, Window: e, Hidden: e, TailNs: math.NaN()}
	}
	var none pairStats
	out.Pair, out.PairAll = none.view(nil, nil), none.view(nil, nil)
	out.Verdict = judge(verdictInput{lanes: [NumLanes]Summary{emptySummary(), emptySummary()}, decode: math.NaN()})
}

func (c *Collector) laneView(m *modeState, l Lane, win *winDist, raw small, scratch *hist) LaneView {
	lane := &m.lanes[l]
	v := LaneView{Session: m.whole(l).summary(), Segment: lane.segment.summary(), Hidden: lane.segment.hidden(scratch)}
	if c.o.WindowNs == 0 {
		v.Window = v.Segment
		v.HistWin = displayHist(&lane.segment.d.h, tagOf(&lane.segment))
	} else {
		v.Window = win.summary(raw)
		if m.win.cut {
			v.Window.Warnings = append(v.Window.Warnings, "more samples than the window can hold: it shows the latest")
		}
		v.HistWin = displayHist(&win.h, &win.tag)
	}
	v.Hist = displayHist(&lane.segment.d.h, tagOf(&lane.segment))
	v.TailNs = m.whole(l).tail()
	v.Causes, v.TailN = lane.sessionCauses(l, m.whole(l), v.TailNs, scratch)
	v.SegmentCauses, v.SegmentTailN = lane.segmentCauses(l, v.TailNs, scratch)
	return v
}

func tagOf(g *group) *hist {
	if g.tagged == nil {
		return nil
	}
	return &g.tagged.h
}

// displayRatio is the width of a bin on screen, right edge over left edge.
const displayRatio = 1.05

// displayHist bins a histogram logarithmically from its smallest to its
// largest value.
func displayHist(h, tagged *hist) Histogram {
	out := Histogram{Ratio: displayRatio}
	if h.n() == 0 {
		return out
	}
	var ends [2]float64
	h.ranks([]uint64{1, h.n()}, ends[:])
	logR := math.Log(displayRatio)
	first := math.Floor(math.Log(math.Max(ends[0], 1)) / logR)
	out.LoNs = math.Exp(first * logR)
	out.Counts = rebin(h, out.LoNs, ends[1], nil)
	out.Tagged = make([]uint64, len(out.Counts))
	if tagged != nil {
		rebin(tagged, out.LoNs, ends[1], out.Tagged)
	}
	return out
}

// rebin adds h's counts to bins, which it makes when nil: as many as reach from
// lo to hi.
func rebin(h *hist, lo, hi float64, bins []uint64) []uint64 {
	if bins == nil {
		bins = make([]uint64, max(0, int(math.Log(math.Max(hi, 1)/lo)/math.Log(displayRatio)))+1)
	}
	i, edge := 0, lo*displayRatio
	h.each(func(v float64, n uint64) {
		for v >= edge && i < len(bins)-1 {
			i++
			edge *= displayRatio
		}
		bins[i] += n
	})
	return bins
}

// shapeRows are the shapes; with a window that is the segment they have none.
func (c *Collector) shapeRows(m *modeState) []ShapeRow {
	if c.o.WindowNs == 0 {
		var none window
		return m.shapes.list(none.shapeView)
	}
	m.win.gatherShapes()
	return m.shapes.list(m.win.shapeView)
}

func (c *Collector) scenarioRows(m *modeState, raw [][NumLanes]small) []ScenarioRow {
	var rows []ScenarioRow
	for i, s := range m.scen {
		if s == nil {
			continue
		}
		row := ScenarioRow{Scenario: s.name, Pair: s.pairSeg.view(nil, nil)}
		for l := range row.Lanes {
			row.Lanes[l], row.Session[l] = s.segment[l].summary(), s.whole(Lane(l)).summary()
			if i < len(raw) && c.o.WindowNs > 0 {
				row.Window[l] = m.win.scen[i][l].summary(raw[i][l])
			} else {
				row.Window[l] = row.Lanes[l]
			}
		}
		rows = append(rows, row)
	}
	p := make([]float64, len(rows))
	for i := range rows {
		p[i] = rows[i].Pair.P
	}
	for i, v := range Holm(p) {
		rows[i].Pair.PHolm = v
	}
	return rows
}
