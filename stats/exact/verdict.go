package exact

import (
	"maps"
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/verdict"
)

// aaSegment reports whether a segment was eager against eager: as its event
// says, and the first one as the session was set up.
func (a *Analysis) aaSegment(id int32) bool {
	if aa, ok := a.aa[id]; ok {
		return aa
	}
	return a.o.Facts.AA
}

func anySegment(int32) bool { return true }

// verdict weighs the whole mode, but for its A/A segments: those give the noise
// floor, before one that was given. A mode that ran A/A only is judged as that.
func (a *Analysis) verdict(m *exactMode, mode stats.Mode) stats.Verdict {
	aa, other := false, false
	for _, c := range m.runs {
		is := a.aaSegment(c.segment)
		aa, other = aa || is, other || !is
	}
	in, noise := a.input(m, mode), a.o.Noise[mode]
	in.Facts.AA = aa && !other
	if aa && other {
		noise.Take(paired.NoiseFloor(m.pairsIn(a.aaSegment), 1))
		m.weigh(&in, func(segment int32) bool { return !a.aaSegment(segment) }, noise, a.o.Share)
	} else {
		m.weigh(&in, nil, noise, a.o.Share)
	}
	in.Parts = a.parts(m, &in, func(segment int32) bool { return aa == !other || !a.aaSegment(segment) })
	strategies := a.strategiesOf(m, func(segment int32) bool { return !a.aaSegment(segment) })
	if len(strategies) == 1 && strategies[0] != "" {
		in.Facts.Strategy = strategies[0]
	}
	v := verdict.Judge(in)
	if len(strategies) > 1 {
		v.Advice = nil
	}
	return v
}

// input is what is known of a mode besides its latencies.
func (a *Analysis) input(m *exactMode, mode stats.Mode) verdict.Input {
	in := verdict.Input{Mode: mode, Facts: a.o.Facts, Decode: m.decodeShare()}
	if o := a.outputs[mode]; o.n > 0 {
		in.Facts.Checks, in.Facts.Diverged, in.Facts.MaxRelL2 = o.n, o.diverged, o.maxRelL2
	}
	if r := a.real[mode]; r[0] != "" {
		in.Facts.CompilerReal, in.Facts.Why = r[0], r[1]
	}
	return in
}

// strategiesOf are those under which the optimized lane ran in the segments that keep holds.
func (a *Analysis) strategiesOf(m *exactMode, keep func(segment int32) bool) (out []string) {
	for _, k := range m.kinds.all {
		if k.lane == stats.Optimized && keep(k.segment) {
			out = append(out, a.strings.Name(k.strategy))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// weigh fills in what the segments that keep holds show; nil: the whole mode, whose
// pairs Finish has summarised.
func (m *exactMode) weigh(in *verdict.Input, keep func(segment int32) bool, noise stats.Noise, share float64) {
	walls := func(l stats.Lane) []int64 { return m.wallsOf(l, func(x *exactRun) bool { return keep(x.segment) }) }
	est := m.allEstimates
	if keep == nil {
		keep, walls = anySegment, func(l stats.Lane) []int64 { return m.lanes[l].sorted }
		in.Pair = m.allPairs
	} else {
		in.Pair, est = paired.Describe(m.pairsIn(keep))
	}
	if in.Pair.N == 0 {
		est = m.laneEstimates(keep)
	}
	in.Ranks = paired.Rank(est, noise, share)
	for l := range stats.Lane(stats.NumLanes) {
		m.weighLane(in, l, walls(l), keep)
	}
}

// weighLane fills in what a lane's samples in the segments that keep holds show;
// sorted are their latencies.
func (m *exactMode) weighLane(in *verdict.Input, l stats.Lane, sorted []int64, keep func(segment int32) bool) {
	in.Lanes[l] = quantile.Empty()
	quantile.DescribeSorted(&in.Lanes[l], sorted, m.lanes[l].spread)
	in.Lanes[l].Compiles = m.compiled(l, keep)
	in.Causes[l] = m.causeRows(l, sorted, keep)
	in.Failed[l] = m.failedIn(l, func(k *rowKind) bool { return keep(k.segment) })
	m.describeResponses(&in.Lanes[l], l, keep)
}

// compiled counts the samples inside which an executable was made, whatever made
// them slow.
func (m *exactMode) compiled(l stats.Lane, keep func(segment int32) bool) (n int) {
	for i := range m.rows {
		if r := &m.rows[i]; r.e.Compiled() && r.counts() && m.lane(r) == l && keep(m.kinds.all[r.kind].segment) {
			n++
		}
	}
	return n
}

// laneEstimates are those of lanes whose requests have no partner.
func (m *exactMode) laneEstimates(keep func(segment int32) bool) paired.Estimates {
	order := m.inOrder(keep)
	var sorted [stats.NumLanes][]int64
	for l := range order {
		sorted[l] = slices.Clone(order[l])
		quantile.SortInts(sorted[l])
	}
	return paired.FromLanes(order, sorted)
}

// parts are the scenarios' own paired differences, where the lanes' medians
// point away from the pairs'.
func (a *Analysis) parts(m *exactMode, in *verdict.Input, keep func(segment int32) bool) (out []verdict.Part) {
	r := &in.Ranks[stats.Median]
	if !r.Told || !r.Paired || r.Diff*(in.Lanes[stats.Optimized].P50.Value-in.Lanes[stats.Eager].P50.Value) >= 0 {
		return nil
	}
	diffs := map[int32][]int64{}
	for i := range m.pairs {
		p := &m.pairs[i]
		if k := &m.kinds.all[p.kinds[stats.Eager]]; keep(k.segment) {
			diffs[k.scenario] = append(diffs[k.scenario], p.Optimized-p.Eager)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(diffs)) {
		out = append(out, verdict.Part{Name: a.strings.Name(id), N: len(diffs[id]), Diff: quantile.Median(diffs[id])})
	}
	return out
}

// describeResponses fills in the response times of a lane, where there are any.
func (m *exactMode) describeResponses(s *stats.Summary, l stats.Lane, keep func(segment int32) bool) {
	var v []int64
	for i := range m.runs {
		if x := &m.runs[i]; x.lane == l && keep(x.segment) {
			v = append(v, x.response...)
		}
	}
	if len(v) > 0 {
		quantile.SortInts(v)
		s.ResponseP50, s.ResponseP99 = quantile.Percentile(v, 0.5), quantile.Percentile(v, 0.99)
	}
}

// pairsIn are the pairs whose samples both lie in segments that keep holds.
func (m *exactMode) pairsIn(keep func(segment int32) bool) []paired.Pair {
	pairs, _ := m.pairsOf(func(k *rowKind) bool { return keep(k.segment) })
	return pairs
}

// NoiseFloor is what the mode's A/A segments show; zero without any.
func (a *Analysis) NoiseFloor(mode stats.Mode) stats.Noise {
	if int(mode) >= stats.NumModes || a.modes[mode] == nil {
		return stats.Noise{}
	}
	a.finish(a.modes[mode])
	return paired.NoiseFloor(a.modes[mode].pairsIn(a.aaSegment), 1)
}

// causeRows is the ledger of those of a lane's samples that keep holds, sorted
// are their latencies.
func (m *exactMode) causeRows(l stats.Lane, sorted []int64, keep func(segment int32) bool) []stats.CauseRow {
	var walls [stats.NumCauses][]int64
	firsts := 0
	for _, i := range m.tail {
		r := &m.rows[i]
		if k := &m.kinds.all[r.kind]; k.lane != l || !keep(k.segment) {
			continue
		}
		walls[r.cause] = append(walls[r.cause], r.e.Wall)
		if r.cause == stats.CauseCompile && r.e.Flags&stats.FlagCompile != 0 {
			firsts++
		}
	}
	var out []stats.CauseRow
	for c := stats.CauseCompile; c < stats.NumCauses; c++ {
		v := walls[c]
		if len(v) == 0 {
			continue
		}
		quantile.SortInts(v)
		row := stats.CauseRow{Cause: c, N: len(v), WorstNs: float64(v[len(v)-1]), P99Without: quantile.Percentile(quantile.Without(sorted, v), 0.99)}
		for _, w := range v {
			row.SumNs += float64(w)
		}
		row.Example = "worst " + stats.FormatMs(row.WorstNs)
		if c == stats.CauseCompile {
			row.FirstCompiles = firsts
			if m.compiled(l, keep) == len(sorted) { // none is without
				row.P99Without = math.NaN()
			}
		}
		out = append(out, row)
	}
	return out
}

// decodeShare is the median share of a request that follows its first token in
// the eager lane; NaN without such times.
func (m *exactMode) decodeShare() float64 {
	var v []float64
	if len(m.extras) > 0 {
		for i := range m.rows {
			r := &m.rows[i]
			if r.extra < 0 || m.lane(r) != stats.Eager || !r.counts() || r.e.Wall <= 0 {
				continue
			}
			if ttft := m.extras[r.extra].ttft; ttft > stats.Absent {
				v = append(v, 1-float64(ttft)/float64(r.e.Wall))
			}
		}
	}
	return quantile.Median(v)
}
