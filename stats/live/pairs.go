package live

import (
	"math"

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
	spilled          int // halves that wait in open
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
	segment int32
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
func (t *pairTable) other(s *stats.Sample, shape int32) *halfPair {
	h := &t.front[s.Request&(frontPairs-1)]
	if h.is(s) {
		h.waits = false
		return h
	}
	if t.spilled > 0 {
		if o := &t.open[s.Request&(openPairs-1)]; o.is(s) {
			o.waits = false
			t.spilled--
			return o
		}
	}
	if h.waits {
		t.spill(h)
	}
	h.request, h.wall, h.segment, h.shape, h.lane, h.compile, h.waits = s.Request, max(s.WallNs, 0), s.Segment, shape, s.Lane, s.CompileNs, true
	return nil
}

// is reports whether h is the other half of the sample's pair.
func (h *halfPair) is(s *stats.Sample) bool {
	return h.waits && h.request == s.Request && h.lane != s.Lane
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

func (m *modeState) pairUp(c *Collector, sc *scenState, st *shapeState, s *stats.Sample) {
	h := m.pairs.other(s, st.id)
	if h == nil {
		return
	}
	wall := max(s.WallNs, 0)
	p := paired.Pair{Eager: h.wall, Optimized: wall}
	opt, compile := st, s.CompileNs
	if s.Lane == stats.Eager {
		p = paired.Pair{Eager: wall, Optimized: h.wall}
		opt, compile = m.shapes.byID(h.shape), h.compile
	}
	if h.shape != st.id { // else the shape's own eager samples say the same
		opt.eagerOfPairs.Record(p.Eager)
	}
	opt.saved += p.Eager - p.Optimized
	opt.gain.Add(float64(p.Eager - p.Optimized + max(compile, 0)))
	if s.Segment != c.segment || h.segment != c.segment {
		sc.pairOld.add(p)
		return
	}
	sc.pairSeg.add(p)
	m.pairs.remember(p, s.Lane^stats.Lane(s.Order&1))
	if m.rank.Due() {
		m.aimPairs()
	}
	m.rank.Add(p)
	if p.Eager > 0 && p.Optimized > 0 {
		m.ratio.Add(math.Log(float64(p.Optimized) / float64(p.Eager)))
	}
}
