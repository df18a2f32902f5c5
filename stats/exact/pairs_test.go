package exact

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/paired"
)

// TestPairSummaryAgreesWithSortingThePairs has requests without a partner,
// failures, warm-ups, repeated requests and pairs whose samples lie in
// different scenarios and segments.
func TestPairSummaryAgreesWithSortingThePairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	a := New(Options{})
	for i := range 9000 {
		scenario, segment := []string{"a", "b"}[rng.IntN(2)], int32(i/3000)
		for l := range stats.Lane(stats.NumLanes) {
			if rng.IntN(20) == 0 {
				scenario = "other"
			}
			if rng.IntN(20) == 0 {
				segment++
			}
			if rng.IntN(20) == 0 {
				continue
			}
			a.Add(&stats.Sample{Seq: uint64(2*i) + uint64(l), Request: uint64(i - rng.IntN(2)), Lane: (l + stats.Lane(rng.IntN(5)/4)) % stats.NumLanes, Mode: stats.Prefill,
				Scenario: scenario, Segment: segment, Shape: "1x8", WallNs: 1e6 + rng.Int64N(1e5), Warmup: rng.IntN(30) == 0, Failed: rng.IntN(30) == 0,
				DeviceNs: stats.Absent, ResponseNs: stats.Absent, TTFTNs: stats.Absent})
		}
	}
	m := a.mode(stats.Prefill)
	a.finish(m)
	for _, k := range a.scopes(m) {
		var walls [stats.NumLanes][]int64
		for l := range walls {
			walls[l] = m.columnsOf(k, stats.Lane(l)).wall
		}
		got := a.pairSummary(m, k, &walls)
		pairs, single := m.pairsOf(k.kind)
		for l := range walls {
			if len(pairs)+len(single[l]) != len(walls[l]) {
				t.Fatalf("%+v, lane %d: %d pairs and %d single of %d", k, l, len(pairs), len(single[l]), len(walls[l]))
			}
		}
		want, _ := paired.Describe(pairs)
		if len(pairs) == 0 && got.N == 0 {
			continue
		}
		if got.N != want.N || math.Float64bits(float64(got.CrossoverQ)) != math.Float64bits(want.Crossover) || got.MedianDiffMs != stats.Ms(want.MedianDiff) {
			t.Errorf("%+v: %+v, want %+v", k, got, want)
		}
		if k.anyScenario && k.anySegment {
			for i, d := range m.allPairs.Delta {
				if d != want.Delta[i] {
					t.Errorf("the difference of quantile %v is %v, want %v", want.DeltaQ[i], d, want.Delta[i])
				}
			}
		}
	}
}
