package live

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

// maxBacklog is how many samples Add may leave to drain, a power of two.
const maxBacklog = 512

// waiting is what drain needs of a sample that counts: one line of the cache.
type waiting struct {
	winSample
	request            uint64
	dev, resp, compile int64
}

// backlog are the samples that Add only noted, with room to sort them.
type backlog struct {
	samples     [maxBacklog]waiting
	n, room     int
	cells       [maxBacklog]*cell // those with samples, some twice
	busy        int               // how many those are
	wall, clean [maxBacklog]int64
	dev, resp   [maxBacklog]int64
	pairs       [maxBacklog]paired.Pair
	ends        [maxBacklog]ended
	logs        [maxBacklog]float64
}

// put notes a sample. It assigns field by field: a struct assigned whole is
// built on the stack first, and reading that back wider than it was written
// costs more than all the rest of it.
func (b *backlog) put(s *stats.Sample, at *Place, late bool) {
	i := b.n & (maxBacklog - 1)
	e := &b.samples[i]
	b.n++
	e.set(s, at.scenID, at.shape.id)
	if late {
		e.flags |= lateFlag
	} else {
		b.enlist(at.cell, s.Lane, i)
	}
	e.request, e.dev, e.resp, e.compile = s.Request, s.DeviceNs, s.ResponseNs, s.CompileNs
}

// enlist puts sample i into the list of its cell and lane.
func (b *backlog) enlist(c *cell, lane stats.Lane, i int) {
	x := &c.waits[lane]
	if x.n == 0 {
		b.cells[b.busy&(maxBacklog-1)] = c
		b.busy++
	}
	x.at[x.n&(listCap-1)] = uint16(i)
	if x.n++; x.n == listCap {
		b.room = b.n // the next one drains
	}
}

// drain takes what Add only noted into all that is read later: the window, the
// groups of scenarios and shapes, the lanes' series, the timeline, the pairs. Each
// has a loop of its own over the whole backlog, which keeps its sums in registers
// and lets one sample's cache misses overlap with the next one's; all readers of
// those drain first.
func (m *modeState) drain() {
	b := m.backlog
	if b.n == 0 {
		return
	}
	part := b.samples[:b.n]
	m.win.take(part)
	m.takeCells()
	m.takeLanes(part)
	m.takePairs(part)
	b.n, b.room = 0, min(maxBacklog, 16+m.samples()/8)
	for l := range m.lanes {
		if m.lanes[l].series.Due() {
			m.aimLane(stats.Lane(l))
		}
	}
	if m.rank.Due() {
		m.aimPairs()
	}
}

// cell is a scenario and a shape that came together, and which samples of each lane
// wait.
type cell struct {
	cellKey
	waits [stats.NumLanes]list
}

type cellKey struct {
	scen  *scenState
	shape *shapeState
}

// list are indices of the backlog, in order; while one is full nothing is put.
type list struct {
	n  int
	at [listCap]uint16
}

const listCap = 128

// cellOf is the one cell of a scenario and a shape.
func (m *modeState) cellOf(scen *scenState, shape *shapeState) *cell {
	k := cellKey{scen, shape}
	if m.cells[k] == nil {
		m.cells[k] = &cell{cellKey: k}
	}
	return m.cells[k]
}

// takeCells takes the samples into their scenarios and shapes.
func (m *modeState) takeCells() {
	b := m.backlog
	for _, c := range b.cells[:b.busy] {
		for l := range c.waits { // none, where the cell stands in the list for both lanes
			if x := &c.waits[l]; x.n > 0 {
				b.take(x.at[:x.n], stats.Lane(l), c, m.slo)
				x.n = 0
			}
		}
	}
	b.busy = 0
}

// note takes in the slowest sample of a second, as far as it is known.
func (c *cell) note(second int64, e *waiting, lane stats.Lane) {
	c.scen.recent[lane].addAt(second, &e.winSample)
	if lane == stats.Optimized {
		c.shape.recent.addAt(second, &e.winSample)
	}
}

// take takes in samples of one cell and lane.
func (b *backlog) take(order []uint16, lane stats.Lane, c *cell, slo int64) {
	g, shape := &c.scen.segment[lane], &c.shape.lanes[lane]
	slowest := &b.samples[order[0]&(maxBacklog-1)]
	second := slowest.t / 1e9
	var devs, resps int
	var tokens, exec, semant, wallOfDev int64
	var flags stats.Flag
	for i, j := range order {
		e := &b.samples[j&(maxBacklog-1)]
		b.wall[i&(maxBacklog-1)] = e.wall
		flags |= e.flags
		tokens += int64(e.tokens)
		exec += int64(e.exec)
		semant += e.semantic()
		if uint64(e.t-second*1e9) >= 1e9 {
			c.note(second, slowest, lane)
			slowest, second = e, e.t/1e9
		} else if e.wall > slowest.wall {
			slowest = e
		}
		if e.dev > stats.Absent {
			b.dev[devs&(maxBacklog-1)] = e.dev
			devs++
			wallOfDev += e.wall
		}
		if e.resp > stats.Absent {
			b.resp[resps&(maxBacklog-1)] = e.resp
			resps++
		}
	}
	c.note(second, slowest, lane)
	g.tokens, g.exec, g.semant, g.wallOfDev = g.tokens+tokens, g.exec+exec, g.semant+semant, g.wallOfDev+wallOfDev
	if slo > 0 {
		g.sloJudged, g.sloMissed = g.sloJudged+len(order), g.sloMissed+b.missed(order, resps, slo)
	}
	shape.n += len(order)
	if lane == stats.Optimized {
		c.shape.tokens, c.shape.exec = c.shape.tokens+tokens, c.shape.exec+exec
	}
	if flags&taggedFlags == 0 {
		quantile.RecordBoth(&g.d, &shape.clean, b.wall[:len(order)])
	} else {
		g.d.RecordAll(b.wall[:len(order)])
		shape.clean.RecordAll(b.cleanOf(order))
	}
	recordAllInto(&g.dev, b.dev[:devs])
	recordAllInto(&g.resp, b.resp[:resps])
}

// missed counts the samples beyond the service level: by the response time where the
// load is open, as it is for resps of them, else by the latency.
func (b *backlog) missed(order []uint16, resps int, slo int64) (n int) {
	latency := b.wall[:len(order)]
	if resps == len(order) {
		latency = b.resp[:resps]
	} else if resps > 0 {
		latency = b.clean[:len(order)]
		for i, j := range order {
			e := &b.samples[j&(maxBacklog-1)]
			if latency[i] = e.wall; e.resp > stats.Absent {
				latency[i] = e.resp
			}
		}
	}
	for _, v := range latency {
		n += int(uint64(slo-v) >> 63)
	}
	return n
}

// cleanOf are the latencies of those that are not tagged.
func (b *backlog) cleanOf(order []uint16) []int64 {
	n := 0
	for _, j := range order {
		if e := &b.samples[j&(maxBacklog-1)]; !e.tagged() {
			b.clean[n] = e.wall
			n++
		}
	}
	return b.clean[:n]
}

// takeLanes takes the samples into the lanes' series and the timeline.
func (m *modeState) takeLanes(part []waiting) {
	b := m.backlog
	walls, ends := [stats.NumLanes]*[maxBacklog]int64{&b.wall, &b.clean}, [stats.NumLanes]*[maxBacklog]int64{&b.dev, &b.resp}
	var n [stats.NumLanes]int
	for i := range part {
		if e := &part[i]; e.flags&lateFlag == 0 {
			l := e.lane()
			at := n[l] & (maxBacklog - 1)
			walls[l][at], ends[l][at] = e.wall, e.t
			n[l]++
		}
	}
	for l := range m.lanes {
		m.lanes[l].series.AddAll(walls[l][:n[l]])
		m.line.take(stats.Lane(l), ends[l][:n[l]], walls[l][:n[l]])
	}
}
