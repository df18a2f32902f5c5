package stats

import (
	"cmp"
	"math"
	"slices"
)

// scope selects samples: all of them, one scenario, one segment, or both.
type scope struct {
	scenario, segment       int32
	anyScenario, anySegment bool
}

func (k scope) holds(scenario, segment int32) bool {
	return (k.anyScenario || scenario == k.scenario) && (k.anySegment || segment == k.segment)
}

func (a *Analysis) names(k scope) (scenario, segment string) {
	scenario, segment = "*", "*"
	if !k.anyScenario {
		scenario = a.strings.name(k.scenario)
	}
	if !k.anySegment {
		segment = segmentName(k.segment)
	}
	return scenario, segment
}

// Finish computes summary.json of one mode. It may be called again after more
// samples were added.
func (a *Analysis) Finish(mode Mode) *SummaryFile {
	f := &SummaryFile{Schema: SummarySchema, Source: a.o.Source, Groups: []GroupSummary{}, Pairs: []PairSummary{},
		Causes: []CauseSummary{}}
	if int(mode) >= NumModes || a.modes[mode] == nil {
		f.Paradox = paradoxOf(judge(verdictInput{lanes: [NumLanes]Summary{emptySummary(), emptySummary()}, noise: a.o.Noise[mode%NumModes], facts: a.o.Facts}))
		return f
	}
	m := a.modes[mode]
	a.finish(m)
	computed := map[string]*scopeSummary{} // by the cells a scope holds: many hold the same
	for _, k := range a.scopes(m) {
		cells := m.cellsIn(k)
		s := computed[cells]
		if s == nil {
			s = a.summarise(m, k)
			computed[cells] = s
		}
		scenario, segment := a.names(k)
		for l := Lane(0); l < NumLanes; l++ {
			if g := s.groups[l]; g.N > 0 {
				g.Mode, g.Lane, g.Scenario, g.Segment = mode.String(), l.String(), scenario, segment
				f.Groups = append(f.Groups, g)
			}
		}
		if p := s.pair; p.N > 0 {
			p.Mode, p.Scenario, p.Segment = mode.String(), scenario, segment
			f.Pairs = append(f.Pairs, p)
		}
	}
	f.Causes = m.causeSummaries(mode)
	f.Paradox = paradoxOf(a.verdict(m, mode))
	return f
}

// scopeSummary is what one scope comes to; no samples, no group.
type scopeSummary struct {
	groups [NumLanes]GroupSummary
	pair   PairSummary
}

func (a *Analysis) summarise(m *exactMode, k scope) *scopeSummary {
	s := &scopeSummary{}
	for l := Lane(0); l < NumLanes; l++ {
		s.groups[l], _ = a.group(m, k, l)
	}
	s.pair, _ = a.pairSummary(m, k)
	return s
}

// cellsIn tells the cells that a scope holds, one byte each.
func (m *exactMode) cellsIn(k scope) string {
	b := make([]byte, len(m.cells))
	for i, c := range m.cells {
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
	for _, c := range m.cells {
		if !slices.Contains(scenarios, c.scenario) {
			scenarios = append(scenarios, c.scenario)
		}
		if !slices.Contains(segments, c.segment) {
			segments = append(segments, c.segment)
		}
	}
	slices.SortFunc(scenarios, func(x, y int32) int { return cmp.Compare(a.strings.name(x), a.strings.name(y)) })
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
			if slices.ContainsFunc(m.cells, func(c cellRows) bool { return c.scenario == sc && c.segment == sg }) {
				out = append(out, scope{scenario: sc, segment: sg})
			}
		}
	}
	return out
}

// columns are the values of one group.
type columns struct {
	wall, device, ttft, steps []int64
	wallSum, firstSum         u128
	firsts, cold, tail, slo   int
	tokens                    int64
}

func (c *columns) take(r *exactSample, slo int64, threshold float64) {
	c.wall = append(c.wall, r.e.wall)
	c.wallSum.add(uint64(max(r.e.wall, 0)))
	c.tokens += int64(r.tokens)
	if r.first {
		c.firsts++
		c.firstSum.add(uint64(max(r.e.wall, 0)))
		if r.e.cold {
			c.cold++
		}
	}
	if float64(r.e.wall) > threshold {
		c.tail++
	}
	if r.device > Absent {
		c.device = append(c.device, r.device)
	}
	if r.ttft > Absent {
		c.ttft = append(c.ttft, r.ttft)
	}
	late := r.e.wall
	if r.response > Absent {
		late = r.response
	}
	if slo > 0 && late > slo {
		c.slo++
	}
}

func (a *Analysis) group(m *exactMode, k scope, l Lane) (GroupSummary, bool) {
	var c columns
	threshold := m.lanes[l].threshold
	n := 0
	for _, cell := range m.cells {
		if k.holds(cell.scenario, cell.segment) {
			n += len(cell.rows[l])
		}
	}
	c.wall = make([]int64, 0, n)
	for _, cell := range m.cells {
		if !k.holds(cell.scenario, cell.segment) {
			continue
		}
		for _, i := range cell.rows[l] {
			r := &m.rows[i]
			c.take(r, a.o.SLONs, threshold)
			if r.stepRow >= 0 {
				at := m.steps[r.stepRow]
				c.steps = append(c.steps, m.stepNs[at.from:at.to]...)
			}
		}
	}
	if len(c.wall) == 0 {
		return GroupSummary{}, false
	}
	g := c.summary()
	g.TailThresholdMs = ms(threshold)
	SortInts(c.steps)
	g.ITLP99Ms = ms(Percentile(c.steps, 0.99))
	g.SLOMissed = Num(math.NaN())
	if a.o.SLONs > 0 {
		g.SLOMissed = Num(float64(c.slo) / float64(g.N))
	}
	return g, true
}

func (c *columns) summary() GroupSummary {
	SortInts(c.wall)
	SortInts(c.device)
	SortInts(c.ttft)
	s := emptySummary()
	describeSorted(&s, c.wall)
	g := GroupSummary{N: s.N, MeanMs: ms(s.Mean), StdMs: ms(s.Std), MinMs: ms(s.Min), P50Ms: ms(s.P50.Value),
		P90Ms: ms(s.P90.Value), P95Ms: ms(s.P95.Value), P99Ms: ms(s.P99.Value), P999Ms: ms(s.P999.Value),
		MaxMs: ms(s.Max), MeanExclMaxMs: ms(s.MeanExclMax), MeanExclTop5Ms: ms(s.MeanExclTop5),
		MeanExclFirstMs: Num(math.NaN()), FirstSamples: c.firsts, Runs: c.firsts, ColdStartRuns: c.cold, TailN: c.tail,
		DeviceP50Ms: ms(Percentile(c.device, 0.5)), DeviceP99Ms: ms(Percentile(c.device, 0.99)),
		TokensPerS: Num(math.NaN()), TTFTP99Ms: ms(Percentile(c.ttft, 0.99))}
	if rest := s.N - c.firsts; rest > 0 {
		sum := c.wallSum
		sum.subU128(c.firstSum)
		g.MeanExclFirstMs = ms(sum.float() / float64(rest))
	}
	if total := c.wallSum.float(); total > 0 && c.tokens > 0 {
		g.TokensPerS = Num(float64(c.tokens) / total * 1e9)
	}
	return g
}

func (m *exactMode) causeSummaries(mode Mode) []CauseSummary {
	out := []CauseSummary{}
	for l := Lane(0); l < NumLanes; l++ {
		for _, r := range m.causeRows(l, m.lanes[l].sorted, anySegment) {
			out = append(out, CauseSummary{Mode: mode.String(), Lane: l.String(), Cause: r.Cause.String(), N: r.N,
				P99MsWithout: ms(r.P99Without)})
		}
	}
	return out
}

func paradoxOf(v Verdict) Paradox {
	return Paradox{Verdict: v.Code, Sentence: v.Sentence, WinnerMean: optional(v.WinnerMean),
		WinnerP50: optional(v.WinnerP50), WinnerP99: optional(v.WinnerP99)}
}

// placeSteps finds the row of each request's steps.
func (m *exactMode) placeSteps() {
	at := make(map[pendingKey]int32, len(m.steps))
	for i := range m.steps {
		at[m.steps[i].key] = int32(i)
	}
	for i := range m.rows {
		r := &m.rows[i]
		r.stepRow = -1
		if len(at) == 0 {
			continue
		}
		if k, ok := at[pendingKey{r.request, r.lane}]; ok {
			r.stepRow = k
		}
	}
}

// cellRows are the counted rows of one scenario and segment.
type cellRows struct {
	scenario, segment int32
	rows              [NumLanes][]int32
}

// makeCells sorts the counted rows into cells, in the order of first sight.
func (m *exactMode) makeCells() {
	m.cells = nil
	at := map[[2]int32]int{}
	c, last := 0, [2]int32{-1, -1}
	for i := range m.rows {
		r := &m.rows[i]
		if !r.counts() {
			continue
		}
		if k := [2]int32{r.scenario, r.segment}; k != last {
			var ok bool
			if c, ok = at[k]; !ok {
				c = len(m.cells)
				at[k] = c
				m.cells = append(m.cells, cellRows{scenario: r.scenario, segment: r.segment})
			}
			last = k
		}
		m.cells[c].rows[r.lane] = append(m.cells[c].rows[r.lane], int32(i))
	}
}
