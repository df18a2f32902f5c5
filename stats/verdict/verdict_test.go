package verdict

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

func TestVerdictCodes(t *testing.T) {
	fixed := func(n int, mean, p50, p99 float64) stats.Summary {
		s := quantile.Empty()
		s.N, s.Mean, s.P50.Value, s.P99.Value, s.P99.Need = n, mean, p50, p99, 0
		return s
	}
	in := func(e, o stats.Summary, f stats.Facts, noise stats.Noise) Input {
		return Input{Lanes: [stats.NumLanes]stats.Summary{e, o}, Facts: f, Noise: noise, Decode: math.NaN(), Pair: stats.PairView{DiffLo: -2, DiffHi: 3}}
	}
	real := stats.Facts{CompilerReal: "yes"}
	for _, c := range []struct {
		name, code string
		in         Input
		rule       string
	}{
		{"few", "too_few", in(fixed(3, 1, 1, 1), fixed(3, 1, 1, 1), real, stats.Noise{}), ""},
		{"agree", "agree", in(fixed(500, 2, 2, 4), fixed(500, 1, 1, 2), real, stats.Noise{}), "compile_prefill"},
		{"noise", "noise", in(fixed(500, 2, 2, 4), fixed(500, 2.1, 1.9, 4.1), real, stats.Noise{MedianNs: .5}), "no_gain"},
		{"A/A", "aa", in(fixed(500, 2, 2, 4), fixed(500, 2.1, 1.9, 4.1), stats.Facts{AA: true}, stats.Noise{}), ""},
		{"label", "agree", in(fixed(500, 2, 2, 4), fixed(500, 1, 1, 2), stats.Facts{CompilerReal: "no", Why: "label only"}, stats.Noise{}), "not_compiler_real"},
		{"lost", "agree", in(fixed(500, 1, 1, 2), fixed(500, 2, 2, 4), real, stats.Noise{}), "keep_eager"},
	} {
		v := Judge(c.in)
		if v.Code != c.code {
			t.Errorf("%s: %+v", c.name, v)
		}
		if c.rule != "" && (len(v.Advice) == 0 || v.Advice[0].Rule != c.rule || len(v.Advice[0].Evidence) == 0) {
			t.Errorf("%s: advice %+v, want %s", c.name, v.Advice, c.rule)
		}
	}
	even := in(fixed(300, 2, 2, 4), fixed(300, 1.9, 1.99, 3.9), real, stats.Noise{})
	even.Pair.N, even.Lanes[stats.Optimized].P99.Need = 300, 159
	for mode, rule := range map[stats.Mode]string{stats.Prefill: "no_gain", stats.KVDecode: "decode"} {
		even.Mode = mode
		a := Judge(even).Advice[0]
		if a.Rule != rule || !strings.Contains(a.Sentence, "do not tell the lanes apart") || !strings.Contains(strings.Join(a.Evidence, "; "), "159 more are needed") {
			t.Errorf("%s, undecided: %+v", mode, a)
		}
	}
	dec := in(fixed(500, 1, 1, 2), fixed(500, 2, 2, 4), stats.Facts{CompilerReal: "yes", Strategy: "prefill=padded,decode=variable"}, stats.Noise{})
	dec.Mode, dec.Decode = stats.E2EKV, .97
	dec.Other[stats.Prefill] = &[stats.NumLanes]stats.Summary{fixed(500, 2, 2, 4), fixed(500, 1, 1, 2)}
	dec.Gauges = []stats.Gauge{{Mode: "kv_decode", Strategy: "variable", Used: 8, Limit: 8, Reached: true}}
	v := Judge(dec)
	if v.Advice[0].Rule != "decode" || !strings.Contains(v.Advice[0].Sentence, "Split the deployment") || v.Advice[1].Rule != "churn" {
		t.Errorf("decode: %+v", v.Advice)
	}
}

// Compiles are blamed for the tail only where it would be won without them.
func TestStabiliseSaysWhatCompilesExplain(t *testing.T) {
	sentence := func(without float64) string {
		e, o := quantile.Empty(), quantile.Empty()
		e.N, o.N = 1000, 1000
		e.P50.Value, o.P50.Value, e.P99.Value, o.P99.Value, e.Mean, o.Mean = 2e6, 1e6, 15e6, 20e6, 2e6, 1e6
		in := Input{Mode: stats.Prefill, Lanes: [stats.NumLanes]stats.Summary{e, o}, Facts: stats.Facts{CompilerReal: "yes"}, Decode: math.NaN(),
			Pair: stats.PairView{DiffLo: -2, DiffHi: -1}}
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
	if s := sentence(19e6); !strings.Contains(s, "not won without them either") {
		t.Error(s)
	}
}
