package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

func series(r *rand.Rand, n int, f func(i int) float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = f(i) * math.Exp(0.05*r.NormFloat64())
	}
	return v
}

// check is what the detector of a name says.
func check(name string, in *Input) stats.Detection {
	return Detectors()[slices.IndexFunc(Detectors(), func(d Detector) bool { return d.Name == name })].Check(in)
}

func state(name string, v []float64) stats.Detection {
	return check(name, &Input{Series: [stats.NumLanes][]float64{stats.Optimized: v}, SeriesStride: 1})
}

func TestDetectorsOnSeries(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	flat := func(int) float64 { return 1 }
	for _, c := range []struct {
		name string
		d    string
		v    []float64
		want string
	}{
		{"flat", "change_point", series(r, 600, flat), "ok"},
		{"step up", "change_point", series(r, 600, func(i int) float64 { return 1 + .2*float64(i/400) }), "warn"},
		{"warm-up over", "change_point", series(r, 600, func(i int) float64 { return 1.3 - .3*float64(min(i/150, 1)) }), "warn"},
		{"few", "change_point", series(r, 30, flat), "few"},
		{"flat", "drift", series(r, 600, flat), "ok"},
		{"rise", "drift", series(r, 600, func(i int) float64 { return 1 + .2*float64(i)/600 }), "warn"},
		{"few", "drift", series(r, 99, flat), "few"},
		{"one mode", "bimodal", series(r, 600, flat), "ok"},
		{"skewed", "bimodal", series(r, 600, func(int) float64 { return math.Exp(.4 * r.NormFloat64()) }), "ok"},
		{"two modes", "bimodal", series(r, 600, func(i int) float64 { return 1 + 2*float64(i%3/2) }), "warn"},
		{"few", "bimodal", series(r, 99, flat), "few"},
		{"equal", "bimodal", make([]float64, 300), "ok"},
	} {
		if got := state(c.d, c.v); got.State != c.want || got.Name != c.d || got.Sentence == "" {
			t.Errorf("%s, %s: %+v, want %s", c.d, c.name, got, c.want)
		}
	}
}

// Each detector says too few samples, and no detector cries wolf often: at
// most 2 % of 300 quiet series.
func TestDetectorsFalseAlarms(t *testing.T) {
	for _, d := range Detectors() {
		if got := d.Check(&Input{}); got.State != "few" {
			t.Errorf("%s on nothing: %+v", d.Name, got)
		}
	}
	r := rand.New(rand.NewPCG(12, 12))
	for _, d := range []string{"change_point", "drift", "bimodal"} {
		alarms := 0
		for range 300 {
			if state(d, series(r, 400, func(int) float64 { return math.Exp(.2 * r.NormFloat64()) })).State == "warn" {
				alarms++
			}
		}
		if alarms > 6 {
			t.Errorf("%s: %d false alarms in 300", d, alarms)
		}
	}
}

func TestCountingDetectors(t *testing.T) {
	in := Input{Judged: [2]int{10, 10}, ColdRuns: [2]int{3, 0}, Recent: [2]int{500, 500}, Spikes: [2]int{0, 20},
		NewShapes: 9, Compiles: 9, Checks: 40, Diverged: 1, MaxRelL2: .5}
	for _, d := range []string{"cold_start", "spike", "churn", "divergence"} {
		if got := check(d, &in); got.State != "warn" {
			t.Errorf("%+v", got)
		}
	}
	in = Input{Judged: [2]int{10, 10}, Recent: [2]int{500, 500}, Checks: 40}
	for _, d := range []string{"cold_start", "spike", "churn", "divergence"} {
		if got := check(d, &in); got.State != "ok" {
			t.Errorf("%+v", got)
		}
	}
}

// What one lane shows says nothing of a lane with too few samples.
func TestDetectorsNameTheLaneWithTooFew(t *testing.T) {
	var in Input
	r := rand.New(rand.NewPCG(7, 8))
	for range 400 {
		in.Series[stats.Eager] = append(in.Series[stats.Eager], 1+.01*r.NormFloat64())
	}
	in.Series[stats.Optimized] = []float64{1, 1, 1}
	for _, d := range []string{"change_point", "bimodal", "drift"} {
		got := check(d, &in)
		if got.State != "ok" || !strings.Contains(got.Sentence, "Too few samples in the optimized lane: 3 of the") {
			t.Errorf("%+v", got)
		}
	}
}

// Before a run is long enough to judge its start, nothing is said of how many samples
// there are: they are of several runs.
func TestColdStartCountsNoSamplesThatItDoesNotKnow(t *testing.T) {
	got := check("cold_start", &Input{Runs: [2]int{3, 3}, Recent: [2]int{12, 12}})
	if got.State != "few" || got.Sentence != "Too few samples: no run has the 6 needed." {
		t.Errorf("%+v", got)
	}
}
