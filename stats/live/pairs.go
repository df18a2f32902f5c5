package live

import (
	"math"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
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

// pairStats is the distribution of optimized − eager over requests.
type pairStats struct {
	n, won    int
	logs      int
	sumLog    float64 // of optimized ÷ eager, less what product holds
	product   float64
	raw       []int64        // differences, while n < ExactBelow
	ascending []int64        // raw in order, as of its length
	neg, pos  *quantile.Hist // of −d and d
	rankN     int            // pairs when rankP was computed
	rankP     float64        // of the signed-rank test
}

func (p *pairStats) add(x paired.Pair) {
	d := x.Optimized - x.Eager
	p.n++
	if d < 0 {
		p.won++
	}
	if x.Eager > 0 && x.Optimized > 0 {
		p.addRatio(float64(x.Optimized) / float64(x.Eager))
	}
	if p.n < quantile.ExactBelow {
		p.raw = append(p.raw, d)
	} else {
		p.raw = nil
	}
	if p.pos == nil {
		p.neg, p.pos = new(quantile.Hist), new(quantile.Hist)
	}
	if d < 0 {
		p.neg.Record(-d)
	} else {
		p.pos.Record(d)
	}
}

// addRatio multiplies ratios and takes a logarithm only when the product is
// about to leave the range of a float64.
func (p *pairStats) addRatio(r float64) {
	if p.logs == 0 {
		p.product = 1
	}
	p.logs++
	p.product *= r
	if p.product > 1e100 || p.product < 1e-100 {
		p.sumLog += math.Log(p.product)
		p.product = 1
	}
}

// reset empties p and keeps its memory.
func (p *pairStats) reset() {
	if p.pos != nil {
		p.neg.Reset()
		p.pos.Reset()
	}
	*p = pairStats{raw: p.raw[:0], ascending: p.ascending[:0], neg: p.neg, pos: p.pos, rankN: p.rankN, rankP: p.rankP}
}

func (p *pairStats) merge(o *pairStats) {
	if o.n == 0 {
		return
	}
	if o.logs > 0 {
		if p.logs == 0 {
			p.product = 1
		}
		p.sumLog += o.sumLog + math.Log(o.product)
	}
	p.n, p.won, p.logs = p.n+o.n, p.won+o.won, p.logs+o.logs
	if p.n < quantile.ExactBelow {
		p.raw = append(p.raw, o.raw...)
	} else {
		p.raw = nil
	}
	if p.pos == nil {
		p.neg, p.pos = new(quantile.Hist), new(quantile.Hist)
	}
	p.neg.Merge(o.neg)
	p.pos.Merge(o.pos)
}

// rank returns the k-th smallest difference, 1-based.
func (p *pairStats) rank(k int) float64 {
	var v [1]float64
	if n := int(p.neg.N()); k <= n {
		p.neg.Ranks([]uint64{uint64(n - k + 1)}, v[:])
		return -v[0]
	}
	p.pos.Ranks([]uint64{uint64(k) - p.neg.N()}, v[:])
	return v[0]
}

// quantile of the differences; NaN without any.
func (p *pairStats) quantile(q float64) float64 {
	if p.n == 0 {
		return math.NaN()
	}
	if p.n < quantile.ExactBelow {
		if len(p.ascending) != p.n {
			p.ascending = append(p.ascending[:0], p.raw...)
			slices.Sort(p.ascending)
		}
		return quantile.Percentile(p.ascending, q)
	}
	pos := q * float64(p.n-1)
	k := int(pos)
	return quantile.Lerp(p.rank(k+1), p.rank(min(k+2, p.n)), pos-float64(k))
}

// median returns the median difference with its order-statistic interval.
func (p *pairStats) median() (m, lo, hi float64) {
	nan := math.NaN()
	if p.n == 0 {
		return nan, nan, nan
	}
	if p.n < quantile.ExactBelow {
		s := slices.Clone(p.raw)
		slices.Sort(s)
		q := quantile.Exact(s, 0.5)
		return q.Value, q.Lo, q.Hi
	}
	m = (p.rank((p.n+1)/2) + p.rank(p.n/2+1)) / 2
	l, h, ok := quantile.OrderRanks(p.n, 0.5)
	if !ok {
		return m, nan, nan
	}
	return m, p.rank(l), p.rank(h)
}

func (p *pairStats) medianDiff() float64 {
	m, _, _ := p.median()
	return m
}

// view describes the pairs; eager and optimized are the lanes' distributions
// in the same scope, for the differences of quantiles.
func (p *pairStats) view(eager, optimized *quantile.Dist) stats.PairView {
	v := stats.PairView{N: p.n, ShareWon: math.NaN(), RatioGeomean: math.NaN(), Crossover: math.NaN(), CrossLo: math.NaN(), CrossHi: math.NaN(), NoiseNs: math.NaN(), P: math.NaN(), PHolm: math.NaN()}
	v.MedianDiff, v.DiffLo, v.DiffHi = p.median()
	if p.n == 0 {
		return v
	}
	v.ShareWon = float64(p.won) / float64(p.n)
	v.P = p.rankTest()
	if p.logs > 0 {
		v.RatioGeomean = math.Exp((p.sumLog + math.Log(p.product)) / float64(p.logs))
	}
	if eager != nil {
		fillDeltas(&v, eager, optimized)
	}
	return v
}

func fillDeltas(v *stats.PairView, eager, optimized *quantile.Dist) {
	v.DeltaQ = paired.DeltaQuantiles
	e, o := eager.Curve(paired.DeltaQuantiles), optimized.Curve(paired.DeltaQuantiles)
	v.Delta = make([]float64, len(e))
	v.DeltaLo, v.DeltaHi = quantile.NaNs(len(e)), quantile.NaNs(len(e))
	for i := range e {
		v.Delta[i] = o[i] - e[i]
	}
	v.Crossover = paired.Crossover(eager.Curve(crossGrid), optimized.Curve(crossGrid), crossGrid)
}

// crossGrid is the grid of the live crossover: p0.5 to p99.5 by halves, p99.9.
var crossGrid = func() []float64 {
	var g []float64
	for i := 1; i < 200; i++ {
		g = append(g, float64(i)/200)
	}
	return append(g, .999)
}()

// wilcoxon is the signed-rank test of the differences: exact up to 50 of them,
// then from the histograms, whose buckets tie values within 0.1 %.
func (p *pairStats) wilcoxon() ranktest.Result {
	if p.n <= ranktest.WilcoxonExact {
		d := make([]float64, len(p.raw))
		for i, v := range p.raw {
			d[i] = float64(v)
		}
		return ranktest.Wilcoxon(d)
	}
	return ranktest.SignedRank(p.pos, p.neg)
}

// rankTest is the p of the signed-rank test, computed again when the pairs
// have grown by a twentieth.
func (p *pairStats) rankTest() float64 {
	if p.rankN == 0 || p.n < p.rankN || p.n > p.rankN+p.rankN/20 {
		p.rankN, p.rankP = p.n, p.wilcoxon().P
	}
	return p.rankP
}
