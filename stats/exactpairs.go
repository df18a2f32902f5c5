package stats

import (
	"math"
	"slices"
)

// pairsOf matches the lanes of each request in a scope, in the order in which
// the pairs were completed.
func (m *exactMode) pairsOf(k scope) []Pair {
	open := map[uint64]*exactSample{}
	var out []Pair
	for i := range m.rows {
		r := &m.rows[i]
		if !k.has(r) {
			continue
		}
		o, ok := open[r.request]
		if !ok || o.lane == r.lane {
			open[r.request] = r
			continue
		}
		delete(open, r.request)
		p := Pair{o.e.wall, r.e.wall}
		if r.lane == Eager {
			p = Pair{r.e.wall, o.e.wall}
		}
		out = append(out, p)
	}
	return out
}

func (a *Analysis) pairSummary(m *exactMode, k scope) (PairSummary, bool) {
	pairs := m.pairsOf(k)
	if len(pairs) == 0 {
		return PairSummary{}, false
	}
	v := DescribePairs(pairs)
	return PairSummary{N: v.N, MedianDiffMs: ms(v.MedianDiff), MedianDiffLoMs: ms(v.DiffLo), MedianDiffHiMs: ms(v.DiffHi),
		ShareWon: Num(v.ShareWon), RatioGeomean: Num(v.RatioGeomean), CrossoverQ: Num(v.Crossover)}, true
}

// DescribePairs computes a PairView exactly. Bands and noise are left NaN.
func DescribePairs(pairs []Pair) PairView {
	nan := math.NaN()
	n := len(pairs)
	v := PairView{N: n, MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, Crossover: nan, NoiseNs: nan}
	if n == 0 {
		return v
	}
	diffs, eager, opt := make([]int64, n), make([]float64, n), make([]float64, n)
	won, logs, sum := 0, 0, 0.0
	for i, p := range pairs {
		diffs[i], eager[i], opt[i] = p.Optimized-p.Eager, float64(p.Eager), float64(p.Optimized)
		if diffs[i] < 0 {
			won++
		}
		if p.Eager > 0 && p.Optimized > 0 {
			sum += math.Log(opt[i] / eager[i])
			logs++
		}
	}
	slices.Sort(diffs)
	slices.Sort(eager)
	slices.Sort(opt)
	q := ExactQuantile(diffs, 0.5)
	v.MedianDiff, v.DiffLo, v.DiffHi, v.ShareWon = q.Value, q.Lo, q.Hi, float64(won)/float64(n)
	if logs > 0 {
		v.RatioGeomean = math.Exp(sum / float64(logs))
	}
	v.DeltaQ, v.DeltaLo, v.DeltaHi = DeltaQuantiles, nans(len(DeltaQuantiles)), nans(len(DeltaQuantiles))
	for _, dq := range DeltaQuantiles {
		v.Delta = append(v.Delta, Percentile(opt, dq)-Percentile(eager, dq))
	}
	v.Crossover = crossover(eager, opt, positions(n))
	return v
}

// positions are the quantiles of n order statistics, as NumPy places them.
func positions(n int) []float64 {
	q := make([]float64, n)
	for i := range q {
		q[i] = float64(i) / float64(max(n-1, 1))
	}
	return q
}

// verdict weighs the whole mode.
func (a *Analysis) verdict(m *exactMode) Verdict {
	all := scope{anyScenario: true, anySegment: true}
	in := verdictInput{noise: a.noise(), facts: a.o.Facts, pair: DescribePairs(m.pairsOf(all))}
	for l := Lane(0); l < NumLanes; l++ {
		in.lanes[l] = emptySummary()
		var wall []int64
		for i := range m.rows {
			if r := &m.rows[i]; r.lane == l && r.counts() {
				wall = append(wall, r.e.wall)
			}
		}
		slices.Sort(wall)
		describeSorted(&in.lanes[l], wall)
	}
	return judge(in)
}
