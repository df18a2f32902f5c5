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
	v := PairView{N: n, MedianDiff: nan, DiffLo: nan, DiffHi: nan, ShareWon: nan, RatioGeomean: nan, Crossover: nan, NoiseNs: nan, P: nan, PHolm: nan}
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
	signed := make([]float64, n)
	for i, d := range diffs {
		signed[i] = float64(d)
	}
	v.P = Wilcoxon(signed).P
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
func (a *Analysis) verdict(m *exactMode, mode Mode) Verdict {
	all := scope{anyScenario: true, anySegment: true}
	in := verdictInput{mode: mode, noise: a.o.Noise, facts: a.o.Facts, pair: DescribePairs(m.pairsOf(all)), decode: m.decodeShare()}
	for l := Lane(0); l < NumLanes; l++ {
		in.lanes[l] = emptySummary()
		describeSorted(&in.lanes[l], m.walls(l, CauseNone))
		in.causes[l] = m.causeRows(l)
	}
	return judge(in)
}

// walls are the lane's latencies in ascending order, without those of a cause.
func (m *exactMode) walls(l Lane, without Cause) []int64 {
	var v []int64
	for i := range m.rows {
		if r := &m.rows[i]; r.lane == l && r.counts() && (without == CauseNone || r.cause != without) {
			v = append(v, r.e.wall)
		}
	}
	slices.Sort(v)
	return v
}

// causeRows is the ledger of one lane.
func (m *exactMode) causeRows(l Lane) []CauseRow {
	var rows [NumCauses]CauseRow
	for i := range m.rows {
		if r := &m.rows[i]; r.lane == l && r.cause != CauseNone {
			row := &rows[r.cause]
			row.N++
			row.SumNs += float64(r.e.wall)
			row.WorstNs = math.Max(row.WorstNs, float64(r.e.wall))
		}
	}
	var out []CauseRow
	for c := CauseCompile; c < NumCauses; c++ {
		if rows[c].N > 0 {
			rows[c].Cause = c
			rows[c].P99Without = Percentile(m.walls(l, c), 0.99)
			out = append(out, rows[c])
		}
	}
	return out
}

// decodeShare is the median share of a request that follows its first token in
// the eager lane; NaN without such times.
func (m *exactMode) decodeShare() float64 {
	var v []float64
	for i := range m.rows {
		if r := &m.rows[i]; r.lane == Eager && r.counts() && r.ttft > Absent && r.e.wall > 0 {
			v = append(v, 1-float64(r.ttft)/float64(r.e.wall))
		}
	}
	return Median(v)
}
