package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
)

// pairStats is the distribution of optimized − eager over requests.
type pairStats struct {
	n, won    int
	logs      int
	sumLog    float64        // of optimized ÷ eager
	raw       []int64        // differences, while n < ExactBelow
	ascending []int64        // raw in order, as of its length
	neg, pos  *quantile.Hist // of −d and d
	rankN     int            // pairs when rankP was computed
	rankP     float64        // of the signed-rank test
}

// add takes in a pair and the logarithm of its ratio; NaN where it has none.
func (p *pairStats) add(x paired.Pair, log float64) {
	d := x.Optimized - x.Eager
	p.n++
	if d < 0 {
		p.won++
	}
	if !math.IsNaN(log) {
		p.logs++
		p.sumLog += log
	}
	if p.n < quantile.ExactBelow {
		p.raw = append(p.raw, d)
	} else if p.raw != nil {
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

// take takes in pairs of the backlog, as add does one by one.
func (p *pairStats) take(b *backlog, order []uint16) {
	if p.n+len(order) < quantile.ExactBelow || p.raw != nil || p.pos == nil {
		for _, j := range order {
			p.add(b.pairs[j], b.logs[j])
		}
		return
	}
	logs, sum := p.logs, p.sumLog
	lost, won := 0, 0 // differences that are not negative, and others
	for _, j := range order {
		x, log := b.pairs[j&(maxBacklog-1)], b.logs[j&(maxBacklog-1)]
		d := x.Optimized - x.Eager
		b.wall[lost&(maxBacklog-1)], b.dev[won&(maxBacklog-1)] = d, -d
		won += int(uint64(d) >> 63)
		lost += 1 - int(uint64(d)>>63)
		if log == log {
			logs++
			sum += log
		}
	}
	p.logs, p.sumLog = logs, sum
	p.n, p.won = p.n+len(order), p.won+won
	p.pos.RecordAll(b.wall[:lost])
	p.neg.RecordAll(b.dev[:won])
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
	p.n, p.won, p.logs, p.sumLog = p.n+o.n, p.won+o.won, p.logs+o.logs, p.sumLog+o.sumLog
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

// inOrder are the differences in ascending order, while they are kept raw.
func (p *pairStats) inOrder() []int64 {
	if len(p.ascending) != p.n {
		p.ascending = append(p.ascending[:0], p.raw...)
		quantile.SortInts(p.ascending)
	}
	return p.ascending
}

// quantile of the differences; NaN without any.
func (p *pairStats) quantile(q float64) float64 {
	if p.n == 0 {
		return math.NaN()
	}
	if p.n < quantile.ExactBelow {
		return quantile.Percentile(p.inOrder(), q)
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
		q := quantile.Exact(p.inOrder(), 0.5)
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
		v.RatioGeomean = math.Exp(p.sumLog / float64(p.logs))
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
