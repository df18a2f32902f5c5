package stats

import "math"

// exactPair is a pair with the cell of both of its samples.
type exactPair struct {
	Pair
	scenario, segment [2]int32
}

// makePairs matches the lanes of each request, in the order in which the pairs
// were completed.
func (m *exactMode) makePairs() {
	open := make(map[uint64]int32, 1024)
	m.pairs = nil
	for i := 0; i < len(m.rows); i++ {
		r := &m.rows[i]
		if !r.counts() {
			continue
		}
		if i+1 < len(m.rows) { // the usual case needs no table
			o := &m.rows[i+1]
			if _, waits := open[r.request]; !waits && o.request == r.request && o.lane != r.lane && o.counts() {
				m.pair(r, o)
				i++
				continue
			}
		}
		j, ok := open[r.request]
		if !ok || m.rows[j].lane == r.lane {
			open[r.request] = int32(i)
			continue
		}
		o := &m.rows[j]
		delete(open, r.request)
		m.pair(o, r)
	}
}

// pair appends a pair whose first sample came first.
func (m *exactMode) pair(o, r *exactSample) {
	p := Pair{o.e.wall, r.e.wall}
	if r.lane == Eager {
		p = Pair{r.e.wall, o.e.wall}
	}
	if m.pairs == nil {
		m.pairs = make([]exactPair, 0, len(m.rows)/2+1)
	}
	m.pairs = append(m.pairs, exactPair{p, [2]int32{o.scenario, r.scenario}, [2]int32{o.segment, r.segment}})
}

// pairsOf are the pairs whose samples both lie in the scope.
func (m *exactMode) pairsOf(k scope) []Pair {
	var out []Pair
	for i := range m.pairs {
		if p := &m.pairs[i]; k.holds(p.scenario[0], p.segment[0]) && k.holds(p.scenario[1], p.segment[1]) {
			out = append(out, p.Pair)
		}
	}
	return out
}

func (a *Analysis) pairSummary(m *exactMode, k scope) (PairSummary, bool) {
	pairs := m.pairsOf(k)
	if len(pairs) == 0 {
		return PairSummary{}, false
	}
	v := describePairs(pairs)
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
	nan := math.NaN()
	n := len(pairs)
	v := PairView{N: n, MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, Crossover: nan, NoiseNs: nan, P: nan, PHolm: nan}
	if n == 0 {
		return v
	}
	diffs, eager, opt := make([]int64, n), make([]int64, n), make([]int64, n)
	won, logs, sum := 0, 0, 0.0
	for i, p := range pairs {
		diffs[i], eager[i], opt[i] = p.Optimized-p.Eager, p.Eager, p.Optimized
		if diffs[i] < 0 {
			won++
		}
		if p.Eager > 0 && p.Optimized > 0 {
			sum += math.Log(float64(opt[i]) / float64(eager[i]))
			logs++
		}
	}
	SortInts(diffs)
	SortInts(eager)
	SortInts(opt)
	q := ExactQuantile(diffs, 0.5)
	v.MedianDiff, v.DiffLo, v.DiffHi, v.ShareWon = q.Value, q.Lo, q.Hi, float64(won)/float64(n)
	if logs > 0 {
		v.RatioGeomean = math.Exp(sum / float64(logs))
	}
	v.DeltaQ, v.DeltaLo, v.DeltaHi = DeltaQuantiles, nans(len(DeltaQuantiles)), nans(len(DeltaQuantiles))
	for _, dq := range DeltaQuantiles {
		v.Delta = append(v.Delta, Percentile(opt, dq)-Percentile(eager, dq))
	}
	v.Crossover = crossover(floats(eager), floats(opt), positions(n))
	return v
}

func floats(v []int64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// positions are the quantiles of n order statistics, as NumPy places them.
func positions(n int) []float64 {
	q := make([]float64, n)
	for i := range q {
		q[i] = float64(i) / float64(max(n-1, 1))
	}
	return q
}
