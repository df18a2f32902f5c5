package exact

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strconv"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
	"github.com/tailscope/tailscope/stats/verdict"
)

// scope selects samples: all of them, one scenario, one segment, or both.
type scope struct {
	scenario, segment       int32
	anyScenario, anySegment bool
}

func (k scope) holds(scenario, segment int32) bool {
	return (k.anyScenario || scenario == k.scenario) && (k.anySegment || segment == k.segment)
}

func (k scope) kind(x *rowKind) bool { return k.holds(x.scenario, x.segment) }

func (a *Analysis) names(k scope) (scenario, segment string) {
	scenario, segment = "*", "*"
	if !k.anyScenario {
		scenario = a.strings.Name(k.scenario)
	}
	if !k.anySegment {
		segment = strconv.Itoa(int(k.segment))
	}
	return scenario, segment
}

// Finish computes summary.json of one mode. It may be called again after more
// samples were added.
func (a *Analysis) Finish(mode stats.Mode) *stats.SummaryFile {
	f := &stats.SummaryFile{Schema: stats.SummarySchema, Source: a.o.Source, Groups: []stats.GroupSummary{}, Pairs: []stats.PairSummary{},
		Causes: []stats.CauseSummary{}}
	if int(mode) >= stats.NumModes || a.modes[mode] == nil {
		f.Paradox = paradoxOf(verdict.Judge(verdict.Input{Lanes: [stats.NumLanes]stats.Summary{quantile.Empty(), quantile.Empty()}, Facts: a.o.Facts}))
		return f
	}
	m := a.modes[mode]
	a.finish(m)
	computed := map[string]*scopeSummary{} // by the runs a scope holds: many hold the same
	for _, k := range a.scopes(m) {
		runs := m.runsIn(k)
		s := computed[runs]
		if s == nil {
			s = a.summarise(m, k)
			computed[runs] = s
		}
		scenario, segment := a.names(k)
		for l := stats.Lane(0); l < stats.NumLanes; l++ {
			if g := s.groups[l]; g.N > 0 {
				g.Mode, g.Lane, g.Scenario, g.Segment = mode.String(), l.String(), scenario, segment
				g.Errors = m.failedIn(l, k.kind)
				f.Groups = append(f.Groups, g)
			}
		}
		if p := s.pair; p.N > 0 {
			p.Mode, p.Scenario, p.Segment = mode.String(), scenario, segment
			if k.anyScenario && k.anySegment {
				s := m.order.Effect()
				p.SecondRatio, p.SecondLo, p.SecondHi = stats.Num(s.Ratio), stats.Num(s.Lo), stats.Num(s.Hi)
			}
			f.Pairs = append(f.Pairs, p)
		}
	}
	f.Causes = m.causeSummaries(mode)
	f.Paradox = paradoxOf(a.verdict(m, mode))
	f.Segments = a.segments(m, mode)
	return f
}

// scopeSummary is what one scope comes to; no samples, no group.
type scopeSummary struct {
	groups [stats.NumLanes]stats.GroupSummary
	pair   stats.PairSummary
}

func (a *Analysis) summarise(m *exactMode, k scope) *scopeSummary {
	s := &scopeSummary{}
	var walls [stats.NumLanes][]int64
	for l := range walls {
		c := m.columnsOf(k, stats.Lane(l))
		walls[l] = c.wall
		if len(c.wall) > 0 {
			s.groups[l] = a.group(&c, m.lanes[l].threshold)
		}
	}
	s.pair = a.pairSummary(m, k, &walls)
	return s
}

// runsIn tells the runs that a scope holds, one byte each.
func (m *exactMode) runsIn(k scope) string {
	b := make([]byte, len(m.runs))
	for i, c := range m.runs {
		if k.holds(c.scenario, c.segment) {
			b[i] = 1
		}
	}
	return string(b)
}

// scopes lists the groups in the order of the file: all, then each scenario,
// then each segment, then each scenario of each segment.
func (a *Analysis) scopes(m *exactMode) []scope {
	var scenarios, segments []int32
	for _, c := range m.runs {
		if !slices.Contains(scenarios, c.scenario) {
			scenarios = append(scenarios, c.scenario)
		}
		if !slices.Contains(segments, c.segment) {
			segments = append(segments, c.segment)
		}
	}
	slices.SortFunc(scenarios, func(x, y int32) int { return cmp.Compare(a.strings.Name(x), a.strings.Name(y)) })
	slices.Sort(segments)
	out := []scope{{anyScenario: true, anySegment: true}}
	for _, sc := range scenarios {
		out = append(out, scope{scenario: sc, anySegment: true})
	}
	for _, sg := range segments {
		out = append(out, scope{segment: sg, anyScenario: true})
	}
	for _, sg := range segments {
		for _, sc := range scenarios {
			if slices.ContainsFunc(m.runs, func(c exactRun) bool { return c.scenario == sc && c.segment == sg }) {
				out = append(out, scope{scenario: sc, segment: sg})
			}
		}
	}
	return out
}

// columns are the values of one group.
type columns struct {
	measured
	wall              []int64 // ascending
	wallSum, firstSum quantile.U128
	firsts, cold      int
	spread            quantile.Spread // of the lane
}

func (c *columns) take(x *exactRun) {
	c.wallSum.AddU128(x.sum)
	c.firsts++
	c.firstSum.Add(uint64(x.walls[0]))
	if x.cold {
		c.cold++
	}
	c.tokens += x.tokens
	c.late += x.late
	c.device = append(c.device, x.device...)
	c.ttft = append(c.ttft, x.ttft...)
	c.steps = append(c.steps, x.steps...)
	c.stepsOf = append(c.stepsOf, x.stepsOf...)
	c.response = append(c.response, x.response...)
	c.limits.Merge(x.limits)
	c.ratios = append(c.ratios, x.ratios...)
}

// columnsOf collects the runs of a lane that a scope holds.
func (m *exactMode) columnsOf(k scope, l stats.Lane) columns {
	c := columns{spread: m.lanes[l].spread}
	n := 0
	in := func(x *exactRun) bool { return k.holds(x.scenario, x.segment) }
	for i := range m.runs {
		if x := &m.runs[i]; x.lane == l && in(x) {
			c.take(x)
			n += len(x.walls)
		}
	}
	if n == len(m.lanes[l].sorted) {
		c.wall = m.lanes[l].sorted
	} else {
		c.wall = m.wallsOf(l, in)
	}
	return c
}

func (a *Analysis) group(c *columns, threshold float64) stats.GroupSummary {
	g := c.summary()
	g.TailN = len(c.wall) - sort.Search(len(c.wall), func(i int) bool { return float64(c.wall[i]) > threshold })
	g.TailThresholdMs = stats.Ms(threshold)
	nan := stats.Num(math.NaN())
	g.EnergyJ, g.EnergyLoJ, g.EnergyHiJ, g.EnergyPer1kTokens = nan, nan, nan, nan
	c.tokenTimes(&g)
	quantile.SortInts(c.ratios)
	g.TakeLimit(c.limits.Describe(quantile.ExactWith(c.ratios, .5, c.spread.At(.5))))
	g.SLOMissed, g.SLOMissedLo, g.SLOMissedHi = nan, nan, nan
	if a.o.SLONs > 0 {
		lo, hi := c.spread.Beyond(c.late, g.N)
		g.SLOMissed, g.SLOMissedLo, g.SLOMissedHi = stats.Num(float64(c.late)/float64(g.N)), stats.Num(lo), stats.Num(hi)
	}
	return g
}

// tokenTimes are the times of first and of later tokens. Steps of one request are
// alike: their interval takes the request for the unit.
func (c *columns) tokenTimes(g *stats.GroupSummary) {
	ttft := quantile.ExactWith(c.ttft, .99, c.spread.At(.99))
	g.TTFTP50Ms, g.TTFTP99Ms, g.TTFTP99LoMs, g.TTFTP99HiMs = stats.Ms(quantile.Percentile(c.ttft, .5)), stats.Ms(ttft.Value), stats.Ms(ttft.Lo), stats.Ms(ttft.Hi)
	sorted := slices.Clone(c.steps)
	quantile.SortInts(sorted)
	itl := quantile.Clustered(c.steps, c.stepsOf, sorted, .99, c.spread.At(.99))
	g.ITLP50Ms, g.ITLP99Ms, g.ITLP99LoMs, g.ITLP99HiMs = stats.Ms(quantile.Percentile(sorted, .5)), stats.Ms(itl.Value), stats.Ms(itl.Lo), stats.Ms(itl.Hi)
	g.ITLN = itl.N
}

func (c *columns) summary() stats.GroupSummary {
	quantile.SortInts(c.device)
	quantile.SortInts(c.ttft)
	quantile.SortInts(c.response)
	s := quantile.Empty()
	quantile.DescribeSorted(&s, c.wall, c.spread)
	g := stats.GroupSummary{N: s.N, Effective: int(s.Effective), MeanMs: stats.Ms(s.Mean), StdMs: stats.Ms(s.Std), MinMs: stats.Ms(s.Min), P50Ms: stats.Ms(s.P50.Value),
		P90Ms: stats.Ms(s.P90.Value), P95Ms: stats.Ms(s.P95.Value), P99Ms: stats.Ms(s.P99.Value), P999Ms: stats.Ms(s.P999.Value),
		MaxMs: stats.Ms(s.Max), MeanExclMaxMs: stats.Ms(s.MeanExclMax), MeanExclTop5Ms: stats.Ms(s.MeanExclTop5),
		MeanExclFirstMs: stats.Num(math.NaN()), FirstSamples: c.firsts, Runs: c.firsts, ColdStartRuns: c.cold,
		DeviceP50Ms: stats.Ms(quantile.Percentile(c.device, 0.5)), DeviceP99Ms: stats.Ms(quantile.Percentile(c.device, 0.99)),
		ResponseP50Ms: stats.Ms(quantile.Percentile(c.response, 0.5)), ResponseP99Ms: stats.Ms(quantile.Percentile(c.response, 0.99)),
		TokensPerS: stats.Num(math.NaN())}
	if rest := s.N - c.firsts; rest > 0 {
		sum := c.wallSum
		sum.SubU128(c.firstSum)
		g.MeanExclFirstMs = stats.Ms(sum.Float() / float64(rest))
	}
	if total := c.wallSum.Float(); total > 0 && c.tokens > 0 {
		g.TokensPerS = stats.Num(float64(c.tokens) / total * 1e9)
	}
	return g
}

func (m *exactMode) causeSummaries(mode stats.Mode) []stats.CauseSummary {
	out := []stats.CauseSummary{}
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		for _, r := range m.causeRows(l, m.lanes[l].sorted, anySegment) {
			out = append(out, stats.CauseSummary{Mode: mode.String(), Lane: l.String(), Cause: r.Cause.String(), N: r.N,
				P99MsWithout: stats.Ms(r.P99Without)})
		}
	}
	return out
}

func paradoxOf(v stats.Verdict) stats.Paradox {
	p := stats.Paradox{Verdict: v.Code, Points: optional(v.Points), Sentence: v.Sentence, WinnerMean: optional(v.WinnerMean),
		WinnerP50: optional(v.WinnerP50), WinnerP99: optional(v.WinnerP99), Statistics: []stats.StatisticSummary{}, Advice: []stats.AdviceSummary{}}
	for _, a := range v.Advice {
		p.Advice = append(p.Advice, stats.AdviceSummary{Rule: a.Rule, Sentence: a.Sentence, Evidence: a.Evidence, Strategy: optional(a.Strategy), ThenMs: stats.Ms(a.ThenNs)})
	}
	for i, r := range v.Ranks {
		if r.N == 0 {
			continue
		}
		p.Statistics = append(p.Statistics, stats.StatisticSummary{Statistic: stats.Statistic(i).String(), Ahead: optional(r.Ahead), Winner: optional(r.Winner),
			DiffMs: stats.Ms(r.Diff), LoMs: stats.Ms(r.Lo), HiMs: stats.Ms(r.Hi), Level: stats.Num(r.Level), N: r.N,
			Effective: int(r.Effective), Paired: r.Paired, FloorMs: stats.Ms(r.Floor)})
	}
	return p
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
