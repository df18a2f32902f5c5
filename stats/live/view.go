package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
	"github.com/tailscope/tailscope/stats/verdict"
)

// Live describes one mode as of nowNs. It copies: nothing in it changes later.
func (c *Collector) Live(mode stats.Mode, nowNs int64) stats.Live {
	out := stats.Live{Mode: mode, Segment: c.segment, BinNs: c.o.BinNs, Total: c.total()}
	for i, m := range c.modes {
		if m != nil && m.samples() > 0 {
			out.Modes = append(out.Modes, stats.Mode(i))
		}
	}
	if int(mode) >= stats.NumModes || c.modes[mode] == nil {
		c.emptyLive(&out)
		return out
	}
	m := c.modes[mode]
	m.drain()
	m.win.expire(nowNs - m.win.ns)
	m.merge()
	m.spread()
	m.win.gather()
	var scratch quantile.Hist
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		out.Lanes[l] = c.laneView(m, l, &scratch)
	}
	out.Pair = m.pairs.segment.view(&m.lanes[stats.Eager].segment.d.Dist, &m.lanes[stats.Optimized].segment.d.Dist)
	out.PairAll = m.wholePairs().view(&m.whole(stats.Eager).d.Dist, &m.whole(stats.Optimized).d.Dist)
	m.boot.Apply(&out.Pair)
	paired.Supported(&out.PairAll, math.NaN(), nil) // bands are of the segment
	ranks := m.ranks()
	if out.Pair.N > 0 { // one question, one interval
		out.Pair.MedianDiff, out.Pair.DiffLo, out.Pair.DiffHi = ranks[stats.Median].Diff, ranks[stats.Median].Lo, ranks[stats.Median].Hi
	}
	if floor := m.noise.MedianNs; floor > 0 {
		out.Pair.NoiseNs, out.PairAll.NoiseNs = floor, floor
	}
	out.Scenarios = c.scenarioRows(m, nowNs)
	out.Shapes = c.shapeRows(m, nowNs)
	out.Segments = m.segmentRows(c.segments[len(c.segments)-1])
	out.Timeline = m.line.view(&c.marks, mode)
	for i := range m.gauges {
		seen := m.shapesSeen(m.gauges[i].in.Strategy)
		out.Gauges = append(out.Gauges, m.gauges[i].view(m.lanes[stats.Optimized].n, &seen))
	}
	out.PaddingNs, out.LostPairs = m.paddingCost(), m.pairs.lost
	out.Detectors = c.detect(m)
	out.Advisor = c.advisor(m)
	out.Verdict = c.verdict(m, &out, ranks)
	return out
}

// verdict weighs the current segment.
func (c *Collector) verdict(m *modeState, out *stats.Live, ranks stats.Rankings) stats.Verdict {
	in := verdict.Input{Mode: m.mode, Pair: out.Pair, Ranks: ranks, Facts: c.facts, Gauges: out.Gauges, Decode: math.NaN()}
	in.Facts.AA = c.AA()
	for l := range in.Lanes {
		in.Lanes[l], in.Causes[l] = out.Lanes[l].Segment, out.Lanes[l].SegmentCauses
		in.Failed[l] = m.lanes[l].failed
	}
	for _, s := range out.Scenarios {
		in.Parts = append(in.Parts, verdict.Part{Name: s.Scenario, N: s.Pair.N, Diff: s.Pair.MedianDiff})
	}
	for i, other := range c.modes {
		if other != nil && other != m && other.samples() > 0 {
			other.merge()
			in.Other[i] = &[stats.NumLanes]stats.Summary{other.whole(stats.Eager).summary(), other.whole(stats.Optimized).summary()}
		}
	}
	if g := &m.lanes[stats.Eager].segment; g.ttft != nil && g.ttft.N > 0 && g.d.N > 0 {
		in.Decode = 1 - g.ttft.Quantile(0.5)/g.d.Quantile(0.5)
	}
	in.Bucket = m.bucketP99(c)
	v := verdict.Judge(in)
	v.Outcome = m.outcome(c.facts.Strategy, &in.Lanes[stats.Optimized])
	m.advised = advised{v.Advice, in.Lanes[stats.Optimized].P99.Value}
	return v
}

// advised is the advice of a segment, and the optimized lane's p99 in it.
type advised struct {
	advice []stats.Advice
	p99    float64
}

// outcome is what came of the advice that the strategy in force follows; nil where
// it follows none.
func (m *modeState) outcome(strategy string, now *stats.Summary) *stats.Outcome {
	for i := range m.before.advice {
		if a := &m.before.advice[i]; a.Strategy != "" && a.Strategy == strategy {
			return verdict.Came(a, m.before.p99, now)
		}
	}
	return nil
}

func (m *modeState) samples() int { return m.lanes[stats.Eager].n + m.lanes[stats.Optimized].n }

func (c *Collector) emptyLive(out *stats.Live) {
	for l := range out.Lanes {
		e := quantile.Empty()
		out.Lanes[l] = stats.LaneView{Session: e, Segment: e, Window: e, Hidden: e, TailNs: math.NaN()}
	}
	var none pairStats
	out.Pair, out.PairAll = none.view(nil, nil), none.view(nil, nil)
	out.Verdict = verdict.Judge(verdict.Input{Lanes: [stats.NumLanes]stats.Summary{quantile.Empty(), quantile.Empty()}, Decode: math.NaN()})
}

func (c *Collector) laneView(m *modeState, l stats.Lane, scratch *quantile.Hist) stats.LaneView {
	lane := &m.lanes[l]
	v := stats.LaneView{Session: m.whole(l).summary(), Segment: lane.segment.summary(), Hidden: lane.segment.hidden(scratch)}
	if c.o.WindowNs == 0 {
		v.Window = v.Segment
		v.HistWin = displayHist(&lane.segment.d.H, tagOf(&lane.segment))
	} else {
		win := &m.win.lanes[l]
		v.Window = win.summary(lane.spread)
		if m.win.cut {
			v.Window.Warnings = append(v.Window.Warnings, "more samples than the window can hold: it shows the latest")
		}
		v.HistWin = displayHist(&win.h, &win.tag)
	}
	v.Hist = displayHist(&lane.segment.d.H, tagOf(&lane.segment))
	scratch.CopyFrom(&m.whole(l).d.H)
	v.TailNs = lane.tail(scratch, m.whole(l).d.Quantile(.5))
	v.Causes, v.TailN = lane.sessionCauses(l, m.whole(l), v.TailNs, scratch)
	v.SegmentCauses, v.SegmentTailN = lane.segmentCauses(l, v.TailNs, scratch)
	return v
}

func tagOf(g *group) *quantile.Hist {
	if g.tagged == nil {
		return nil
	}
	return &g.tagged.H
}

// displayRatio is the width of a bin on screen, right edge over left edge.
const displayRatio = 1.05

// displayHist bins a histogram logarithmically from its smallest to its
// largest value.
func displayHist(h, tagged *quantile.Hist) stats.Histogram {
	out := stats.Histogram{Ratio: displayRatio}
	if h.N() == 0 {
		return out
	}
	var ends [2]float64
	h.Ranks([]uint64{1, h.N()}, ends[:])
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
func rebin(h *quantile.Hist, lo, hi float64, bins []uint64) []uint64 {
	if bins == nil {
		bins = make([]uint64, max(0, int(math.Log(math.Max(hi, 1)/lo)/math.Log(displayRatio)))+1)
	}
	i, edge := 0, lo*displayRatio
	h.Each(func(v float64, n uint64) {
		for v >= edge && i < len(bins)-1 {
			i++
			edge *= displayRatio
		}
		bins[i] += n
	})
	return bins
}

// shapeRows are the shapes; with a window that is the segment they have none.
func (c *Collector) shapeRows(m *modeState, nowNs int64) []stats.ShapeRow {
	var spread [stats.NumLanes]quantile.Spread
	for l := range spread {
		spread[l] = m.whole(stats.Lane(l)).d.Spread
	}
	if c.o.WindowNs == 0 {
		var none window
		return m.shapes.list(nowNs, spread, none.shapeView)
	}
	return m.shapes.list(nowNs, spread, m.win.shapeView)
}

func (c *Collector) scenarioRows(m *modeState, nowNs int64) []stats.ScenarioRow {
	var rows []stats.ScenarioRow
	for i, s := range m.scen {
		if s == nil {
			continue
		}
		row := stats.ScenarioRow{Scenario: s.name, Pair: s.pairSeg.view(nil, nil)}
		for l := range row.Lanes {
			row.Lanes[l], row.Session[l] = s.segment[l].summary(), s.whole(stats.Lane(l)).summary()
			row.Recent[l] = s.recent[l].view(nowNs)
			if i < len(m.win.scen) && c.o.WindowNs > 0 {
				row.Window[l] = m.win.scen[i][l].summary(m.lanes[l].spread)
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
	for i, v := range ranktest.Holm(p) {
		rows[i].Pair.PHolm = v
	}
	return rows
}
