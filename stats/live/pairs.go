package live

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
)

// pairTable matches the two lanes of a request. Half a pair waits in a table
// of fixed size; one whose place is taken is counted as lost. Where lanes are
// interleaved the other half comes next, so a small table that stays in the
// cache stands before the large one.
type pairTable struct {
	front            [frontPairs]halfPair
	open             []halfPair
	first            halfPair // of a pair whose halves came one after the other
	spilled          int      // halves that wait in open
	lost             int
	session, segment pairStats               // merged, as of the last view
	recent           []paired.Pair           // of the current segment, a ring
	recentFirst      [recentPairs]stats.Lane // the lane that ran first in each
	recentAt         int
}

type halfPair struct {
	request uint64
	wall    int64
	shape   int32 // shapeState.id
	segment int32 // modeState.epoch
	lane    stats.Lane
	waits   bool
	compile int64
}

const (
	frontPairs  = 1 << 7
	openPairs   = 1 << 12
	recentPairs = 1 << 12
)

func newPairTable() pairTable { return pairTable{open: make([]halfPair, openPairs)} }

// other returns the waiting other half of a sample's pair and frees its place,
// nil when there is none: then the sample waits itself.
func (t *pairTable) other(e *waiting, segment int32) *halfPair {
	h := &t.front[e.request&(frontPairs-1)]
	if h.is(e) {
		h.waits = false
		return h
	}
	if t.spilled > 0 {
		if o := &t.open[e.request&(openPairs-1)]; o.is(e) {
			o.waits = false
			t.spilled--
			return o
		}
	}
	if h.waits {
		t.spill(h)
	}
	h.set(e, segment)
	return nil
}

// set makes h the half that the sample is.
func (h *halfPair) set(e *waiting, segment int32) {
	if e.flags&lateFlag != 0 {
		segment = otherSegment
	}
	h.request, h.wall, h.segment, h.shape, h.lane, h.compile, h.waits = e.request, e.wall, segment, e.shape, e.lane(), e.compile, true
}

// otherSegment is that of a sample that came late.
const otherSegment = -1

// is reports whether h is the other half of the sample's pair.
func (h *halfPair) is(e *waiting) bool {
	return h.waits && h.request == e.request && h.lane != e.lane()
}

// beside reports whether two samples that came one after the other are a pair, and
// none of that request waits.
func (t *pairTable) beside(e, next *waiting) bool {
	return e.request == next.request && e.lane() != next.lane() && t.front[e.request&(frontPairs-1)].request != e.request &&
		(t.spilled == 0 || t.open[e.request&(openPairs-1)].request != e.request)
}

// spill makes room for another half.
func (t *pairTable) spill(h *halfPair) {
	o := &t.open[h.request&(openPairs-1)]
	if o.waits {
		t.lost++
	} else {
		t.spilled++
	}
	*o = *h
}

// ended is what a pair tells of the optimized lane's shape.
type ended struct {
	compile int64
	shape   int32
}

// takePairs finds the samples' pairs and takes in those of the current segment, one
// thing after the other.
func (m *modeState) takePairs(part []waiting) {
	b := m.backlog
	n := m.findPairs(part)
	pairs, ends, logs, known := b.pairs[:n], b.ends[:n], b.logs[:n], true
	for i, p := range pairs {
		x := &ends[i]
		m.shapes.byID(x.shape).gained(p, x.compile)
	}
	for i, p := range pairs {
		logs[i] = p.Log()
		known = known && logs[i] == logs[i]
	}
	for _, s := range m.scen {
		if s != nil && len(s.waits) > 0 {
			s.pairSeg.take(b, s.waits)
			s.waits = s.waits[:0]
		}
	}
	m.rank.AddAll(pairs)
	if !known {
		logs = slices.DeleteFunc(logs, math.IsNaN)
	}
	m.ratio.AddAll(logs)
}

// findPairs puts the samples' pairs of the current segment into the backlog.
func (m *modeState) findPairs(part []waiting) (n int) {
	b := m.backlog
	for i := 0; i < len(part); i++ {
		e := &part[i]
		var h *halfPair
		if i+1 < len(part) && m.pairs.beside(e, &part[i+1]) {
			i++
			h = &m.pairs.first
			h.set(e, m.epoch)
			e = &part[i]
		} else if h = m.pairs.other(e, m.epoch); h == nil {
			continue
		}
		sc := m.scen[e.scen()]
		p, x := paired.Pair{Eager: h.wall, Optimized: e.wall}, ended{e.compile, e.shape}
		if e.lane() == stats.Eager {
			p, x.shape, x.compile = paired.Pair{Eager: e.wall, Optimized: h.wall}, h.shape, h.compile
		}
		if h.shape != e.shape { // else the shape's own eager samples say the same
			m.shapes.byID(x.shape).eagerOfPairs.Record(p.Eager)
		}
		if e.flags&lateFlag != 0 || h.segment != m.epoch {
			m.shapes.byID(x.shape).gained(p, x.compile)
			sc.pairOld.add(p, p.Log())
			continue
		}
		m.pairs.remember(p, e.first())
		sc.waits = append(sc.waits, uint16(n))
		b.pairs[n&(maxBacklog-1)], b.ends[n&(maxBacklog-1)] = p, x
		n++
	}
	return n
}

// gained takes in a pair whose optimized half ran in this shape.
func (st *shapeState) gained(p paired.Pair, compile int64) {
	st.saved += p.Eager - p.Optimized
	st.gain.Add(float64(p.Eager - p.Optimized + max(compile, 0)))
}
