package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

// ratioPoint is a point whose lanes stand in a ratio, told apart or not.
func ratioPoint(ratio float64, told bool, kv ...string) sweepPoint {
	p := sweptPoint(ratio, kv...)
	lo, hi := stats.Num(-1), stats.Num(1)
	if told {
		lo, hi = stats.Num(ratio-1)/2, stats.Num(ratio-1)*2
		lo, hi = min(lo, hi), max(lo, hi)
	}
	p.Modes["prefill"].Pairs = []stats.PairSummary{{Mode: "prefill", Scenario: "*", Segment: "*", N: 9, RatioGeomean: stats.Num(ratio), MedianDiffLoMs: lo, MedianDiffHiMs: hi}}
	return p
}

// A crossover lies between two values at which the lanes are told apart and win
// one each; what is not told apart tells of none.
func TestCrossoversAreBetweenWhatIsTold(t *testing.T) {
	for want, points := range map[string][]sweepPoint{
		"prefill over n: optimized is faster from between 8 and 128 on, about 32 (ratio 2 and 0.5).": {
			ratioPoint(2, true, "n", "8"), ratioPoint(1.01, false, "n", "16"), ratioPoint(.5, true, "n", "128")},
		"prefill over n: eager is faster from between 1 and 100 on, about 10 (ratio 0.5 and 2).":                             {ratioPoint(.5, true, "n", "1"), ratioPoint(2, true, "n", "100")},
		"prefill over n: no crossover, optimized is faster wherever the lanes are told apart: optimized ÷ eager 0.2 to 0.5.": {ratioPoint(.5, true, "n", "1"), ratioPoint(.2, true, "n", "2"), ratioPoint(1.5, false, "n", "3")},
		"prefill: the lanes are not told apart at any n.":                                                                    {ratioPoint(.5, false, "n", "1"), ratioPoint(1.5, false, "n", "3")},
		"prefill by strategy: optimized ÷ eager (and its p50) padded 0.5 (1 ms), variable ~1.5 (3 ms); least by padded.":     {ratioPoint(.5, true, "strategy", "padded"), ratioPoint(1.5, false, "strategy", "variable")},
		"prefill by model: optimized ÷ eager (and its p50) a 0.5 (1 ms), b 2 (4 ms).":                                        {ratioPoint(.5, true, "model", "a"), ratioPoint(2, true, "model", "b")},
	} {
		var keys []string
		for k := range points[0].Values {
			keys = append(keys, k)
		}
		if got := strings.Join(crossovers(keys, points), "\n"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// Shares are of all kernels of a lane, and add up over both lanes' kernels.
func TestAttributionOfKernels(t *testing.T) {
	dir := t.TempDir()
	must.OK(t, os.Mkdir(filepath.Join(dir, "profile"), 0o755))
	table := "kernel,eager_calls,eager_us,optimized_calls,optimized_us,difference_us\nmm,4,900,4,300,-600\nfused,0,0,1,100,100\ncat,2,100,0,0,-100\n"
	must.OK(t, os.WriteFile(filepath.Join(dir, "profile", "kernels.csv"), []byte(table), 0o644))
	p := sweptPoint(1, "n", "8")
	p.Dir = dir
	got := strings.Join(attribution([]string{"n"}, []sweepPoint{p, {Dir: t.TempDir()}}), "\n")
	for _, want := range []string{"kernels, n=8: eager 1 ms, optimized 0.4 ms; 1 kernels in both lanes, 2 in one", "eager 90.0 %, optimized 75.0 %, -0.6 ms", "eager  0.0 %, optimized 25.0 %, +0.1 ms"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}
