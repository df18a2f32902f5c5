package exact

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/ledger"
	"github.com/tailscope/tailscope/stats/limit"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// rowKind is what samples of one shape in one run have in common.
type rowKind struct {
	generation, segment       int32
	scenario, strategy, shape int32
	lane                      stats.Lane
}

// kinds numbers rowKinds.
type kinds struct {
	all    []rowKind
	ids    map[rowKind]int32
	recent [1 << 10]int32 // number + 1, by a hash: the same few alternate
}

func (k *kinds) id(x rowKind) int32 {
	h := (uint32(x.shape)<<12 ^ uint32(x.scenario)<<1 ^ uint32(x.lane)) * 0x9e3779b1
	recent := &k.recent[h>>22]
	if *recent > 0 && k.all[*recent-1] == x {
		return *recent - 1
	}
	id, ok := k.ids[x]
	if !ok {
		id = int32(len(k.all))
		k.ids[x] = id
		k.all = append(k.all, x)
	}
	*recent = id + 1
	return id
}

// slots numbers the keys of kinds in the order of first sight and returns the
// number of each kind, −1 where it has no key, and how many there are.
func slots[K comparable](kinds []rowKind, key func(*rowKind) (K, bool)) (of []int32, n int) {
	of = make([]int32, len(kinds))
	at := map[K]int32{}
	for i := range kinds {
		k, ok := key(&kinds[i])
		if !ok {
			of[i] = -1
			continue
		}
		if _, ok := at[k]; !ok {
			at[k] = int32(len(at))
		}
		of[i] = at[k]
	}
	return of, len(at)
}

func (m *exactMode) lane(r *exactSample) stats.Lane { return m.kinds.all[r.kind].lane }

type runKey struct {
	generation, segment, scenario int32
	lane                          stats.Lane
}

// exactRun is the counted samples of one run.
type exactRun struct {
	runKey
	measured
	walls []int64       // in order of Seq
	sum   quantile.U128 // of walls
	first int           // row of the first
	cold  bool          // the first took more than 3 × the median of all that followed
}

// measured is what is known of samples besides their latencies.
type measured struct {
	device, ttft, steps []int64
	stepsOf             []int   // how many of steps each request has
	response            []int64 // open loop
	tokens              int64
	limits              limit.Sums // of the clean samples with a bound
	ratios              []int64    // bound ÷ latency of the same, as limit.Ratio
	late                int        // samples above the service level
}

func (x *exactRun) take(m *exactMode, i int, slo int64) {
	r := &m.rows[i]
	if len(x.walls) == 0 {
		x.first = i
	}
	x.walls = append(x.walls, r.e.Wall)
	x.sum.Add(uint64(r.e.Wall))
	x.tokens += int64(r.tokens)
	due := r.e.Wall
	if r.extra >= 0 {
		e := &m.extras[r.extra]
		if e.device > stats.Absent {
			x.device = append(x.device, e.device)
		}
		if e.ttft > stats.Absent {
			x.ttft = append(x.ttft, e.ttft)
		}
		if e.response > stats.Absent {
			due = e.response
			x.response = append(x.response, e.response)
		}
		if e.bound > 0 && r.clean && r.e.Wall > 0 {
			x.limits.Add(r.e.Wall, e.device, e.bound, e.compute, e.padding)
			x.ratios = append(x.ratios, limit.Ratio(e.bound, r.e.Wall))
		}
	}
	if slo > 0 && due > slo {
		x.late++
	}
	if m.stepRows != nil && m.stepRows[i] >= 0 {
		at := m.steps[m.stepRows[i]]
		x.steps = append(x.steps, m.stepNs[at.from:at.to]...)
		x.stepsOf = append(x.stepsOf, at.to-at.from)
	}
}

// makeRuns collects the latencies of each run and of each shape, and derives
// cold starts, clean medians and thresholds.
func (m *exactMode) makeRuns(slo int64) {
	kinds := m.kinds.all
	counted, clean := make([]int, len(kinds)), make([]int, len(kinds))
	m.failed = make([]int, len(kinds))
	for i := range m.rows {
		if r := &m.rows[i]; r.failed && !r.warmup {
			m.failed[r.kind]++
		} else if r.counts() {
			counted[r.kind]++
			if r.clean {
				clean[r.kind]++
			}
		}
	}
	runs, n := slots(kinds, func(k *rowKind) (runKey, bool) {
		return runKey{k.generation, k.segment, k.scenario, k.lane}, true
	})
	m.runs = make([]exactRun, n)
	shapes, n := slots(kinds, func(k *rowKind) (rowKind, bool) {
		return rowKind{strategy: k.strategy, shape: k.shape, lane: k.lane}, true
	})
	byShape := make([][]int64, n)
	room(counted, runs, func(s int32, walls []int64) { m.runs[s].walls = walls })
	room(clean, shapes, func(s int32, walls []int64) { byShape[s] = walls })
	for k := range kinds {
		m.runs[runs[k]].runKey = runKey{kinds[k].generation, kinds[k].segment, kinds[k].scenario, kinds[k].lane}
	}
	for i := range m.rows {
		r := &m.rows[i]
		if !r.counts() {
			continue
		}
		m.runs[runs[r.kind]].take(m, i, slo)
		if r.clean {
			s := shapes[r.kind]
			byShape[s] = append(byShape[s], r.e.Wall)
		}
	}
	m.runs = slices.DeleteFunc(m.runs, func(x exactRun) bool { return len(x.walls) == 0 })
	for i := range m.runs {
		x := &m.runs[i]
		x.cold = float64(x.walls[0]) > ledger.TailFactor*quantile.PercentileOf(x.walls[1:], 0.5)
		m.rows[x.first].e.Cold = x.cold
	}
	m.takeShapes(shapes, byShape)
}

// failedIn counts the failed requests of a lane, warm-ups apart.
func (m *exactMode) failedIn(l stats.Lane, keep func(*rowKind) bool) (n int) {
	for i, k := range m.kinds.all {
		if k.lane == l && keep(&k) {
			n += m.failed[i]
		}
	}
	return n
}

// room makes an empty slice with room for the rows of each slot.
func room(rows []int, slots []int32, set func(slot int32, walls []int64)) {
	var size []int
	for k, n := range rows {
		s := int(slots[k])
		for s >= len(size) {
			size = append(size, 0)
		}
		size[s] += n
	}
	for s, n := range size {
		set(int32(s), make([]int64, 0, n))
	}
}

// takeShapes derives the clean medians, and what each lane's groups share.
func (m *exactMode) takeShapes(slots []int32, byShape [][]int64) {
	medians := make([]float64, len(byShape))
	for s, walls := range byShape {
		medians[s] = quantile.PercentileOf(walls, 0.5)
	}
	m.medians = make([]float64, len(slots))
	for k, s := range slots {
		m.medians[k] = medians[s]
	}
	settled := m.settled()
	order := m.inOrder(anySegment)
	for l := range m.lanes {
		all := m.wallsOf(stats.Lane(l), func(*exactRun) bool { return true })
		median := quantile.PercentileOf(settled[l], 0.5)
		if math.IsNaN(median) { // all are marked, none says how long it took
			median = quantile.Percentile(all, 0.5)
		}
		m.lanes[l] = exactLane{threshold: ledger.Threshold(median, quantile.PercentileOf(settled[l], 0.99)), median: median, sorted: all,
			spread: paired.SpreadOf(order[l], all)}
	}
}

// inOrder are the lanes' latencies in the segments that keep holds, in their order.
func (m *exactMode) inOrder(keep func(segment int32) bool) (out [stats.NumLanes][]int64) {
	for i := range m.rows {
		if r := &m.rows[i]; r.counts() && keep(m.kinds.all[r.kind].segment) {
			out[m.lane(r)] = append(out[m.lane(r)], r.e.Wall)
		}
	}
	return out
}

// settled are the latencies that make the lanes' tails.
func (m *exactMode) settled() (out [stats.NumLanes][]int64) {
	for i := range m.rows {
		r := &m.rows[i]
		if !r.counts() {
			continue
		}
		if ns, ok := r.e.Settled(m.medians[r.kind]); ok {
			l := m.lane(r)
			out[l] = append(out[l], ns)
		}
	}
	return out
}

// wallsOf are the latencies of those of a lane's runs that keep holds, ascending.
func (m *exactMode) wallsOf(l stats.Lane, keep func(*exactRun) bool) []int64 {
	n := 0
	for i := range m.runs {
		if x := &m.runs[i]; x.lane == l && keep(x) {
			n += len(x.walls)
		}
	}
	out := make([]int64, 0, n)
	for i := range m.runs {
		if x := &m.runs[i]; x.lane == l && keep(x) {
			out = append(out, x.walls...)
		}
	}
	quantile.SortInts(out)
	return out
}

// placeSteps finds the steps of each row.
func (m *exactMode) placeSteps() {
	m.stepRows = nil
	if len(m.steps) == 0 {
		return
	}
	at := make(map[pendingKey]int32, len(m.steps))
	for i := range m.steps {
		at[m.steps[i].key] = int32(i)
	}
	m.stepRows = make([]int32, len(m.rows))
	for i := range m.rows {
		r := &m.rows[i]
		k, ok := at[pendingKey{r.request, m.lane(r)}]
		if !ok {
			k = -1
		}
		m.stepRows[i] = k
	}
}
