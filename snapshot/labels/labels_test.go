package labels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/verdict"
)

// skewed makes TR117's shape: label a has cold starts in 3 of its 21 runs that
// carry its mean above b's, while its median stays below.
func skewed(t *testing.T, o Options) *Report {
	t.Helper()
	a := New(o)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, label := range []string{"gpu", "gpu-compile"} {
		base := 300.0
		if label == "gpu-compile" {
			base = 303
		}
		for run := range 21 {
			for i := range 13 {
				v := base + rng.Float64()
				if i == 0 && run < 3 && label == "gpu" {
					v *= 5
				}
				r := foreign.Row{Label: label, Scenario: fmt.Sprintf("s%d", run%7), Run: fmt.Sprint(run), HasRun: true, File: fmt.Sprintf("run_%d.json", run),
					Index: int64(i), Ns: int64(v * 1e6), OK: true}
				must.OK(t, a.Add(&r))
				r.OK = false
				must.OK(t, a.Add(&r))
			}
		}
	}
	return must.Get(a.Finish())(t)
}

func TestColdStartsFlipTheMean(t *testing.T) {
	r := skewed(t, Options{})
	v := r.Verdicts[0]
	if v.Code != verdict.Undecided || v.Points != verdict.Flip || v.WinnerMean != "" || v.WinnerP50 != "gpu" {
		t.Fatalf("%+v", v) // 273 rows a label do not tell the means apart; the bare figures flip
	}
	if !slices.ContainsFunc(v.Flips, func(s string) bool { return strings.Contains(s, "first samples of each run") }) {
		t.Fatal("nothing said of cold starts:", v.Flips)
	}
	cold := 0
	for _, f := range r.Files {
		if f.ColdStart {
			cold++
		}
	}
	g := r.Overall[0]
	if cold != 3 || g.Runs != 21 || g.ColdStartRuns != 3 || g.N != 273 || g.FirstSamples != 21 || r.Left[0].Failed != 273 {
		t.Fatalf("%d cold, %+v, %+v", cold, g, r.Left)
	}
	if w := r.Worst[0]; w.Index != 0 || w.Label != "gpu" || !strings.HasPrefix(w.File, "run_") {
		t.Fatalf("worst %+v", w)
	}
	if !strings.Contains(r.Evidence(), "not evidence") {
		t.Fatal(r.Evidence())
	}
}

// TestHistogramsStayNearTheTruth forces the fallback and compares.
func TestHistogramsStayNearTheTruth(t *testing.T) {
	exact, rough := skewed(t, Options{}), skewed(t, Options{budget: 100})
	if rough.Exact || !exact.Exact || len(rough.Notes) == 0 {
		t.Fatal("the fallback is not told")
	}
	for i := range exact.Overall {
		e, h := exact.Overall[i], rough.Overall[i]
		if e.N != h.N || e.MeanMs != h.MeanMs || e.MaxMs != h.MaxMs || e.MeanExclTop5Ms != h.MeanExclTop5Ms {
			t.Errorf("counts, means and extremes are not exact: %+v, %+v", e, h)
		}
		if d := math.Abs(float64(h.P50Ms/e.P50Ms) - 1); d > 1e-3 {
			t.Errorf("median off by %v", d)
		}
	}
}

func TestTrimmedMeansByHand(t *testing.T) {
	a := New(Options{})
	for _, v := range []int64{10, 1, 2, 3, 4, 5, 6, 7} {
		must.OK(t, a.Add(&foreign.Row{Label: "x", Ns: v * 1e6, OK: true, HasRun: true, Run: "r"}))
	}
	r := must.Get(a.Finish())(t)
	g := r.Overall[0]
	for name, x := range map[string][2]stats.Num{"mean": {g.MeanMs, 38. / 8}, "max": {g.MeanExclMaxMs, 4}, "top5": {g.MeanExclTop5Ms, 2},
		"first": {g.MeanExclFirstMs, 4}, "p50": {g.P50Ms, 4.5}, "std": {g.StdMs, stats.Num(math.Sqrt(59.5 / 7))}} {
		if math.Abs(float64(x[0]-x[1])) > 1e-9 {
			t.Errorf("%s = %v, want %v", name, x[0], x[1])
		}
	}
}

// TestEvidenceSaysWhyNot: evidence against a label is told, and its absence is
// not taken for it.
func TestEvidenceSaysWhyNot(t *testing.T) {
	no := foreign.RunCompile{Label: "optimized", Mode: "prefill", Real: "label-only", Why: "8 executables made, but 33 requests fell back to eager"}
	none := foreign.RunCompile{Label: "compile", Real: "label-only", Why: foreign.NoCompileBlock}
	yes := foreign.RunCompile{Label: "b", Real: "compiler-real"}
	yes2 := foreign.RunCompile{Label: "a", Real: "compiler-real"}
	for _, c := range []struct {
		in   []foreign.RunCompile
		want string
	}{
		{nil, NotEvidence},
		{[]foreign.RunCompile{none}, NotEvidence},
		{[]foreign.RunCompile{none, no, no}, "Not compiler-real by TR120 2.5: prefill optimized, 8 executables made, but 33 requests fell back to eager."},
		{[]foreign.RunCompile{yes, no, yes2}, "Compiler-real by TR120 2.5, on the evidence in its files: a, b. Every other label is a name only."},
	} {
		if got := (&Report{Compiles: c.in}).Evidence(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestSummaryHasEveryModesVerdict: of two modes none goes without its verdict,
// and each says whose it is.
func TestSummaryHasEveryModesVerdict(t *testing.T) {
	a := New(Options{})
	rng := rand.New(rand.NewPCG(3, 5))
	for range 40 {
		for k, mode := range []string{"prefill", "kv_decode"} {
			for l, label := range []string{"eager", "optimized"} {
				ns := 1e6 + 10*rng.NormFloat64() + float64(1000*(k^l))
				must.OK(t, a.Add(&foreign.Row{Label: label, Mode: mode, Ns: int64(ns), OK: true}))
			}
		}
	}
	rep := must.Get(a.Finish())(t)
	s := rep.Summary()
	winners := map[any]any{}
	for _, p := range s["paradoxes"].([]map[string]any) {
		winners[p["mode"]] = p["winner_p50"]
	}
	if len(winners) != 2 || winners["prefill"] != "eager" || winners["kv_decode"] != "optimized" {
		t.Errorf("%v", winners)
	}
	if p := s["paradox"].(map[string]any); winners[p["mode"]] != p["winner_p50"] {
		t.Errorf("%v", p)
	}
}

// TestVerdictDoubts: labels that one distribution made are not ranked without
// a word, and labels that lie apart are.
func TestVerdictDoubts(t *testing.T) {
	for _, c := range []struct {
		factor float64
		want   []string
	}{{1.5, nil}, {1, []string{"Not told apart", "in median, mean or p99"}}} {
		a := New(Options{})
		rng := rand.New(rand.NewPCG(3, 5))
		for i := range 1200 {
			v := 1e6 * math.Exp(0.1*rng.NormFloat64())
			label := "one"
			if i%2 == 1 {
				label, v = "two", v*c.factor
			}
			must.OK(t, a.Add(&foreign.Row{Label: label, Ns: int64(v), OK: true}))
		}
		rep := must.Get(a.Finish())(t)
		s := rep.Verdicts[0].Sentence
		if got := strings.Contains(s, "do not tell"); got != (c.want != nil) {
			t.Errorf("factor %v: %q", c.factor, s)
		}
		for _, w := range c.want {
			if !strings.Contains(s, w) {
				t.Errorf("factor %v: no %q in %q", c.factor, w, s)
			}
		}
	}
}

// Of a label whose every sample is the first of its run nothing is left without them.
func TestNoMeanOfNoSamples(t *testing.T) {
	a := New(Options{})
	for i := range 30 {
		for _, label := range []string{"long", "single"} {
			r := foreign.Row{Label: label, Run: fmt.Sprint(i / 10), HasRun: true, File: label, Index: int64(i), Ns: 5e6, OK: true}
			if label == "single" {
				r.Run, r.Ns = fmt.Sprint(i), 4e6
			}
			must.OK(t, a.Add(&r))
		}
	}
	for _, f := range must.Get(a.Finish())(t).Verdicts[0].Flips {
		if strings.Contains(f, "NaN") {
			t.Error(f)
		}
	}
}
