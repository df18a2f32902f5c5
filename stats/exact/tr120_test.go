package exact

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// tr117 builds data that match what TR120 prints of TR117: 21 runs of 13
// samples a label, n = 273, medians, means with and without the largest, the
// maxima, and means without the first sample of each run. The eager label has
// three runs whose first sample is more than 3 × the median of the rest.
//
// Unknowns are few: the bulk of a label is symmetric about its median, the
// outliers stand where the report puts them, and one level is solved for.
func tr117(a *Analysis, lane stats.Lane) {
	type label struct {
		median, mean, exclFirst float64
		firsts                  []float64 // first samples that the report or its rule demand
		tops                    []float64 // other outliers: p99 and the mean without five fix their places
	}
	l := map[stats.Lane]label{
		stats.Eager:     {322.68, 404.05, 386.75, []float64{3325.81, 1061.90, 1042.76}, []float64{888.204, 699.78}},
		stats.Optimized: {328.69, 389.22, 388.29, nil, []float64{681.76, 670, 631.16, 631.16, 629.14}},
	}[lane]
	const runs, per = 21, 13
	n := float64(runs * per)
	// Sum of all firsts follows from the two means; the rest share one level each side.
	firstSum := l.mean*n - l.exclFirst*(n-runs)
	first := make([]float64, runs)
	known := 0.0
	for i, v := range l.firsts {
		first[i] = v
		known += v
	}
	for i := len(l.firsts); i < runs; i++ {
		first[i] = (firstSum - known) / float64(runs-len(l.firsts))
	}
	seq := uint64(0)
	rest := l.exclFirst * (n - runs) // sum of the others
	var others []float64
	m := runs * (per - 1)
	// below the median: a level just under it; above: what the sum leaves.
	below := 0
	for _, v := range first {
		if v < l.median {
			below++
		}
	}
	half := (runs*per - 1) / 2
	low := half - below
	lowLevel := l.median - 5
	high := m - low - 1
	sum := rest - float64(low)*lowLevel - l.median
	for _, v := range l.tops {
		high--
		sum -= v
	}
	for range low {
		others = append(others, lowLevel)
	}
	others = append(others, l.median)
	for range high {
		others = append(others, sum/float64(high))
	}
	others = append(others, l.tops...)
	for run := range runs {
		for k := range per {
			v := first[run]
			if k > 0 { // deal the levels round robin, so that each run holds low and high ones
				v = others[(k-1)*runs+run]
			}
			s := stats.Sample{Seq: seq, Request: seq, Lane: lane, Mode: stats.Forward, Scenario: fmt.Sprintf("%s/%d", lane, run),
				Strategy: "eager", Batch: 1, NthInRun: int32(k), WallNs: int64(math.Round(v * 1e6)),
				DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent, RunDelayNs: stats.Absent, MinFlt: stats.Absent, MajFlt: stats.Absent, NIvCSw: stats.Absent}
			a.Add(&s)
			seq++
		}
	}
}

// TR120 4.3, 4.4 and 6.1: the figures that can be recomputed come out, and the
// sign of the mean difference flips when first samples are dropped.
func TestTR117(t *testing.T) {
	a := New(Options{Source: "TR117, rebuilt"})
	tr117(a, stats.Eager)
	tr117(a, stats.Optimized)
	f := a.Finish(stats.Forward)
	e, o := f.Groups[0], f.Groups[1]
	check := func(what string, got stats.Num, want float64) {
		if math.Abs(float64(got)-want) > 0.006 {
			t.Errorf("%s = %.2f, TR120 prints %.2f", what, got, want)
		}
	}
	check("eager mean", e.MeanMs, 404.05)
	check("eager median", e.P50Ms, 322.68)
	check("eager max", e.MaxMs, 3325.81)
	check("eager mean without max", e.MeanExclMaxMs, 393.31)
	check("eager mean without five", e.MeanExclTop5Ms, 385.40)
	check("eager p99", e.P99Ms, 931.48)
	check("label mean without five", o.MeanExclTop5Ms, 384.38)
	check("label p99", o.P99Ms, 631.16)
	check("eager mean without first", e.MeanExclFirstMs, 386.75)
	check("label mean", o.MeanMs, 389.22)
	check("label median", o.P50Ms, 328.69)
	check("label max", o.MaxMs, 681.76)
	check("label mean without max", o.MeanExclMaxMs, 388.15)
	check("label mean without first", o.MeanExclFirstMs, 388.29)
	if e.N != 273 || o.N != 273 || e.Runs != 21 || e.ColdStartRuns != 3 || o.ColdStartRuns != 0 {
		t.Errorf("n %d %d, cold starts %d/%d and %d/%d, want 3/21 and 0/21", e.N, o.N, e.ColdStartRuns, e.Runs, o.ColdStartRuns, o.Runs)
	}
	if d, dx := float64(o.MeanMs-e.MeanMs), float64(o.MeanExclFirstMs-e.MeanExclFirstMs); math.Abs(d+14.83) > 0.006 || math.Abs(dx-1.54) > 0.006 {
		t.Errorf("mean difference %.2f and %.2f without firsts, TR120 prints -14.83 and +1.54", d, dx)
	}
	// TR117's bare figures flip; 273 rows a label do not tell the lanes apart.
	p := f.Paradox
	if p.Verdict != "undecided" || *p.Points != "flip" || p.WinnerMean != nil || p.WinnerP50 != nil || p.WinnerP99 != nil {
		t.Errorf("paradox: %+v", p)
	}
	for _, want := range []string{"Not told apart: 273 pairs", "The bare figures flip (median to eager, mean to optimized", "3 of 273 samples, all cold starts, make them"} {
		if !strings.Contains(p.Sentence, want) {
			t.Errorf("%q lacks %q", p.Sentence, want)
		}
	}
}
