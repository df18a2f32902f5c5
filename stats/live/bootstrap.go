package live

import (
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
)

// PairSample copies the latest pairs (at most 4,096) of the current segment, in
// order, for Bootstrap, and the lane that ran first in each, for OrderOf.
func (c *Collector) PairSample(mode stats.Mode) (pairs []paired.Pair, first []stats.Lane, segment int32) {
	if int(mode) >= stats.NumModes || c.modes[mode] == nil {
		return nil, nil, c.segment
	}
	c.modes[mode].drain()
	pairs, first = c.modes[mode].pairs.inOrder()
	return pairs, first, c.segment
}

// SetBootstrap gives a mode's views the latest bands. A result of another
// segment is ignored.
func (c *Collector) SetBootstrap(mode stats.Mode, r paired.BootstrapResult) {
	if int(mode) < stats.NumModes && c.modes[mode] != nil && r.Segment == c.segment {
		c.modes[mode].boot = &r
	}
}

// noiseNow is the floor that the current segment shows without a bootstrap: the
// mean's stays unknown until SetNoise says it.
func (m *modeState) noiseNow() stats.Noise {
	_, lo, hi := m.pairs.segment.median()
	n := stats.Noise{MedianNs: paired.Furthest(lo, hi)}
	var q [stats.NumLanes][1]stats.Quantile
	for l := range q {
		q[l][0].Q = .99
		m.lanes[l].segment.d.Quantiles(q[l][:])
	}
	n.P99Ns = paired.Apart(q[stats.Eager][0], q[stats.Optimized][0])
	return n
}

func (t *pairTable) remember(p paired.Pair, first stats.Lane) {
	if len(t.recent) < recentPairs {
		t.recentFirst[len(t.recent)] = first
		t.recent = append(t.recent, p)
		return
	}
	t.recent[t.recentAt], t.recentFirst[t.recentAt] = p, first
	t.recentAt = (t.recentAt + 1) % recentPairs
}

// inOrder returns a copy of the recent pairs, oldest first, and the lane that ran
// first in each.
func (t *pairTable) inOrder() ([]paired.Pair, []stats.Lane) {
	first := t.recentFirst[:len(t.recent)]
	return slices.Concat(t.recent[t.recentAt:], t.recent[:t.recentAt]), slices.Concat(first[t.recentAt:], first[:t.recentAt])
}
