package stats

type runKey struct {
	generation, segment, scenario int32
	lane                          Lane
}

// markRuns finds the first counted sample of each run and whether it is a cold
// start: more than 3 × the median of all that followed in the run.
func (m *exactMode) markRuns() {
	runs := map[runKey]*[]int32{}
	var lastKey [256]runKey // by scenario and lane
	var last [256]*[]int32
	for i := range m.rows {
		r := &m.rows[i]
		r.first, r.e.cold = false, false
		if r.counts() {
			k := runKey{r.generation, r.segment, r.scenario, r.lane}
			slot := uint8(r.scenario)<<1 | uint8(r.lane)
			idx := last[slot]
			if idx == nil || lastKey[slot] != k {
				if idx = runs[k]; idx == nil {
					idx = new([]int32)
					runs[k] = idx
				}
				lastKey[slot], last[slot] = k, idx
			}
			*idx = append(*idx, int32(i))
		}
	}
	var rest []int64
	for _, p := range runs {
		idx := *p
		first := &m.rows[idx[0]]
		first.first = true
		rest = rest[:0]
		for _, i := range idx[1:] {
			rest = append(rest, m.rows[i].e.wall)
		}
		SortInts(rest)
		first.e.cold = float64(first.e.wall) > tailFactor*Percentile(rest, 0.5)
	}
}

// laneOf computes the tail's threshold and the clean medians of the shapes.
func (m *exactMode) laneOf(l Lane) exactLane {
	all, clean := make([]int64, 0, len(m.rows)/2+1), make([]int64, 0, len(m.rows)/2+1)
	shapes := map[[2]int32]*[]int64{}
	var last *[]int64
	lastKey := [2]int32{-1, -1}
	for i := range m.rows {
		r := &m.rows[i]
		if r.lane != l || !r.counts() {
			continue
		}
		all = append(all, r.e.wall)
		if r.clean {
			clean = append(clean, r.e.wall)
			if k := [2]int32{r.strategy, r.shape}; k != lastKey {
				if last = shapes[k]; last == nil {
					last = new([]int64)
					shapes[k] = last
				}
				lastKey = k
			}
			*last = append(*last, r.e.wall)
		}
	}
	SortInts(all)
	SortInts(clean)
	out := exactLane{threshold: tailThreshold(Percentile(all, 0.5), Percentile(clean, 0.99)),
		cleanMedian: Percentile(clean, 0.5), sorted: all, shapes: map[[2]int32]float64{}}
	for k, v := range shapes {
		SortInts(*v)
		out.shapes[k] = Percentile(*v, 0.5)
	}
	return out
}
