package live

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
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

// spread widens the intervals of the current segment's lanes by how much
// neighbours are alike. Scenarios take their lane's.
func (m *modeState) spread() {
	for l := range m.lanes {
		s := &m.lanes[l].series
		by := [2]float64{s.Inflation(.5), s.Inflation(.99)}
		m.lanes[l].segment.d.Inflation = by
		for _, sc := range m.scen {
			if sc != nil {
				sc.segment[l].d.Inflation = by
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
