package live

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
	"github.com/tailscope/tailscope/stats/quantile"
)

// group is one lane's samples in one scope (session, segment, a scenario of
// either): latency with everything a Summary shows. Distributions that an
// engine may lack are made when the first value arrives.
type group struct {
	d                     quantile.MomentDist
	tagged                *quantile.MomentDist // of them, those with an event attached or the first of their shape
	dev, ttft, itl, resp  *quantile.MomentDist
	firsts                int
	firstSum              quantile.U128
	tokens, semant, exec  int64
	compiles              int
	wallOfDev             int64 // wall time of samples with device times
	sloMissed, sloJudged  int
	limit                 limit.Group
	cached                stats.Summary
	cachedN, cachedExtras int
}

// wantsRest reports whether addRest would do anything.
func wantsRest(s *stats.Sample) bool {
	return s.Flags != 0 || s.NthInRun == 0 || s.TTFTNs > stats.Absent || s.BoundNs > 0
}

// addRest takes in what backlog.take does not: what few samples have.
func (g *group) addRest(s *stats.Sample) {
	if s.Flags != 0 || s.NthInRun == 0 {
		g.addRare(s)
	}
	if s.TTFTNs > stats.Absent {
		recordInto(&g.ttft, s.TTFTNs)
	}
	g.limit.Add(s)
}

func (g *group) addRare(s *stats.Sample) {
	if s.Tagged() {
		recordInto(&g.tagged, s.WallNs)
	}
	if s.NthInRun == 0 {
		g.firsts++
		g.firstSum.Add(uint64(max(s.WallNs, 0)))
	}
	if s.Flags&(stats.FlagCompile|stats.FlagRecompile) != 0 {
		g.compiles++
	}
}

// merge adds all samples of o.
func (g *group) merge(o *group) {
	g.d.Merge(&o.d)
	mergeInto(&g.tagged, o.tagged)
	mergeInto(&g.dev, o.dev)
	mergeInto(&g.ttft, o.ttft)
	mergeInto(&g.itl, o.itl)
	mergeInto(&g.resp, o.resp)
	g.firsts += o.firsts
	g.firstSum.AddU128(o.firstSum)
	g.tokens, g.semant, g.exec = g.tokens+o.tokens, g.semant+o.semant, g.exec+o.exec
	g.compiles += o.compiles
	g.wallOfDev += o.wallOfDev
	g.limit.Merge(&o.limit)
	g.sloMissed, g.sloJudged = g.sloMissed+o.sloMissed, g.sloJudged+o.sloJudged
}

func mergeInto(d **quantile.MomentDist, o *quantile.MomentDist) {
	if o == nil || o.N == 0 {
		return
	}
	if *d == nil {
		*d = new(quantile.MomentDist)
	}
	(*d).Merge(o)
}

// reset empties the group and keeps the memory of its distributions.
func (g *group) reset() {
	g.d.Reset()
	for _, d := range []*quantile.MomentDist{g.tagged, g.dev, g.ttft, g.itl, g.resp} {
		if d != nil {
			d.Reset()
		}
	}
	g.limit.Reset()
	*g = group{d: g.d, tagged: g.tagged, dev: g.dev, ttft: g.ttft, itl: g.itl, resp: g.resp, limit: g.limit}
}

func recordInto(d **quantile.MomentDist, v int64) {
	if *d == nil {
		*d = new(quantile.MomentDist)
	}
	(*d).Record(v)
}

func recordAllInto(d **quantile.MomentDist, v []int64) {
	if len(v) == 0 {
		return
	}
	if *d == nil {
		*d = new(quantile.MomentDist)
	}
	(*d).RecordAll(v)
}

func quantileOf(d *quantile.MomentDist, q float64) float64 {
	if d == nil || d.N == 0 {
		return math.NaN()
	}
	return d.Quantile(q)
}

func countOf(d *quantile.MomentDist) int {
	if d == nil {
		return 0
	}
	return d.N
}

// summary describes the group; it is computed again only after it changed.
func (g *group) summary() stats.Summary {
	extras := countOf(g.itl)
	if g.cachedN == g.d.N && g.cachedExtras == extras && g.d.N > 0 {
		return g.cached
	}
	s := quantile.Empty()
	g.d.Describe(&s)
	g.describeExtras(&s)
	g.cached, g.cachedN, g.cachedExtras = s, g.d.N, extras
	return s
}

func (g *group) describeExtras(s *stats.Summary) {
	if rest := g.d.N - g.firsts; g.firsts > 0 && rest > 0 {
		sum := g.d.Sum
		sum.SubU128(g.firstSum)
		s.MeanExclFirst = sum.Float() / float64(rest)
	}
	s.DeviceP50, s.DeviceP99 = quantileOf(g.dev, 0.5), quantileOf(g.dev, 0.99)
	if g.wallOfDev > 0 {
		s.HostShare = 1 - g.dev.Sum.Float()/float64(g.wallOfDev)
	}
	s.TTFTP50, s.TTFTP99 = quantileOf(g.ttft, 0.5), quantileOf(g.ttft, 0.99)
	s.ITLP50, s.ITLP99 = quantileOf(g.itl, 0.5), quantileOf(g.itl, 0.99)
	s.ResponseP50, s.ResponseP99 = quantileOf(g.resp, 0.5), quantileOf(g.resp, 0.99)
	if total := g.d.Sum.Float(); total > 0 && g.tokens > 0 {
		s.TokensPerS = float64(g.tokens) / total * 1e9
	}
	if g.semant > 0 {
		s.PaddingTax = float64(g.exec) / float64(g.semant)
	}
	if g.sloJudged > 0 {
		s.SLOMissed = float64(g.sloMissed) / float64(g.sloJudged)
		s.SLOLo, s.SLOHi = g.d.Spread.Beyond(g.sloMissed, g.sloJudged)
	}
	s.Limit = g.limit.Describe(g.d.Spread)
	s.Compiles = g.compiles
}
