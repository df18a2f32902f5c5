package exact

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// exactPair is a pair with the kinds of its samples, by lane.
type exactPair struct {
	paired.Pair
	kinds [stats.NumLanes]int32
}

// makePairs matches the lanes of each request, in the order in which the pairs
// were completed.
func (m *exactMode) makePairs() {
	open := make(map[uint64]int32, 1024)
	m.pairs, m.unpaired, m.order = nil, m.unpaired[:0], paired.Order{}
	for i := 0; i < len(m.rows); i++ {
		r := &m.rows[i]
		if !r.counts() {
			continue
		}
		if i+1 < len(m.rows) { // the usual case needs no table
			o := &m.rows[i+1]
			if o.request == r.request && m.lane(o) != m.lane(r) && o.counts() {
				if _, waits := open[r.request]; !waits {
					m.pair(r, o)
					i++
					continue
				}
			}
		}
		j, ok := open[r.request]
		if ok && m.lane(&m.rows[j]) != m.lane(r) {
			delete(open, r.request)
			m.pair(&m.rows[j], r)
			continue
		}
		if ok {
			m.unpaired = append(m.unpaired, j)
		}
		open[r.request] = int32(i)
	}
	for _, i := range open {
		m.unpaired = append(m.unpaired, i)
	}
}

// pair appends a pair of two samples in different lanes, the one that ran first
// first.
func (m *exactMode) pair(eager, optimized *exactSample) {
	first := m.lane(eager)
	if first != stats.Eager {
		eager, optimized = optimized, eager
	}
	if m.pairs == nil {
		m.pairs = make([]exactPair, 0, len(m.rows)/2+1)
	}
	m.pairs = append(m.pairs, exactPair{paired.Pair{Eager: eager.e.Wall, Optimized: optimized.e.Wall}, [stats.NumLanes]int32{eager.kind, optimized.kind}})
	m.order.Add(first, m.pairs[len(m.pairs)-1].Pair)
}

// pairsOf are the pairs whose samples both are of kinds that keep holds, and the
// latencies of those that are in none of them.
func (m *exactMode) pairsOf(keep func(*rowKind) bool) (pairs []paired.Pair, single [stats.NumLanes][]int64) {
	in := make([]bool, len(m.kinds.all))
	for i := range in {
		in[i] = keep(&m.kinds.all[i])
	}
	n := 0
	for i := range m.pairs {
		p := &m.pairs[i]
		switch e, o := in[p.kinds[stats.Eager]], in[p.kinds[stats.Optimized]]; {
		case e && o:
			n++
		case e:
			single[stats.Eager] = append(single[stats.Eager], p.Eager)
		case o:
			single[stats.Optimized] = append(single[stats.Optimized], p.Optimized)
		}
	}
	pairs = make([]paired.Pair, 0, n)
	for i := range m.pairs {
		if p := &m.pairs[i]; in[p.kinds[stats.Eager]] && in[p.kinds[stats.Optimized]] {
			pairs = append(pairs, p.Pair)
		}
	}
	for _, i := range m.unpaired {
		if r := &m.rows[i]; in[r.kind] {
			l := m.lane(r)
			single[l] = append(single[l], r.e.Wall)
		}
	}
	return pairs, single
}

// pairSummary describes the pairs of a scope; walls are all its latencies,
// ascending.
func (a *Analysis) pairSummary(m *exactMode, k scope, walls *[stats.NumLanes][]int64) stats.PairSummary {
	pairs, single := m.pairsOf(k.kind)
	whole := k.anyScenario && k.anySegment
	if len(pairs) == 0 {
		if whole {
			m.allPairs, m.allEstimates = paired.Describe(nil)
		}
		return stats.PairSummary{}
	}
	var matched [stats.NumLanes][]int64
	for l := range matched {
		matched[l] = walls[l]
		if len(single[l]) > 0 {
			slices.Sort(single[l])
			matched[l] = quantile.Without(walls[l], single[l])
		}
	}
	v, est := paired.DescribeSorted(pairs, matched[stats.Eager], matched[stats.Optimized])
	if whole {
		m.allPairs, m.allEstimates = v, est
	}
	nan := stats.Num(math.NaN())
	return stats.PairSummary{N: v.N, SecondRatio: nan, SecondLo: nan, SecondHi: nan, MedianDiffMs: stats.Ms(v.MedianDiff), MedianDiffLoMs: stats.Ms(v.DiffLo), MedianDiffHiMs: stats.Ms(v.DiffHi),
		ShareWon: stats.Num(v.ShareWon), RatioGeomean: stats.Num(v.RatioGeomean), CrossoverQ: stats.Num(v.Crossover), CrossoverLo: stats.Num(v.CrossLo), CrossoverHi: stats.Num(v.CrossHi)}
}
