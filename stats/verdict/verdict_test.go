package verdict

import (
	"cmp"
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/quantile"
)

func lane(n int, mean, p50, p99 float64) stats.Summary {
	s := quantile.Empty()
	s.N, s.Mean, s.P50.Value, s.P99.Value, s.P99.Need = n, mean, p50, p99, 0
	return s
}

// ranked gives the differences of two lanes' figures intervals of this half width.
func ranked(e, o stats.Summary, half float64, noise stats.Noise) stats.Rankings {
	var est paired.Estimates
	for i, d := range [stats.NumStatistics]float64{stats.Median: o.P50.Value - e.P50.Value, stats.Mean: o.Mean - e.Mean, stats.P99: o.P99.Value - e.P99.Value} {
		est[i] = paired.Estimate{Diff: d, N: min(e.N, o.N), Effective: float64(e.N), Paired: true,
			Interval: func(float64) (float64, float64) { return d - half, d + half }}
	}
	return paired.Rank(est, noise, 0)
}

func input(e, o stats.Summary, half float64, noise stats.Noise) Input {
	return Input{Lanes: [stats.NumLanes]stats.Summary{e, o}, Facts: stats.Facts{CompilerReal: "yes"}, Decode: math.NaN(),
		Pair: stats.PairView{DiffLo: -2, DiffHi: 3, ShareWon: .3}, Ranks: ranked(e, o, half, noise)}
}

func TestVerdictCodes(t *testing.T) {
	slow, fast := lane(500, 2, 2, 4), lane(500, 1, 1, 2)
	flips := lane(500, 3, 1, 9)
	aa := input(slow, fast, .1, stats.Noise{})
	aa.Facts = stats.Facts{AA: true}
	label := input(slow, fast, .1, stats.Noise{})
	label.Facts = stats.Facts{CompilerReal: "no", Why: "label only"}
	diverges := input(slow, fast, .1, stats.Noise{})
	diverges.Facts.Checks, diverges.Facts.Diverged = 5608, 5602
	for _, c := range []struct {
		name, code, points string
		in                 Input
		says, rule         string
	}{
		{"few", TooFew, "", input(lane(3, 1, 1, 1), lane(3, 1, 1, 1), 0, stats.Noise{}), "Too few samples", ""},
		{"one lane", TooFew, "none", input(quantile.Empty(), fast, .1, stats.Noise{}), "Only the optimized lane has samples: there is nothing to compare it with.", ""},
		{"one lane and few of it", TooFew, "none", input(lane(6, 1, 1, 1), quantile.Empty(), .1, stats.Noise{}), "Too few samples for a verdict: 6 eager, 0 optimized.", ""},
		{"agree", Agree, Agree, input(slow, fast, .1, stats.Noise{}), "the optimized lane wins all three", "compile_prefill"},
		{"lost", Agree, Agree, input(fast, slow, .1, stats.Noise{}), "the eager lane wins all three", "keep_eager"},
		{"flip", Flip, Flip, input(slow, flips, .1, stats.Noise{}), "median to the optimized lane, mean and p99 to the eager lane", ""},
		{"one told", Undecided, Agree, input(slow, lane(500, 1.95, 1.5, 3.95), .2, stats.Noise{}), "Told apart only in median: the optimized lane is faster", "compile_prefill"},
		{"none told, figures agree", Undecided, Agree, input(slow, fast, 9, stats.Noise{}), "Not told apart: 500 pairs do not tell which lane is faster", "no_gain"},
		{"none told, figures flip", Undecided, Flip, input(slow, flips, 99, stats.Noise{}), "which may be chance", "no_gain"},
		{"of one lane and none in the floor nothing flips", Undecided, "none", input(slow, lane(500, 1.9, 1.99, 3.9), .2, stats.Noise{MedianNs: .05}), "Within the noise floor", "no_gain"},
		{"of both lanes and none in the floor they flip", Undecided, Flip, input(slow, lane(500, 2.1, 1.99, 3.9), .2, stats.Noise{MedianNs: .05}), "flip (mean to eager, p99 to optimized)", "no_gain"},
		{"noise", Noise, Agree, input(slow, lane(500, 2.1, 1.9, 4.1), .01, stats.Noise{MedianNs: .5}), "beyond the noise floor", "no_gain"},
		{"A/A", AA, "", aa, "A/A", ""},
		{"label", Agree, Agree, label, "Not compiler-real: label only", "not_compiler_real"},
		{"diverges", Divergence, Agree, diverges, "The lanes compute different things: 5602 of 5608", "divergence"},
	} {
		v := Judge(c.in)
		if v.Code != c.code || c.points != "" && cmp.Or(v.Points, "none") != c.points || strings.Contains(v.Sentence, "figures flip") != (c.code == Undecided && c.points == Flip) || !strings.Contains(v.Sentence, c.says) {
			t.Errorf("%s: %s, %s: %s", c.name, v.Code, v.Points, v.Sentence)
		}
		if c.rule != "" && (len(v.Advice) == 0 || v.Advice[0].Rule != c.rule || len(v.Advice[0].Evidence) == 0) {
			t.Errorf("%s: advice %+v, want %s", c.name, v.Advice, c.rule)
		}
		for i, s := range v.Short {
			if i > 0 && len(s) > len(v.Short[i-1]) || s == "" {
				t.Errorf("%s: %q is no shorter than what comes before", c.name, v.Short)
			}
			if v.Code == Undecided && !strings.Contains(s, "~") && !strings.Contains(strings.ToLower(s), "not told apart") {
				t.Errorf("%s: the doubt is gone from %q", c.name, s)
			}
		}
		if len(v.Short) == 0 {
			t.Errorf("%s: no short form", c.name)
		}
	}
	if v := Judge(diverges); !strings.HasPrefix(v.Sentence, "The lanes compute different things") || !strings.HasPrefix(v.Short[len(v.Short)-1], "Outputs differ") {
		t.Errorf("different outputs lead: %q, %q", v.Sentence, v.Short)
	}
}

func TestDecodeIsAdvisedApart(t *testing.T) {
	dec := input(lane(500, 1, 1, 2), lane(500, 2, 2, 4), .1, stats.Noise{})
	dec.Facts.Strategy = "prefill=padded,decode=variable"
	dec.Mode, dec.Decode = stats.E2EKV, .97
	pre := [stats.NumLanes]stats.Summary{lane(500, 2, 2, 4), lane(500, 1, 1, 2)}
	pre[stats.Eager].P50.Lo, pre[stats.Optimized].P50.Hi = 1.9, 1.1
	dec.Other[stats.Prefill] = &pre
	dec.Gauges = []stats.Gauge{{Mode: "kv_decode", Strategy: "variable", Used: 8, Limit: 8, Reached: true}}
	v := Judge(dec)
	if v.Advice[0].Rule != "decode" || !strings.Contains(v.Advice[0].Sentence, "Split the deployment") || v.Advice[1].Rule != "churn" {
		t.Errorf("decode: %+v", v.Advice)
	}
	pre[stats.Optimized].P50.Hi = 2.5
	if v := Judge(dec); strings.Contains(v.Advice[0].Sentence, "Split the deployment") {
		t.Errorf("a prefill that is not told apart: %+v", v.Advice)
	}
	even := input(lane(300, 2, 2, 4), lane(300, 1.9, 1.99, 3.9), 1, stats.Noise{})
	even.Mode, even.Lanes[stats.Optimized].P99.Need = stats.KVDecode, 159
	if a := Judge(even).Advice[0]; a.Rule != "decode" || !strings.Contains(a.Sentence, "not told apart") || !strings.Contains(strings.Join(a.Evidence, "; "), "159 more are needed") {
		t.Errorf("undecided: %+v", a)
	}
}

// Compiles are blamed for the tail only where it would be won without them.
func TestStabiliseSaysWhatCompilesExplain(t *testing.T) {
	sentence := func(without float64) string {
		in := input(lane(1000, 2e6, 2e6, 15e6), lane(1000, 1e6, 1e6, 20e6), 1e5, stats.Noise{})
		in.Mode = stats.Prefill
		in.Causes[stats.Optimized] = []stats.CauseRow{{Cause: stats.CauseCompile, N: 3, P99Without: without}}
		a := Judge(in).Advice
		if len(a) != 1 || a[0].Rule != "stabilise_shapes" {
			t.Fatalf("%+v", a)
		}
		return a[0].Sentence
	}
	if s := sentence(14e6); !strings.Contains(s, "compiles make the tail") {
		t.Error(s)
	}
	in := input(lane(1000, 2e6, 2e6, 15e6), lane(1000, 1e6, 1e6, 20e6), 1e5, stats.Noise{})
	in.Mode, in.Facts.Strategy = stats.Prefill, "padded"
	in.Causes[stats.Optimized] = []stats.CauseRow{{Cause: stats.CauseCompile, N: 3, P99Without: 14e6}}
	if a := Judge(in).Advice; len(a) != 1 || a[0].Rule != "warm_up" || strings.Contains(a[0].Sentence, "Stabilise") {
		t.Errorf("what is in force is advised: %+v", a)
	}
	if s := sentence(19e6); !strings.Contains(s, "not won without them either") {
		t.Error(s)
	}
	if s := sentence(math.NaN()); strings.Contains(s, "without them either") || !strings.Contains(s, "is not known") {
		t.Errorf("each sample contains a compile: %s", s)
	}
}

// A p99 within the noise floor is not won.
func TestATailWithinTheFloorIsNotWon(t *testing.T) {
	for _, mode := range []stats.Mode{stats.Prefill, stats.KVDecode} {
		in := input(lane(500, 2, 2, 4), lane(500, 1, 1, 3.9), .05, stats.Noise{P99Ns: .2})
		in.Mode = mode
		s := Judge(in).Advice[0].Sentence
		if strings.Contains(s, "the tail") || !strings.Contains(s, "it wins the median; the p99s do not differ beyond the noise floor") {
			t.Errorf("%s: %s", mode, s)
		}
	}
}

// A cause that costs both lanes alike is not what costs one of them the mean.
func TestBlameTakesTheCauseOutOfBothLanes(t *testing.T) {
	in := input(lane(1000, 2e6, 2e6, 4e6), lane(1000, 3e6, 1e6, 9e6), 1e5, stats.Noise{})
	row := stats.CauseRow{Cause: stats.CauseCompile, N: 50, SumNs: 1500e6, P99Without: 3e6}
	in.Causes[stats.Optimized] = []stats.CauseRow{row}
	if s := Judge(in).Sentence; !strings.Contains(s, "50 of 1000 samples, all recompiles, cost the mean") {
		t.Error(s)
	}
	in.Causes[stats.Eager] = []stats.CauseRow{row}
	if s := Judge(in).Sentence; !strings.Contains(s, "No set of causes") {
		t.Error(s)
	}
}

// Where the lanes' own medians point away from the pairs', that is the finding.
func TestMixEffectIsSaid(t *testing.T) {
	in := input(lane(1000, 2e6, 4.5e6, 9e6), lane(1000, 2e6, 4.3e6, 9e6), 5e4, stats.Noise{})
	in.Ranks[stats.Median] = stats.Ranking{Ahead: "eager", Winner: "eager", Told: true, Paired: true, Diff: 76e3, Lo: 66e3, Hi: 90e3, N: 1000}
	in.Parts = []Part{{"short", 450, 60e3}, {"middle", 100, -220e3}, {"long", 450, 500e3}}
	s := Judge(in).Sentence
	for _, want := range []string{"A mix effect", "4.50 ms eager, 4.30 ms optimized", "the eager lane is faster in 70 % of pairs", "against it: middle"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q lacks %q", s, want)
		}
	}
}

// Responses and failures are said beside, and a p99 only of enough of them.
func TestResponsesNeedSamples(t *testing.T) {
	for _, need := range []int{0, 9} {
		in := input(lane(500, 2e6, 2e6, 4e6), lane(500, 1e6, 1e6, 2e6), 1e5, stats.Noise{})
		for l := range in.Lanes {
			in.Lanes[l].ResponseP50, in.Lanes[l].ResponseP99, in.Lanes[l].P99.Need = in.Lanes[l].P50.Value, in.Lanes[l].P99.Value, need
		}
		if s := Judge(in).Sentence; strings.Contains(s, "eager and 1.00 ms (p99 2.00 ms) optimized") != (need == 0) {
			t.Error(s)
		}
	}
}

// TestEveryOptimizedSampleCompiles: a lane that was never seen without a compile is
// not judged as if it had been.
func TestEveryOptimizedSampleCompiles(t *testing.T) {
	in := input(lane(60, 1, 1, 2), lane(60, 9, 8, 12), .1, stats.Noise{})
	in.Causes[stats.Optimized] = []stats.CauseRow{{Cause: stats.CauseCompile, N: 58, P99Without: math.NaN(), SumNs: 540, FirstCompiles: 1}} // two were slower for another cause
	in.Lanes[stats.Optimized].Compiles = 60
	if v := Judge(in); !strings.Contains(v.Sentence, "Every optimized sample contains a compile") {
		t.Errorf("%q", v.Sentence)
	}
	in.Lanes[stats.Optimized].Compiles = 59
	if v := Judge(in); strings.Contains(v.Sentence, "contains a compile") {
		t.Errorf("one sample was without: %q", v.Sentence)
	}
}

// Decode that wins the median and loses by compiles is not told to be compiled as
// it is: its cache is to keep its shape.
func TestDecodeThatRecompilesIsNotRecommended(t *testing.T) {
	in := input(lane(400, 2e6, 2e6, 4e6), lane(400, 9e6, 1e6, 200e6), 1e5, stats.Noise{})
	in.Mode, in.Facts.Strategy = stats.KVDecode, "variable"
	in.Causes[stats.Optimized] = []stats.CauseRow{{Cause: stats.CauseCompile, N: 12, P99Without: 3e6}}
	for strategy, want := range map[string]string{"variable": "stabilise_cache", "padded": "stabilise_cache", "kv-bucketed": "warm_up"} {
		in.Facts.Strategy = strategy
		if a := Judge(in).Advice; a[0].Rule != want || !strings.Contains(a[0].Sentence, "compiles cost the tail") {
			t.Errorf("%s: %+v", strategy, a)
		}
	}
	in.Causes[stats.Optimized] = nil
	if a := Judge(in).Advice; a[0].Rule != "validate_tail" {
		t.Errorf("without compiles: %+v", a)
	}
}

// Without evidence the advice says what is missing, and what would mend it.
func TestAdviceOnEvidenceSaysWhy(t *testing.T) {
	in := input(lane(400, 2e6, 2e6, 4e6), lane(400, 1e6, 1e6, 2e6), 1e5, stats.Noise{})
	in.Mode, in.Facts.CompilerReal, in.Facts.Why, in.Facts.Strategy = stats.Prefill, "no", "8 executables made, but 33 requests fell back to eager", "variable"
	if a := Judge(in).Advice; len(a) != 1 || a[0].Sentence != "Do not ship this as compiled: 8 executables made, but 33 requests fell back to eager." {
		t.Errorf("%+v", a)
	}
	in.Causes[stats.Optimized] = []stats.CauseRow{{Cause: stats.CauseFallback, N: 30, P99Without: 3e6}}
	if a := Judge(in).Advice; len(a) != 1 || a[0].Rule != "fallback" || !strings.Contains(a[0].Sentence, "33 requests fell back to eager. Stabilise the shapes") {
		t.Errorf("%+v", a)
	}
	in.Facts.Strategy = "prefill=eager,decode=variable"
	if a := Judge(in).Advice; len(a) != 1 || a[0].Rule != "both_eager" {
		t.Errorf("%+v", a)
	}
}
