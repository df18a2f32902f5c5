package stats

import (
	"slices"
)

type runKey struct {
	generation, segment, scenario int32
	lane                          Lane
}

// markRuns finds the first counted sample of each run and whether it is a cold
// start: more than 3 × the median of all that followed in the run.
func (m *exactMode) markRuns() {
	runs := map[runKey][]int{}
	for i := range m.rows {
		r := &m.rows[i]
		r.first, r.e.cold = false, false
		if r.counts() {
			k := runKey{r.generation, r.segment, r.scenario, r.lane}
			runs[k] = append(runs[k], i)
		}
	}
	var rest []int64
	for _, idx := range runs {
		first := &m.rows[idx[0]]
		first.first = true
		rest = rest[:0]
		for _, i := range idx[1:] {
			rest = append(rest, m.rows[i].e.wall)
		}
		slices.Sort(rest)
		first.e.cold = float64(first.e.wall) > tailFactor*Percentile(rest, 0.5)
	}
}

// laneOf computes the tail's threshold and the clean medians of the shapes.
func (m *exactMode) laneOf(l Lane) exactLane {
	var all, clean []int64
	shapes := map[[2]int32][]int64{}
	for i := range m.rows {
		r := &m.rows[i]
		if r.lane != l || !r.counts() {
			continue
		}
		all = append(all, r.e.wall)
		if r.clean {
			clean = append(clean, r.e.wall)
			k := [2]int32{r.strategy, r.shape}
			shapes[k] = append(shapes[k], r.e.wall)
		}
	}
	slices.Sort(all)
	slices.Sort(clean)
	out := exactLane{threshold: tailThreshold(Percentile(all, 0.5), Percentile(clean, 0.99)),
		cleanMedian: Percentile(clean, 0.5), sorted: all, shapes: map[[2]int32]float64{}}
	for k, v := range shapes {
		slices.Sort(v)
		out.shapes[k] = Percentile(v, 0.5)
	}
	return out
}
