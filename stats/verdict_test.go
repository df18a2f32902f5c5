package stats

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// paradox makes 270 interleaved requests: the optimized lane is twice as fast
// and recompiles 14 times.
func paradox(padded bool) *mixture {
	m := newMixture(31)
	for i := range 270 {
		for lane := Lane(0); lane < NumLanes; lane++ {
			wall := 1e6
			if lane == Eager {
				wall = 2e6
			}
			m.add("a", wall, func(s *Sample) {
				s.Lane, s.Request, s.Order = lane, uint64(i), uint8(lane)
				s.NthInRun = int32(i)
				if padded {
					s.Strategy = "padded"
				}
				if lane == Optimized && i%20 == 3 && !padded {
					s.Flags, s.CompileNs, s.WallNs = FlagRecompile, 30e6, s.WallNs+30e6
				}
			})
		}
	}
	return m
}

func TestParadoxSentence(t *testing.T) {
	c, a := NewCollector(CollectorOptions{}), NewAnalysis(AnalysisOptions{Facts: Facts{CompilerReal: "yes"}})
	c.SetFacts(Facts{CompilerReal: "yes", Strategy: "variable"})
	rows := paradox(false)
	now := rows.t
	for i := range rows.rows {
		s := rows.rows[i]
		a.Add(&s)
		c.Add(&rows.rows[i])
	}
	live := c.Live(Prefill, now)
	if v := live.Verdict; v.Code != "flip" || v.WinnerP50 != "optimized" || v.WinnerMean != "eager" || v.WinnerP99 != "eager" {
		t.Errorf("live: %+v", v)
	}
	if v := a.Finish(Prefill).Paradox; v.Verdict != "flip" || *v.WinnerP50 != "optimized" || *v.WinnerMean != "eager" || *v.WinnerP99 != "eager" {
		t.Errorf("exact: %+v", v)
	}
	for name, s := range map[string]string{"live": live.Verdict.Sentence, "exact": a.Finish(Prefill).Paradox.Sentence} {
		if !strings.Contains(s, "14 of 270 samples, all recompiles, cost the mean") {
			t.Errorf("%s: %s", name, s)
		}
	}
	if len(live.Verdict.Advice) == 0 || live.Verdict.Advice[0].Rule != "stabilise_shapes" {
		t.Errorf("advice: %+v", live.Verdict.Advice)
	}
	if x := live.Pair.Crossover; x < .9 || x > .97 {
		t.Errorf("crossover at %v, 14 of 270 lose", x)
	}
	if live.Pair.ShareWon < .94 || live.Pair.MedianDiff > -.9e6 || live.Pair.DiffHi > 0 {
		t.Errorf("pairs: %+v", live.Pair)
	}
	near(t, "exact crossover", float64(a.Finish(Prefill).Pairs[0].CrossoverQ), 1-14.0/270, .01)

	// The cure: a padded segment agrees.
	c.NewSegment(1, "padded", false, now)
	c.SetFacts(Facts{CompilerReal: "yes", Strategy: "padded"})
	m := newMixture(32)
	m.t = now
	for i := range 500 {
		for lane := Lane(0); lane < NumLanes; lane++ {
			c.Add(m.add("a", 2e6-1e6*float64(lane), func(s *Sample) {
				s.Lane, s.Segment, s.Request, s.Strategy = lane, 1, uint64(1000+i), "padded"
			}))
		}
	}
	live = c.Live(Prefill, m.t)
	if live.Verdict.Code != "agree" || live.Verdict.WinnerP99 != "optimized" || live.Verdict.Advice[0].Rule != "compile_prefill" {
		t.Errorf("padded: %+v", live.Verdict)
	}
	if len(live.Segments) != 2 || live.Segments[0].Lanes[Optimized].N != 270 || live.Segments[1].Lanes[Optimized].N != 500 ||
		live.Segments[0].Lanes[Optimized].Compiles != 14 || live.Segments[1].Lanes[Optimized].Compiles != 0 {
		t.Errorf("segments: %+v", live.Segments)
	}
	if s := live.Segments; !math.IsNaN(s[0].P) || !(s[1].PHolm >= 0) {
		t.Errorf("change against the segment before: %v, %v", s[0].P, s[1].PHolm)
	}
	sum := 0
	for _, r := range live.Lanes[Optimized].Causes {
		sum += r.N
	}
	if sum != live.Lanes[Optimized].TailN || sum < 14 {
		t.Errorf("causes over two segments add up to %d of %d", sum, live.Lanes[Optimized].TailN)
	}
}

func TestVerdictCodes(t *testing.T) {
	fixed := func(n int, mean, p50, p99 float64) Summary {
		s := emptySummary()
		s.N, s.Mean, s.P50.Value, s.P99.Value, s.P99.Need = n, mean, p50, p99, 0
		return s
	}
	in := func(e, o Summary, f Facts, noise Noise) verdictInput {
		return verdictInput{lanes: [NumLanes]Summary{e, o}, facts: f, noise: noise, decode: math.NaN(), pair: PairView{DiffLo: -2, DiffHi: 3}}
	}
	real := Facts{CompilerReal: "yes"}
	for _, c := range []struct {
		name, code string
		in         verdictInput
		rule       string
	}{
		{"few", "too_few", in(fixed(3, 1, 1, 1), fixed(3, 1, 1, 1), real, Noise{}), ""},
		{"agree", "agree", in(fixed(500, 2, 2, 4), fixed(500, 1, 1, 2), real, Noise{}), "compile_prefill"},
		{"noise", "noise", in(fixed(500, 2, 2, 4), fixed(500, 2.1, 1.9, 4.1), real, Noise{MedianNs: .5}), "no_gain"},
		{"A/A", "aa", in(fixed(500, 2, 2, 4), fixed(500, 2.1, 1.9, 4.1), Facts{AA: true}, Noise{}), ""},
		{"label", "agree", in(fixed(500, 2, 2, 4), fixed(500, 1, 1, 2), Facts{CompilerReal: "no", Why: "label only"}, Noise{}), "not_compiler_real"},
		{"lost", "agree", in(fixed(500, 1, 1, 2), fixed(500, 2, 2, 4), real, Noise{}), "keep_eager"},
	} {
		v := judge(c.in)
		if v.Code != c.code {
			t.Errorf("%s: %+v", c.name, v)
		}
		if c.rule != "" && (len(v.Advice) == 0 || v.Advice[0].Rule != c.rule || len(v.Advice[0].Evidence) == 0) {
			t.Errorf("%s: advice %+v, want %s", c.name, v.Advice, c.rule)
		}
	}
	even := in(fixed(300, 2, 2, 4), fixed(300, 1.9, 1.99, 3.9), real, Noise{})
	even.pair.N, even.lanes[Optimized].P99.Need = 300, 159
	for mode, rule := range map[Mode]string{Prefill: "no_gain", KVDecode: "decode"} {
		even.mode = mode
		a := judge(even).Advice[0]
		if a.Rule != rule || !strings.Contains(a.Sentence, "do not tell the lanes apart") || !strings.Contains(strings.Join(a.Evidence, "; "), "159 more are needed") {
			t.Errorf("%s, undecided: %+v", mode, a)
		}
	}
	dec := in(fixed(500, 1, 1, 2), fixed(500, 2, 2, 4), Facts{CompilerReal: "yes", Strategy: "prefill=padded,decode=variable"}, Noise{})
	dec.mode, dec.decode = E2EKV, .97
	dec.other[Prefill] = &[NumLanes]Summary{fixed(500, 2, 2, 4), fixed(500, 1, 1, 2)}
	dec.gauges = []Gauge{{Mode: "kv_decode", Strategy: "variable", Used: 8, Limit: 8, Reached: true}}
	v := judge(dec)
	if v.Advice[0].Rule != "decode" || !strings.Contains(v.Advice[0].Sentence, "Split the deployment") || v.Advice[1].Rule != "churn" {
		t.Errorf("decode: %+v", v.Advice)
	}
}

func TestCrossoverAtTheEnds(t *testing.T) {
	qs := []float64{.1, .5, .9}
	for name, c := range map[string]struct {
		eager, optimized []float64
		want             float64
	}{
		"wins up to the maximum": {[]float64{2, 3, 4}, []float64{1, 2, 3}, 1},
		"loses at every one":     {[]float64{1, 2, 3}, []float64{2, 3, 4}, 0},
		"wins the upper part":    {[]float64{1, 3, 5}, []float64{2, 2, 2}, 1},
		"equal":                  {[]float64{1, 2, 3}, []float64{1, 2, 3}, math.NaN()},
		"nothing":                {nil, nil, math.NaN()},
	} {
		got := crossover(c.eager, c.optimized, qs[:len(c.eager)])
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Compiles are blamed for the tail only where it would be won without them.
func TestStabiliseSaysWhatCompilesExplain(t *testing.T) {
	sentence := func(without float64) string {
		e, o := emptySummary(), emptySummary()
		e.N, o.N = 1000, 1000
		e.P50.Value, o.P50.Value, e.P99.Value, o.P99.Value, e.Mean, o.Mean = 2e6, 1e6, 15e6, 20e6, 2e6, 1e6
		in := verdictInput{mode: Prefill, lanes: [NumLanes]Summary{e, o}, facts: Facts{CompilerReal: "yes"}, decode: math.NaN(),
			pair: PairView{DiffLo: -2, DiffHi: -1}}
		in.causes[Optimized] = []CauseRow{{Cause: CauseCompile, N: 3, P99Without: without}}
		a := judge(in).Advice
		if len(a) != 1 || a[0].Rule != "stabilise_shapes" {
			t.Fatalf("%+v", a)
		}
		return a[0].Sentence
	}
	if s := sentence(14e6); !strings.Contains(s, "compiles make the tail") {
		t.Error(s)
	}
	if s := sentence(19e6); !strings.Contains(s, "not won without them either") {
		t.Error(s)
	}
}

// A rank that the samples do not support is named and marked as such: heavy
// tails on both sides, the same distribution.
func TestVerdictSaysWhatItCannotTellApart(t *testing.T) {
	judgeOf := func(factor float64) Verdict {
		mix, a := newMixture(31), NewAnalysis(AnalysisOptions{Facts: Facts{CompilerReal: "yes"}})
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range uint64(2000) {
			for lane := Lane(0); lane < NumLanes; lane++ {
				wall := 1e6 * math.Exp(0.2*rng.NormFloat64())
				if rng.IntN(60) == 0 {
					wall *= 5 + 40*rng.Float64()
				}
				if lane == Optimized {
					wall /= factor
				}
				a.Add(mix.add("a", wall, func(s *Sample) { s.Lane, s.Request, s.Order, s.NthInRun = lane, i, uint8(lane), int32(i) }))
			}
		}
		m := a.modes[Prefill]
		a.finish(m)
		return a.verdict(m, Prefill)
	}
	same, apart := judgeOf(1), judgeOf(4)
	if !same.DoubtMean || !same.DoubtP99 || !strings.Contains(same.Sentence, "do not tell the means apart") || !strings.Contains(same.Sentence, "nor the p99s apart") {
		t.Errorf("the same distribution twice: %+v", same)
	}
	if apart.DoubtMean || apart.DoubtP99 || strings.Contains(apart.Sentence, "do not tell") || apart.WinnerP99 != "optimized" {
		t.Errorf("four times as fast: %+v", apart)
	}
}
