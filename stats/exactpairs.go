package stats

import (
	"math"
	"slices"
)

// exactPair is a pair with the kinds of its samples, by lane.
type exactPair struct {
	Pair
	kinds [NumLanes]int32
}

// makePairs matches the lanes of each request, in the order in which the pairs
// were completed.
func (m *exactMode) makePairs() {
	open := make(map[uint64]int32, 1024)
	m.pairs, m.unpaired = nil, m.unpaired[:0]
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

// pair appends a pair of two samples in different lanes.
func (m *exactMode) pair(eager, optimized *exactSample) {
	if m.lane(eager) != Eager {
		eager, optimized = optimized, eager
	}
	if m.pairs == nil {
		m.pairs = make([]exactPair, 0, len(m.rows)/2+1)
	}
	m.pairs = append(m.pairs, exactPair{Pair{Eager: eager.e.wall, Optimized: optimized.e.wall}, [NumLanes]int32{eager.kind, optimized.kind}})
}

// pairsOf are the pairs whose samples both lie in the scope, and the latencies
// in it that are in none of them.
func (m *exactMode) pairsOf(k scope) (pairs []Pair, single [NumLanes][]int64) {
	in := make([]bool, len(m.kinds.all))
	for i, x := range m.kinds.all {
		in[i] = k.holds(x.scenario, x.segment)
	}
	n := 0
	for i := range m.pairs {
		p := &m.pairs[i]
		switch e, o := in[p.kinds[Eager]], in[p.kinds[Optimized]]; {
		case e && o:
			n++
		case e:
			single[Eager] = append(single[Eager], p.Eager)
		case o:
			single[Optimized] = append(single[Optimized], p.Optimized)
		}
	}
	pairs = make([]Pair, 0, n)
	for i := range m.pairs {
		if p := &m.pairs[i]; in[p.kinds[Eager]] && in[p.kinds[Optimized]] {
			pairs = append(pairs, p.Pair)
		}
	}
	for _, i := range m.unpaired {
		if r := &m.rows[i]; in[r.kind] {
			l := m.lane(r)
			single[l] = append(single[l], r.e.wall)
		}
	}
	return pairs, single
}

// pairSummary describes the pairs of a scope; walls are all its latencies,
// ascending.
func (a *Analysis) pairSummary(m *exactMode, k scope, walls *[NumLanes][]int64) (PairSummary, bool) {
	pairs, single := m.pairsOf(k)
	if len(pairs) == 0 {
		return PairSummary{}, false
	}
	var matched [NumLanes][]int64
	for l := range matched {
		matched[l] = walls[l]
		if len(single[l]) > 0 {
			slices.Sort(single[l])
			matched[l] = without(walls[l], single[l])
		}
	}
	v := describeSortedPairs(pairs, matched[Eager], matched[Optimized])
	if k.anyScenario && k.anySegment {
		m.allPairs = &v
	}
	return PairSummary{N: v.N, MedianDiffMs: ms(v.MedianDiff), MedianDiffLoMs: ms(v.DiffLo), MedianDiffHiMs: ms(v.DiffHi),
		ShareWon: Num(v.ShareWon), RatioGeomean: Num(v.RatioGeomean), CrossoverQ: Num(v.Crossover)}, true
}

// DescribePairs computes a PairView exactly. Bands and noise are left NaN.
func DescribePairs(pairs []Pair) PairView {
	v := describePairs(pairs)
	d := make([]float64, len(pairs))
	for i, p := range pairs {
		d[i] = float64(p.Optimized - p.Eager)
	}
	v.P = Wilcoxon(d).P
	return v
}

// describePairs is DescribePairs without the rank test.
func describePairs(pairs []Pair) PairView {
	eager, opt := make([]int64, len(pairs)), make([]int64, len(pairs))
	for i, p := range pairs {
		eager[i], opt[i] = p.Eager, p.Optimized
	}
	SortInts(eager)
	SortInts(opt)
	return describeSortedPairs(pairs, eager, opt)
}

// describeSortedPairs is describePairs where the latencies of both lanes are
// at hand in ascending order.
func describeSortedPairs(pairs []Pair, eager, opt []int64) PairView {
	nan := math.NaN()
	n := len(pairs)
	v := PairView{N: n, MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, Crossover: nan, NoiseNs: nan, P: nan, PHolm: nan}
	if n == 0 {
		return v
	}
	diffs := make([]int64, n)
	won, logs, sum := 0, 0, 0.0
	for i, p := range pairs {
		diffs[i] = p.Optimized - p.Eager
		if diffs[i] < 0 {
			won++
		}
		if p.Eager > 0 && p.Optimized > 0 {
			sum += math.Log(float64(p.Optimized) / float64(p.Eager))
			logs++
		}
	}
	SortInts(diffs)
	q := ExactQuantile(diffs, 0.5)
	v.MedianDiff, v.DiffLo, v.DiffHi, v.ShareWon = q.Value, q.Lo, q.Hi, float64(won)/float64(n)
	if logs > 0 {
		v.RatioGeomean = math.Exp(sum / float64(logs))
	}
	v.DeltaQ, v.DeltaLo, v.DeltaHi = DeltaQuantiles, nans(len(DeltaQuantiles)), nans(len(DeltaQuantiles))
	for _, dq := range DeltaQuantiles {
		v.Delta = append(v.Delta, Percentile(opt, dq)-Percentile(eager, dq))
	}
	// The order statistics lie where NumPy places them.
	v.Crossover = crossoverAt(eager, opt, func(i int) float64 { return float64(i) / float64(max(n-1, 1)) })
	return v
}
