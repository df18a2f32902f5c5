package live

import (
	"math"
	"math/bits"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/advisor"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/ranktest"
)

// lengthTable counts prompt lengths of the optimized lane, semantic tokens a row.
type lengthTable struct {
	n     []uint32 // by length, up to maxLength
	total int
	over  int // longer ones, left out

	plans   []stats.BucketPlan // as of planned requests
	planned int
	limit   int // of executables, that plans know of

	bucketP99 float64 // predicted when bucketAt lengths had come
	bucketAt  int
}

const maxLength = 1 << 16

func (t *lengthTable) add(s *stats.Sample) {
	l := int(s.Tokens)
	if s.Batch > 1 {
		l /= int(s.Batch)
	}
	if l <= 0 || l >= maxLength {
		t.over++
		return
	}
	if l >= len(t.n) {
		t.n = append(t.n, make([]uint32, l+64-len(t.n))...)
	}
	t.n[l]++
	t.total++
}

func (t *lengthTable) counts() []advisor.LengthCount {
	var out []advisor.LengthCount
	for l, n := range t.n {
		if n > 0 {
			out = append(out, advisor.LengthCount{Tokens: l, N: int(n)})
		}
	}
	return out
}

// adviseFrom is the number of requests from which plans are made.
const adviseFrom = 50

// advisor plans anew when the requests seen have grown by a tenth.
func (c *Collector) advisor(m *modeState) []stats.BucketPlan {
	t := &m.lengths
	if m.mode != stats.Prefill || t.total < adviseFrom {
		return nil
	}
	edges := c.edges
	if len(edges) == 0 && bucketed(&c.facts) {
		edges = powersOfTwo(t.n)
	}
	if t.planned == 0 || t.total > t.planned+t.planned/10 || t.limit != m.limit() || !slices.Equal(m.askedEdges, edges) {
		counts, model := t.counts(), m.costModel()
		t.plans = advisor.Advise(counts, model, 8)
		if len(edges) > 0 {
			asked := advisor.WhatIf(edges, counts, model)
			asked.Asked = true
			t.plans = append(t.plans, asked)
		}
		t.planned, t.limit, m.askedEdges = t.total, model.Limit, slices.Clone(edges)
	}
	plans := slices.Clone(t.plans)
	for i := range plans {
		if bucketed(&c.facts) && slices.Equal(plans[i].Edges, edges) {
			g := &m.lanes[stats.Optimized].segment
			plans[i].MeasuredP50, plans[i].MeasuredP99 = g.d.Quantile(.5), g.d.Quantile(.99)
		}
	}
	return plans
}

// bucketP99 is the p99 that the lengths seen would have if they were bucketed, at
// the edges that are set or else at the powers of two; NaN where it is not known.
func (m *modeState) bucketP99(c *Collector) float64 {
	t := &m.lengths
	if m.mode != stats.Prefill || t.total < adviseFrom || bucketed(&c.facts) {
		return math.NaN()
	}
	if t.bucketAt == 0 || t.total > t.bucketAt+t.bucketAt/10 {
		edges := c.edges
		if len(edges) == 0 {
			edges = powersOfTwo(t.n)
		}
		t.bucketP99, t.bucketAt = advisor.WhatIf(edges, t.counts(), m.costModel()).PredictedP99, t.total
	}
	return t.bucketP99
}

// powersOfTwo are the edges that bucketed uses when it is given none: those that
// the lengths seen, n[length] times, run at.
func powersOfTwo(n []uint32) []int {
	var out []int
	for l, count := range n {
		if e := 1 << bits.Len(uint(max(l, 1)-1)); count > 0 && (len(out) == 0 || out[len(out)-1] != e) {
			out = append(out, e)
		}
	}
	return out
}

func bucketed(f *stats.Facts) bool { return stats.PhaseStrategy(f.Strategy, "prefill") == "bucketed" }

// SetBucketEdges tells the advisor the edges in force, or those the user asks
// about; they get a row of their own.
func (c *Collector) SetBucketEdges(edges []int) {
	c.edges = slices.Clone(edges)
	slices.Sort(c.edges)
	c.edges = slices.Compact(c.edges)
}

// paddingCost is the time that executing padding has cost the optimized lane
// in the current segment: padded tokens times the fitted time of a token.
func (m *modeState) paddingCost() float64 {
	g := &m.lanes[stats.Optimized].segment
	if m.mode != stats.Prefill || g.exec == 0 {
		return math.NaN()
	}
	if m.modelN == 0 || m.lengths.total > m.modelN+m.modelN/10 {
		m.model, m.modelN = m.costModel(), m.lengths.total
	}
	return m.model.PerTokenNs * float64(g.exec-g.semant)
}

// costModel takes the optimized lane's clean medians over executed lengths, never
// falling, the Theil-Sen line beyond them, and the median compile.
func (m *modeState) costModel() advisor.CostModel {
	var x, y, compile []float64
	var res []float64
	var points []advisor.Point
	for _, st := range m.shapes.all {
		l := &st.lanes[stats.Optimized]
		if l.clean.N >= 5 && st.exec > 0 {
			x = append(x, float64(st.exec)/float64(l.n))
			y = append(y, l.clean.Quantile(.5))
			points = append(points, advisor.Point{Tokens: x[len(x)-1], Ns: y[len(y)-1], Weight: float64(l.clean.N)})
		}
		if st.compiles > 0 {
			compile = append(compile, float64(st.compileNs)/float64(st.compiles))
		}
		if l.clean.N >= 100 && res == nil {
			med := l.clean.Quantile(.5)
			for i := range 50 {
				res = append(res, l.clean.Quantile((float64(i)+.5)/50)/med)
			}
		}
	}
	model := advisor.CostModel{CompileNs: quantile.Median(compile), Residuals: res, Limit: m.limit(), Points: advisor.Isotonic(points)}
	model.BaseNs, model.PerTokenNs = ranktest.TheilSen(x, y)
	return model
}

// limit is how many executables a strategy may have in this mode, 0 where
// nothing has been compiled yet.
func (m *modeState) limit() int {
	if n := len(m.gauges); n > 0 {
		return m.gauges[n-1].in.Limit
	}
	return 0
}
