package stats

import "math"

// group is one lane's samples in one scope (session, segment, a scenario of
// either): latency with everything a Summary shows. Distributions that an
// engine may lack are made when the first value arrives.
type group struct {
	d                     dist
	tagged                *dist // of them, those with an event attached or the first of their shape
	dev, ttft, itl, resp  *dist
	firsts                int
	firstSum              u128
	tokens, semant, exec  int64
	compiles              int
	compileNs             int64
	wallOfDev             int64 // wall time of samples with device times
	sloMissed, sloJudged  int
	cached                Summary
	cachedN, cachedExtras int
}

// addCommon takes in what the window keeps of a sample; addRest takes in
// what it does not.
func (g *group) addCommon(e *winSample) {
	g.d.record(e.wall)
	g.tokens += int64(e.tokens)
	g.exec += int64(e.exec)
	g.semant += e.semantic()
}

func (g *group) addDevice(wall, dev int64) {
	recordInto(&g.dev, dev)
	g.wallOfDev += wall
}

// wantsRest reports whether addRest would do anything.
func (g *group) wantsRest(s *Sample, slo int64) bool {
	return s.Flags != 0 || s.NthInRun == 0 || s.ResponseNs > Absent || s.TTFTNs > Absent || slo > 0
}

func (g *group) addRest(s *Sample, slo int64) {
	if s.Flags != 0 || s.NthInRun == 0 {
		g.addRare(s)
	}
	if s.ResponseNs > Absent {
		recordInto(&g.resp, s.ResponseNs)
	}
	if s.TTFTNs > Absent {
		recordInto(&g.ttft, s.TTFTNs)
	}
	if slo > 0 {
		g.sloJudged++
		if sloLatency(s) > slo {
			g.sloMissed++
		}
	}
}

func (g *group) addRare(s *Sample) {
	if s.Tagged() {
		recordInto(&g.tagged, s.WallNs)
	}
	if s.NthInRun == 0 {
		g.firsts++
		g.firstSum.add(uint64(max(s.WallNs, 0)))
	}
	if s.Flags&(FlagCompile|FlagRecompile) != 0 {
		g.compiles++
		g.compileNs += s.CompileNs
	}
}

// sloLatency is what a service level judges: the response time where the load
// is open, else the latency.
func sloLatency(s *Sample) int64 {
	if s.ResponseNs > Absent {
		return s.ResponseNs
	}
	return s.WallNs
}

// merge adds all samples of o.
func (g *group) merge(o *group) {
	g.d.merge(&o.d)
	mergeInto(&g.tagged, o.tagged)
	mergeInto(&g.dev, o.dev)
	mergeInto(&g.ttft, o.ttft)
	mergeInto(&g.itl, o.itl)
	mergeInto(&g.resp, o.resp)
	g.firsts += o.firsts
	g.firstSum.addU128(o.firstSum)
	g.tokens, g.semant, g.exec = g.tokens+o.tokens, g.semant+o.semant, g.exec+o.exec
	g.compiles, g.compileNs = g.compiles+o.compiles, g.compileNs+o.compileNs
	g.wallOfDev += o.wallOfDev
	g.sloMissed, g.sloJudged = g.sloMissed+o.sloMissed, g.sloJudged+o.sloJudged
}

func mergeInto(d **dist, o *dist) {
	if o == nil || o.n == 0 {
		return
	}
	if *d == nil {
		*d = new(dist)
	}
	(*d).merge(o)
}

// reset empties the group and keeps the memory of its distributions.
func (g *group) reset() {
	g.d.reset()
	for _, d := range []*dist{g.tagged, g.dev, g.ttft, g.itl, g.resp} {
		if d != nil {
			d.reset()
		}
	}
	*g = group{d: g.d, tagged: g.tagged, dev: g.dev, ttft: g.ttft, itl: g.itl, resp: g.resp}
}

func recordInto(d **dist, v int64) {
	if *d == nil {
		*d = new(dist)
	}
	(*d).record(v)
}

func quantileOf(d *dist, q float64) float64 {
	if d == nil || d.n == 0 {
		return math.NaN()
	}
	return d.quantile(q)
}

func countOf(d *dist) int {
	if d == nil {
		return 0
	}
	return d.n
}

// summary describes the group; it is computed again only after it changed.
func (g *group) summary() Summary {
	extras := countOf(g.itl)
	if g.cachedN == g.d.n && g.cachedExtras == extras && g.d.n > 0 {
		return g.cached
	}
	s := emptySummary()
	g.d.describe(&s)
	g.describeExtras(&s)
	g.cached, g.cachedN, g.cachedExtras = s, g.d.n, extras
	return s
}

func (g *group) describeExtras(s *Summary) {
	if rest := g.d.n - g.firsts; g.firsts > 0 && rest > 0 {
		sum := g.d.sum
		sum.subU128(g.firstSum)
		s.MeanExclFirst = sum.float() / float64(rest)
	}
	s.DeviceP50, s.DeviceP99 = quantileOf(g.dev, 0.5), quantileOf(g.dev, 0.99)
	if g.wallOfDev > 0 {
		s.HostShare = 1 - g.dev.sum.float()/float64(g.wallOfDev)
	}
	s.TTFTP50, s.TTFTP99 = quantileOf(g.ttft, 0.5), quantileOf(g.ttft, 0.99)
	s.ITLP50, s.ITLP99 = quantileOf(g.itl, 0.5), quantileOf(g.itl, 0.99)
	s.ResponseP50, s.ResponseP99 = quantileOf(g.resp, 0.5), quantileOf(g.resp, 0.99)
	if total := g.d.sum.float(); total > 0 && g.tokens > 0 {
		s.TokensPerS = float64(g.tokens) / total * 1e9
	}
	if g.semant > 0 {
		s.PaddingTax = float64(g.exec) / float64(g.semant)
	}
	if g.sloJudged > 0 {
		s.SLOMissed = float64(g.sloMissed) / float64(g.sloJudged)
		s.SLOLo, s.SLOHi = ClopperPearson(g.sloMissed, g.sloJudged)
	}
	s.Compiles, s.CompileNs = g.compiles, g.compileNs
}

// describe fills the fields that follow from the latencies alone.
func (d *dist) describe(s *Summary) {
	s.N = d.n
	if d.n == 0 {
		return
	}
	s.Mean, s.Std = d.mean(), d.std()
	s.Min, s.Max = float64(d.min), float64(d.max)
	s.MeanExclMax, s.MeanExclTop5 = d.meanWithoutTop(1), d.meanWithoutTop(5)
	qs := summaryQuantiles()
	d.quantiles(qs[:])
	setQuantiles(s, &qs)
	warn(s)
}

func summaryQuantiles() [5]Quantile {
	return [5]Quantile{{Q: .5}, {Q: .9}, {Q: .95}, {Q: .99}, {Q: .999}}
}

func setQuantiles(s *Summary, qs *[5]Quantile) {
	s.P50, s.P90, s.P95, s.P99, s.P999 = qs[0], qs[1], qs[2], qs[3], qs[4]
}

// emptySummary has NaN wherever there is nothing to say.
func emptySummary() Summary {
	nan := math.NaN()
	s := Summary{Mean: nan, Std: nan, Min: nan, Max: nan, MeanExclMax: nan, MeanExclTop5: nan,
		MeanExclFirst: nan, DeviceP50: nan, DeviceP99: nan, TokensPerS: nan, TTFTP50: nan, TTFTP99: nan, ITLP50: nan,
		ITLP99: nan, ResponseP50: nan, ResponseP99: nan, SLOMissed: nan, SLOLo: nan, SLOHi: nan, PaddingTax: nan, HostShare: nan}
	qs := summaryQuantiles()
	for i := range qs {
		qs[i].Value, qs[i].Lo, qs[i].Hi, qs[i].Need, qs[i].Exact = nan, nan, nan, Need(qs[i].Q), true
	}
	setQuantiles(&s, &qs)
	return s
}

func warn(s *Summary) {
	if s.P99.Need > 0 {
		s.Warnings = append(s.Warnings, warnP99)
	}
}

const warnP99 = "too few samples for p99: 459 are needed"
