package stats

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
func (a *Analysis) verdict(m *exactMode, mode Mode) Verdict {
	aa, other := false, false
	for _, c := range m.runs {
		is := a.aaSegment(c.segment)
		aa, other = aa || is, other || !is
	}
	in := verdictInput{mode: mode, noise: a.o.Noise[mode], facts: a.o.Facts, decode: m.decodeShare()}
	in.facts.AA = aa && !other
	if r := a.real[mode]; r[0] != "" {
		in.facts.CompilerReal, in.facts.Why = r[0], r[1]
	}
	if aa && other {
		a.weighPart(m, &in)
	} else {
		m.weighAll(&in)
	}
	return judge(in)
}

// weighAll fills in what the whole mode shows.
func (m *exactMode) weighAll(in *verdictInput) {
	if m.allPairs == nil { // Finish has described them: there are none
		v := describePairs(nil)
		m.allPairs = &v
	}
	in.pair = *m.allPairs
	for l := Lane(0); l < NumLanes; l++ {
		in.lanes[l] = emptySummary()
		describeSorted(&in.lanes[l], m.lanes[l].sorted)
		in.causes[l] = m.causeRows(l, m.lanes[l].sorted, anySegment)
		in.failed[l] = m.failedIn(l, func(*rowKind) bool { return true })
		m.describeResponses(&in.lanes[l], l, anySegment)
	}
}

// weighPart fills in what the segments that were not A/A show, and the noise
// of those that were.
func (a *Analysis) weighPart(m *exactMode, in *verdictInput) {
	keep := func(segment int32) bool { return !a.aaSegment(segment) }
	in.pair = describePairs(m.pairsIn(keep))
	in.noise.take(NoiseFloor(m.pairsIn(a.aaSegment), 1))
	for l := Lane(0); l < NumLanes; l++ {
		walls := m.wallsOf(l, func(x *exactRun) bool { return keep(x.segment) })
		SortInts(walls)
		in.lanes[l] = emptySummary()
		describeSorted(&in.lanes[l], walls)
		in.causes[l] = m.causeRows(l, walls, keep)
		in.failed[l] = m.failedIn(l, func(k *rowKind) bool { return keep(k.segment) })
		m.describeResponses(&in.lanes[l], l, keep)
	}
}

// describeResponses fills in the response times of a lane, where there are any.
func (m *exactMode) describeResponses(s *Summary, l Lane, keep func(segment int32) bool) {
	var v []int64
	for i := range m.runs {
		if x := &m.runs[i]; x.lane == l && keep(x.segment) {
			v = append(v, x.response...)
		}
	}
	if len(v) > 0 {
		SortInts(v)
		s.ResponseP50, s.ResponseP99 = Percentile(v, 0.5), Percentile(v, 0.99)
	}
}

// pairsIn are the pairs whose samples both lie in segments that keep holds.
func (m *exactMode) pairsIn(keep func(segment int32) bool) []Pair {
	var out []Pair
	for i := range m.pairs {
		p := &m.pairs[i]
		if keep(m.kinds.all[p.kinds[Eager]].segment) && keep(m.kinds.all[p.kinds[Optimized]].segment) {
			out = append(out, p.Pair)
		}
	}
	return out
}

// NoiseFloor is what the mode's A/A segments show; zero without any.
func (a *Analysis) NoiseFloor(mode Mode) Noise {
	if int(mode) >= NumModes || a.modes[mode] == nil {
		return Noise{}
	}
	a.finish(a.modes[mode])
	return NoiseFloor(a.modes[mode].pairsIn(a.aaSegment), 1)
}

// causeRows is the ledger of those of a lane's samples that keep holds, sorted
// are their latencies.
func (m *exactMode) causeRows(l Lane, sorted []int64, keep func(segment int32) bool) []CauseRow {
	var walls [NumCauses][]int64
	firsts := 0
	for _, i := range m.tail {
		r := &m.rows[i]
		if k := &m.kinds.all[r.kind]; k.lane != l || !keep(k.segment) {
			continue
		}
		walls[r.cause] = append(walls[r.cause], r.e.wall)
		if r.cause == CauseCompile && r.e.flags&FlagCompile != 0 {
			firsts++
		}
	}
	var out []CauseRow
	for c := CauseCompile; c < NumCauses; c++ {
		v := walls[c]
		if len(v) == 0 {
			continue
		}
		SortInts(v)
		row := CauseRow{Cause: c, N: len(v), WorstNs: float64(v[len(v)-1]), P99Without: Percentile(without(sorted, v), 0.99)}
		for _, w := range v {
			row.SumNs += float64(w)
		}
		row.Example = "worst " + formatMs(row.WorstNs)
		if c == CauseCompile {
			row.FirstCompiles = firsts
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
			if r.extra < 0 || m.lane(r) != Eager || !r.counts() || r.e.wall <= 0 {
				continue
			}
			if ttft := m.extras[r.extra].ttft; ttft > Absent {
				v = append(v, 1-float64(ttft)/float64(r.e.wall))
			}
		}
	}
	return Median(v)
}
