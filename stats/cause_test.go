package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// mixture makes one lane's samples with a known reason for each slow one.
type mixture struct {
	r     *rand.Rand
	seq   uint64
	t     int64
	truth map[uint64]Cause
	rows  []Sample
}

func newMixture(seed uint64) *mixture {
	return &mixture{r: rand.New(rand.NewPCG(seed, 9)), t: 1e9, truth: map[uint64]Cause{}}
}

func (m *mixture) add(shape string, wall float64, change func(*Sample)) *Sample {
	s := Sample{Seq: m.seq, Request: m.seq, Lane: Optimized, Mode: Prefill, Scenario: "s", Strategy: "variable", Shape: shape,
		Batch: 1, Tokens: 8, ExecutedTokens: 8, StartNs: m.t, WallNs: int64(wall * math.Exp(0.05*m.r.NormFloat64())),
		DeviceNs: Absent, ResponseNs: Absent, TTFTNs: Absent, NthInRun: int32(m.seq), MinFlt: 2}
	if change != nil {
		change(&s)
	}
	m.t += s.WallNs
	m.seq++
	m.rows = append(m.rows, s)
	return &m.rows[len(m.rows)-1]
}

// build makes 10,000 samples of 1 ms in shape a and, among them, slow ones of
// every cause; shape b is slow by nature (6 ms), so it is work.
func (m *mixture) build() {
	m.add("a", 20e6, nil) // the first of its shape and of the run: shape_new comes first
	m.truth[0] = CauseShapeNew
	for i := 1; i < 10000; i++ {
		seq := m.seq
		say := func(c Cause) { m.truth[seq] = c }
		switch {
		case i%500 == 17:
			m.add("a", 30e6, func(s *Sample) { s.Flags |= FlagRecompile | FlagThrottle; s.CompileNs = 29e6 })
			say(CauseCompile)
		case i%500 == 37:
			m.add("a", 9e6, func(s *Sample) { s.Flags |= FlagCapture })
			say(CauseCapture)
		case i%500 == 57:
			m.add("a", 8e6, func(s *Sample) { s.Flags |= FlagFallback })
			say(CauseFallback)
		case i == 77:
			m.add("b", 6e6, nil)
			say(CauseShapeNew)
		case i%400 == 78:
			m.add("b", 6e6, nil)
			say(CauseWork)
		case i%500 == 97:
			m.add("a", 12e6, func(s *Sample) { s.Flags |= FlagClockDrop })
			say(CauseGPU)
		case i%500 == 117:
			m.add("a", 11e6, func(s *Sample) { s.RunDelayNs = s.WallNs / 2 })
			say(CauseHost)
		case i%1000 == 137:
			m.add("a", 11e6, func(s *Sample) { s.MajFlt = 60 }) // 6 ms by estimate
			say(CauseHost)
		case i%1000 == 157:
			m.add("a", 11e6, func(s *Sample) { s.Flags |= FlagTool; s.RunDelayNs = 1e6 })
			say(CauseTool)
		case i%500 == 177:
			m.add("a", 13e6, func(s *Sample) { s.RunDelayNs = 2e6 }) // far less than half
			say(CauseUnexplained)
		default:
			m.add("a", 1e6, nil)
		}
	}
}

func TestCausesOfAMixtureExact(t *testing.T) {
	m := newMixture(1)
	m.build()
	a := NewAnalysis(AnalysisOptions{})
	for i := range m.rows {
		a.Add(&m.rows[i])
	}
	f := a.Finish(Prefill)
	causes := a.Causes()
	for seq, want := range m.truth {
		if got := causes[seq]; got != want {
			t.Errorf("sample %d: %v, want %v", seq, got, want)
		}
	}
	tail := 0
	for seq := range causes {
		if _, ok := m.truth[seq]; !ok {
			t.Errorf("sample %d has cause %v and none was built in", seq, causes[seq])
		}
		tail++
	}
	if f.Groups[0].TailN != tail {
		t.Errorf("tail_n %d, causes of %d", f.Groups[0].TailN, tail)
	}
	for _, c := range f.Causes {
		if c.Cause == "compile" && !(float64(c.P99MsWithout) <= float64(f.Groups[0].P99Ms)) {
			t.Errorf("p99 without compiles %v above p99 %v", c.P99MsWithout, f.Groups[0].P99Ms)
		}
	}
}

func TestCausesOfAMixtureLive(t *testing.T) {
	m := newMixture(2)
	m.build()
	c := NewCollector(CollectorOptions{})
	want := map[Cause]int{}
	for i := range m.rows {
		s := m.rows[i]
		c.Add(&s)
	}
	for _, cause := range m.truth {
		want[cause]++
	}
	v := c.Live(Prefill, m.t).Lanes[Optimized]
	for _, row := range v.Causes {
		if row.N != want[row.Cause] {
			t.Errorf("%v: %d, want %d", row.Cause, row.N, want[row.Cause])
		}
		delete(want, row.Cause)
	}
	if len(want) != 0 {
		t.Errorf("missing: %v", want)
	}
}

// The precedence of DESIGN: the first that applies wins.
func TestPrecedence(t *testing.T) {
	e := evidence{wall: 100e6, runDelay: 99e6, compiled: true, cold: true,
		flags: FlagRecompile | FlagCapture | FlagFallback | FlagShapeNew | FlagThrottle | FlagTool}
	drop := []func(){func() { e.flags &^= FlagRecompile; e.compiled = false }, func() { e.flags &^= FlagCapture },
		func() { e.flags &^= FlagFallback }, func() { e.flags &^= FlagShapeNew }, func() { e.cold = false }}
	want := []Cause{CauseCompile, CauseCapture, CauseFallback, CauseShapeNew, CauseColdStart, CauseGPU}
	for i, c := range want {
		if got := classify(&e, 1e6, 1e6); got != c {
			t.Fatalf("step %d: %v, want %v", i, got, c)
		}
		if i < len(drop) {
			drop[i]()
		}
	}
	if got := classify(&e, 40e6, 1e6); got != CauseWork {
		t.Errorf("within 3 × its shape's median: %v", got)
	}
	e.flags = FlagTool
	if got := classify(&e, 1e6, 1e6); got != CauseHost {
		t.Errorf("host comes before the tool: %v", got)
	}
	e.runDelay = 0
	if got := classify(&e, 1e6, 1e6); got != CauseTool {
		t.Errorf("tool: %v", got)
	}
	e.flags = 0
	if got := classify(&e, math.NaN(), math.NaN()); got != CauseUnexplained {
		t.Errorf("nothing known: %v", got)
	}
}

// A cold start is provisional until five have followed, and live and exact agree.
func TestColdStart(t *testing.T) {
	for _, first := range []float64{2.5e6, 30e6} {
		c, a := NewCollector(CollectorOptions{}), NewAnalysis(AnalysisOptions{})
		var kinds []Kind
		add := func(s Sample) {
			a.Add(&s)
			for _, e := range c.Add(&s) {
				kinds = append(kinds, e.Kind)
			}
		}
		m := newMixture(3)
		m.add("a", 1e6, func(s *Sample) { s.Warmup = true })
		m.add("a", first, nil)
		for range 40 {
			m.add("a", 1e6, nil)
		}
		for _, s := range m.rows {
			add(s)
		}
		cold := false
		for _, k := range kinds {
			cold = cold || k == KindColdStart
		}
		if want := first > 3e6; cold != want {
			t.Errorf("first %v: cold_start event %v", first, cold)
		}
		g := a.Finish(Prefill).Groups[0]
		if want := first > 3e6; (g.ColdStartRuns == 1) != want || g.Runs != 1 {
			t.Errorf("first %v: %d of %d runs cold", first, g.ColdStartRuns, g.Runs)
		}
		if first > 3e6 {
			rows := c.Live(Prefill, m.t).Lanes[Optimized].Causes
			if len(rows) == 0 || rows[0].Cause != CauseColdStart {
				t.Errorf("live ledger: %+v", rows)
			}
		}
	}
}

// Warm-ups and failures enter nothing.
func TestWarmupAndErrorsAreLeftOut(t *testing.T) {
	c, a := NewCollector(CollectorOptions{}), NewAnalysis(AnalysisOptions{})
	m := newMixture(4)
	for i := range 30 {
		m.add("a", 1e6, func(s *Sample) { s.Warmup, s.Failed = i%3 == 0, i%3 == 1; s.WallNs *= int64(1 + 50*(i%3/1)%2) })
	}
	for i := range m.rows {
		s := m.rows[i]
		a.Add(&s)
		c.Add(&s)
	}
	if g := a.Finish(Prefill).Groups[0]; g.N != 10 {
		t.Errorf("exact n = %d, want 10", g.N)
	}
	if n := c.Live(Prefill, m.t).Lanes[Optimized].Session.N; n != 10 {
		t.Errorf("live n = %d, want 10", n)
	}
}

// The worst of a cause is a bucket's middle, which must not lie beyond the
// lane's slowest sample.
func TestWorstOfACauseIsNotBeyondTheMaximum(t *testing.T) {
	c := NewCollector(CollectorOptions{})
	m := newMixture(24)
	for i := range 3000 {
		c.Add(m.add("a", 1e6, func(s *Sample) {
			if i == 2000 {
				s.WallNs, s.Flags, s.CompileNs = 83_650_001, FlagRecompile, 80e6
			}
		}))
	}
	lane := c.Live(Prefill, m.t).Lanes[Optimized]
	if len(lane.Causes) == 0 || lane.Causes[0].Cause != CauseCompile {
		t.Fatalf("%+v", lane.Causes)
	}
	if lane.Causes[0].WorstNs > lane.Session.Max {
		t.Errorf("worst compile %v, slowest sample %v", lane.Causes[0].WorstNs, lane.Session.Max)
	}
}
