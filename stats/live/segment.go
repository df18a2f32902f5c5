package live

import (
	"cmp"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
)

// segRow is a segment that ended: the groups of its lanes, kept for samples
// that come late, and freed when another segment has ended after it.
type segRow struct {
	info   segInfo
	lanes  [stats.NumLanes]*group
	final  [stats.NumLanes]stats.Summary
	paired float64
	ratio  paired.Series // log of optimized ÷ eager, of its pairs
	change float64       // p of that against the row before
}

func (m *modeState) closeSegment(info segInfo, limit int) {
	m.merge()
	change := m.changed()
	for i := range m.rows {
		m.rows[i].settle()
	}
	if info.aa && m.pairs.segment.n > 0 {
		m.noise.Take(m.noiseNow())
	}
	row := segRow{info: info, paired: m.pairs.segment.medianDiff(), change: change, ratio: m.ratio}
	m.before, m.advised = m.advised, advised{}
	m.boot, m.rank, m.ratio = nil, paired.Running{}, paired.Series{}
	for l := range m.lanes {
		g := new(group)
		g.merge(&m.lanes[l].segment)
		g.d.Spread = m.lanes[l].series.Spread()
		if n := m.lanes[l].series.N(); n > m.lanes[l].before.n {
			m.lanes[l].before = spreadOf{n, g.d.Spread}
		}
		row.lanes[l] = g
		m.lanes[l].itlSegment, m.lanes[l].failed, m.lanes[l].series = nil, 0, paired.LaneSeries{}
		m.lanes[l].fold(stats.Lane(l))
	}
	m.rows = append(m.rows, row)
	m.closedN++
	m.epoch++
	if len(m.rows) > limit {
		m.rows = append(m.rows[:0], m.rows[1:]...)
	}
	for _, s := range m.scen {
		if s == nil {
			continue
		}
		for l := range s.segment {
			s.closed[l].merge(&s.segment[l])
			s.segment[l] = group{}
		}
		s.pairOld.merge(&s.pairSeg)
		s.pairSeg = pairStats{}
		s.run = [stats.NumLanes]runStart{}
	}
	clear(m.settled)
	m.pairs.recent, m.pairs.recentAt = m.pairs.recent[:0], 0
	m.pairs.segment.rankN = 0
	m.win.clear()
}

// merge brings the lanes' and scenarios' wider groups up to date.
func (m *modeState) merge() {
	m.drain()
	m.pairs.session.reset()
	m.pairs.segment.reset()
	for _, s := range m.scen {
		if s == nil {
			continue
		}
		m.pairs.segment.merge(&s.pairSeg)
		if m.closedN > 0 {
			m.pairs.session.merge(&s.pairOld)
		}
		for l := range s.session {
			if s.closed[l].d.N == 0 {
				continue
			}
			s.session[l].reset()
			s.session[l].merge(&s.closed[l])
			s.session[l].merge(&s.segment[l])
		}
	}
	if m.closedN > 0 {
		m.pairs.session.merge(&m.pairs.segment)
	}
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		m.mergeLane(l)
	}
}

// whole is the lane's group of the whole session, as of the last merge: that
// of the segment while there has been only one.
func (m *modeState) whole(l stats.Lane) *group {
	if m.closedN == 0 {
		return &m.lanes[l].segment
	}
	return &m.lanes[l].session
}

// whole is the same for one scenario.
func (s *scenState) whole(l stats.Lane) *group {
	if s.closed[l].d.N == 0 {
		return &s.segment[l]
	}
	return &s.session[l]
}

// wholePairs are the pairs of the whole session, as of the last merge.
func (m *modeState) wholePairs() *pairStats {
	if m.closedN == 0 {
		return &m.pairs.segment
	}
	return &m.pairs.session
}

// mergeLane brings one lane's groups up to date.
func (m *modeState) mergeLane(l stats.Lane) {
	m.drain()
	lane := &m.lanes[l]
	lane.segment.reset()
	if m.closedN > 0 {
		lane.session.reset()
	}
	for _, s := range m.scen {
		if s != nil {
			lane.segment.merge(&s.segment[l])
			if m.closedN > 0 {
				lane.session.merge(&s.closed[l])
			}
		}
	}
	mergeInto(&lane.segment.itl, lane.itlSegment)
	if m.closedN == 0 {
		return
	}
	mergeInto(&lane.session.itl, lane.itl)
	itl := lane.segment.itl
	lane.segment.itl = nil // counted in lane.itl already
	lane.session.merge(&lane.segment)
	lane.segment.itl = itl
}

// walls are the lane's latencies of the whole session.
func (m *modeState) walls(l stats.Lane) *quantile.Hist {
	m.drain()
	h := &m.lanes[l].walls
	h.Reset()
	for _, s := range m.scen {
		if s != nil {
			h.Merge(&s.closed[l].d.H)
			h.Merge(&s.segment[l].d.H)
		}
	}
	return h
}

// changed tests the pairs' log ratio in the current segment against the last
// row's.
func (m *modeState) changed() float64 {
	if len(m.rows) == 0 {
		return math.NaN()
	}
	return paired.Differ(&m.rows[len(m.rows)-1].ratio, &m.ratio)
}

func (r *segRow) settle() {
	for l, g := range r.lanes {
		if g != nil {
			r.final[l], r.lanes[l] = g.summary(), nil
		}
	}
}

// addAll takes in a whole sample at once, as backlog.take does many.
func (g *group) addAll(s *stats.Sample, slo int64) {
	g.d.Record(s.WallNs)
	g.tokens += int64(s.Tokens)
	g.exec += int64(s.ExecutedTokens)
	if s.ExecutedTokens > 0 {
		g.semant += int64(s.Tokens)
	}
	latency := s.WallNs
	if s.DeviceNs > stats.Absent {
		recordInto(&g.dev, s.DeviceNs)
		g.wallOfDev += max(s.WallNs, 0)
	}
	if s.ResponseNs > stats.Absent {
		latency = s.ResponseNs
		recordInto(&g.resp, s.ResponseNs)
	}
	if slo > 0 {
		g.sloJudged++
		if latency > slo {
			g.sloMissed++
		}
	}
	g.addRest(s)
}

// addLate takes in a sample of another segment than the current one: into the
// closed groups and into that segment's row. A row that was settled takes no
// more: the sample then counts in the session only.
func (c *Collector) addLate(m *modeState, at *Place, s *stats.Sample) {
	m.closedN++
	var e winSample
	e.set(s, at.scenID, at.shape.id)
	at.scen.recent[s.Lane].add(&e)
	at.shape.add(&e)
	m.line.take(s.Lane, []int64{e.t}, []int64{e.wall})
	at.scen.closed[s.Lane].addAll(s, c.o.SLONs)
	m.addToRow(s, c.segments, c.o.SLONs)
}

func (m *modeState) addToRow(s *stats.Sample, segments []segInfo, slo int64) {
	i, found := m.rowAt(s.Segment)
	if !found {
		k := slices.IndexFunc(segments, func(x segInfo) bool { return x.id == s.Segment })
		if k < 0 {
			return
		}
		m.rows = slices.Insert(m.rows, i, segRow{info: segments[k], paired: math.NaN(), change: math.NaN(),
			lanes: [stats.NumLanes]*group{new(group), new(group)}})
	}
	if g := m.rows[i].lanes[s.Lane]; g != nil {
		g.addAll(s, slo)
	}
}

// rowOf is the group of a late sample in its segment's row; nil where there is
// none, or it takes no more.
func (m *modeState) rowOf(s *stats.Sample) *group {
	i, found := m.rowAt(s.Segment)
	if !found {
		return nil
	}
	return m.rows[i].lanes[s.Lane]
}

func (m *modeState) rowAt(segment int32) (i int, found bool) {
	return slices.BinarySearchFunc(m.rows, segment, func(r segRow, id int32) int { return cmp.Compare(r.info.id, id) })
}

// segmentRows is the before/after table, oldest first.
func (m *modeState) segmentRows(current segInfo) []stats.SegmentRow {
	rows := make([]stats.SegmentRow, 0, len(m.rows)+1)
	for i := range m.rows {
		r := &m.rows[i]
		row := stats.SegmentRow{Segment: r.info.id, Label: r.info.label, AA: r.info.aa, StartNs: r.info.start, EndNs: r.info.end,
			Lanes: r.final, PairedDiff: r.paired, P: r.change}
		n := 0
		for l, g := range r.lanes {
			if g != nil {
				row.Lanes[l] = g.summary()
			}
			n += row.Lanes[l].N
		}
		if n > 0 {
			rows = append(rows, row)
		}
	}
	row := stats.SegmentRow{Segment: current.id, Label: current.label, AA: current.aa, StartNs: current.start, PairedDiff: math.NaN()}
	for l := range m.lanes {
		row.Lanes[l] = m.lanes[l].segment.summary()
	}
	row.PairedDiff, row.P = m.pairs.segment.medianDiff(), m.changed()
	rows = append(rows, row)
	p := make([]float64, len(rows))
	for i := range rows {
		p[i] = rows[i].P
	}
	for i, v := range ranktest.Holm(p) {
		rows[i].PHolm = v
	}
	return rows
}
