package live

import (
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
	"github.com/tailscope/tailscope/stats/internal/statstest"
)

func TestCausesOfAMixtureExact(t *testing.T) {
	m := statstest.NewMixture(1)
	m.Build()
	a := exact.New(exact.Options{})
	for i := range m.Rows {
		a.Add(&m.Rows[i])
	}
	f := a.Finish(stats.Prefill)
	causes := a.Causes()
	for seq, want := range m.Truth {
		if got := causes[seq]; got != want {
			t.Errorf("sample %d: %v, want %v", seq, got, want)
		}
	}
	tail := 0
	for seq := range causes {
		if _, ok := m.Truth[seq]; !ok {
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
	m := statstest.NewMixture(2)
	m.Build()
	c := New(Options{})
	want := map[stats.Cause]int{}
	for i := range m.Rows {
		s := m.Rows[i]
		c.Add(&s)
	}
	for _, cause := range m.Truth {
		want[cause]++
	}
	v := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized]
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

// A cold start is provisional until five have followed, and live and exact agree.
func TestColdStart(t *testing.T) {
	for _, first := range []float64{2.5e6, 30e6} {
		c, a := New(Options{}), exact.New(exact.Options{})
		var kinds []stats.Kind
		add := func(s stats.Sample) {
			a.Add(&s)
			for _, e := range c.Add(&s) {
				kinds = append(kinds, e.Kind)
			}
		}
		m := statstest.NewMixture(3)
		m.Add("a", 1e6, func(s *stats.Sample) { s.Warmup = true })
		m.Add("a", first, nil)
		for range 40 {
			m.Add("a", 1e6, nil)
		}
		for _, s := range m.Rows {
			add(s)
		}
		cold := false
		for _, k := range kinds {
			cold = cold || k == stats.KindColdStart
		}
		if want := first > 3e6; cold != want {
			t.Errorf("first %v: cold_start event %v", first, cold)
		}
		g := a.Finish(stats.Prefill).Groups[0]
		if want := first > 3e6; (g.ColdStartRuns == 1) != want || g.Runs != 1 {
			t.Errorf("first %v: %d of %d runs cold", first, g.ColdStartRuns, g.Runs)
		}
		if first > 3e6 {
			rows := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized].Causes
			if len(rows) == 0 || rows[0].Cause != stats.CauseColdStart {
				t.Errorf("live ledger: %+v", rows)
			}
		}
	}
}

// Warm-ups and failures enter nothing.
func TestWarmupAndErrorsAreLeftOut(t *testing.T) {
	c, a := New(Options{}), exact.New(exact.Options{})
	m := statstest.NewMixture(4)
	for i := range 30 {
		m.Add("a", 1e6, func(s *stats.Sample) { s.Warmup, s.Failed = i%3 == 0, i%3 == 1; s.WallNs *= int64(1 + 50*(i%3/1)%2) })
	}
	for i := range m.Rows {
		s := m.Rows[i]
		a.Add(&s)
		c.Add(&s)
	}
	if g := a.Finish(stats.Prefill).Groups[0]; g.N != 10 {
		t.Errorf("exact n = %d, want 10", g.N)
	}
	if n := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized].Session.N; n != 10 {
		t.Errorf("live n = %d, want 10", n)
	}
}

// The worst of a cause is a bucket's middle, which must not lie beyond the
// lane's slowest sample.
func TestWorstOfACauseIsNotBeyondTheMaximum(t *testing.T) {
	c := New(Options{})
	m := statstest.NewMixture(24)
	for i := range 3000 {
		c.Add(m.Add("a", 1e6, func(s *stats.Sample) {
			if i == 2000 {
				s.WallNs, s.Flags, s.CompileNs = 83_650_001, stats.FlagRecompile, 80e6
			}
		}))
	}
	lane := c.Live(stats.Prefill, m.T).Lanes[stats.Optimized]
	if len(lane.Causes) == 0 || lane.Causes[0].Cause != stats.CauseCompile {
		t.Fatalf("%+v", lane.Causes)
	}
	if lane.Causes[0].WorstNs > lane.Session.Max {
		t.Errorf("worst compile %v, slowest sample %v", lane.Causes[0].WorstNs, lane.Session.Max)
	}
}
