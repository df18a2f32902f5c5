package cli

import (
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/stats"
)

func sweptPoint(p50 float64, kv ...string) sweepPoint {
	p := sweepPoint{Values: map[string]string{}, Modes: map[string]*stats.SummaryFile{}}
	for i := 0; i < len(kv); i += 2 {
		p.Values[kv[i]] = kv[i+1]
	}
	f := &stats.SummaryFile{}
	for i, lane := range []string{"eager", "optimized"} {
		v := p50 * float64(i+1)
		f.Groups = append(f.Groups, stats.GroupSummary{Mode: "prefill", Lane: lane, Scenario: "*", Segment: "*", N: 9, P50Ms: stats.Num(v), P99Ms: stats.Num(v * 3)},
			stats.GroupSummary{Mode: "prefill", Lane: lane, Scenario: "s", Segment: "*", N: 9, P50Ms: stats.Num(-1)})
	}
	p.Modes["prefill"] = f
	return p
}

// TestSweepLinesAreTheTablesNumbers sweeps two keys, of which one has more
// values: it is the axis, and the other tells lines apart.
func TestSweepLinesAreTheTablesNumbers(t *testing.T) {
	var points []sweepPoint
	for _, n := range []string{"128", "8", "32"} {
		for _, s := range []string{"padded", "variable"} {
			points = append(points, sweptPoint(float64(len(n))+float64(len(s)), "n", n, "strategy", s))
		}
	}
	points = append(points, sweepPoint{Values: map[string]string{"n": "512", "strategy": "padded"}, Error: "failed"})
	keys := []string{"n", "strategy"}
	x := sweepX(keys, points)
	values := valuesOf(x, points)
	if x != "n" || !slices.Equal(values, []string{"8", "32", "128", "512"}) {
		t.Fatal(x, values)
	}
	lines := sweepLines("prefill", keys, x, values, points)
	if len(lines) != 8 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		if l.Name == "optimized strategy=variable p99" {
			want := []float64{(1 + 8) * 2 * 3, (2 + 8) * 2 * 3, (3 + 8) * 2 * 3}
			if !slices.Equal(l.Y[:3], want) || !math.IsNaN(l.Y[3]) || !l.Dashed || !l.Few[0] {
				t.Errorf("%+v, want %v and a gap", l, want)
			}
		}
	}
	base := filepath.Join(t.TempDir(), "sweep_x")
	must.OK(t, plotSweep(base, keys, points))
	f := must.Get(os.Open(base + "_prefill.png"))(t)
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(base + "_prefill.svg"); err != nil {
		t.Error(err)
	}
	words := []sweepPoint{sweptPoint(1, "strategy", "padded"), sweptPoint(2, "strategy", "bucketed")}
	if err := plotSweep(base, []string{"strategy"}, words); err != nil {
		t.Error("words:", err)
	}
}
