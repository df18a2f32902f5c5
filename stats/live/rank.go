package live

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// aimPairs and aimLane tell the series of the current segment the quantiles by
// which they judge what comes next.
func (m *modeState) aimPairs() {
	m.mergeLane(stats.Eager)
	m.mergeLane(stats.Optimized)
	m.rank.Aim(m.lanes[stats.Eager].segment.d.Quantile(.99), m.lanes[stats.Optimized].segment.d.Quantile(.99))
}

func (m *modeState) aimLane(l stats.Lane) {
	m.mergeLane(l)
	d := &m.lanes[l].segment.d
	m.lanes[l].series.Aim(d.Quantile(.5), d.Quantile(.99))
}

// spreadOf is the spread of a segment of n samples.
type spreadOf struct {
	n      int
	spread quantile.Spread
}

// spread widens the intervals of the lanes by how much neighbours are alike in the
// current segment, those of the whole session by the segment that has most
// samples. Scenarios and shapes take their lane's.
func (m *modeState) spread() {
	for l := range m.lanes {
		lane := &m.lanes[l]
		lane.spread, lane.session.d.Spread = lane.series.Spread(), lane.before.spread
		if lane.series.N() >= lane.before.n {
			lane.session.d.Spread = lane.spread
		}
		lane.segment.d.Spread = lane.spread
		for _, sc := range m.scen {
			if sc != nil {
				sc.segment[l].d.Spread, sc.session[l].d.Spread = lane.spread, lane.session.d.Spread
			}
		}
	}
}

// ranks are those of the current segment, valid at any moment.
func (m *modeState) ranks() stats.Rankings {
	at := [stats.NumLanes]func(float64) float64{m.lanes[stats.Eager].segment.d.Quantile, m.lanes[stats.Optimized].segment.d.Quantile}
	if m.rank.N() > 0 {
		return paired.Rank(m.rank.Estimates(&paired.Shape{N: m.rank.N(), Sequence: true, DiffAt: m.pairs.segment.quantile, LaneAt: at, EagerMean: m.lanes[stats.Eager].segment.summary().Mean}), m.noise, m.share)
	}
	lanes := [stats.NumLanes]*paired.LaneSeries{&m.lanes[stats.Eager].series, &m.lanes[stats.Optimized].series}
	return paired.Rank(paired.LaneEstimates(lanes, at, true), m.noise, m.share)
}
