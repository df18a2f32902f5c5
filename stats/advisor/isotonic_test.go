package advisor

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestIsotonicNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []Point
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			in = append(in, Point{float64(rapid.IntRange(1, 30).Draw(t, "tokens")), float64(rapid.IntRange(1, 1000).Draw(t, "ns")), 1 + float64(rapid.IntRange(0, 9).Draw(t, "weight"))})
		}
		out := Isotonic(in)
		var lengths []float64
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, p := range in {
			if !slices.Contains(lengths, p.Tokens) {
				lengths = append(lengths, p.Tokens)
			}
			lo, hi = math.Min(lo, p.Ns), math.Max(hi, p.Ns)
		}
		if len(out) != len(lengths) {
			t.Fatalf("%d points of %d lengths", len(out), len(lengths))
		}
		for i, p := range out {
			if i > 0 && (p.Ns < out[i-1].Ns-1e-9 || p.Tokens <= out[i-1].Tokens) || p.Ns < lo-1e-9 || p.Ns > hi+1e-9 {
				t.Fatalf("%v of %v", out, in)
			}
		}
	})
}

// Where latency grows in tiles of 64 tokens, the plan's edges are the tiles and
// its prediction what they take.
func TestTilesAreSeen(t *testing.T) {
	var points []Point
	var lengths []LengthCount
	for n := 8; n <= 256; n += 8 {
		points = append(points, Point{float64(n), 1e6 * math.Ceil(float64(n)/64), 100})
		lengths = append(lengths, LengthCount{Tokens: n, N: 100})
	}
	m := CostModel{BaseNs: 0, PerTokenNs: 15625, CompileNs: 20e6, Points: Isotonic(points)}
	plans := Advise(lengths, m, 8)
	chosen := 0
	for _, p := range plans {
		if p.Chosen {
			chosen++
		}
		if p.Chosen && (!slices.Equal(p.Edges, []int{64, 128, 192, 256}) || math.Abs(p.PredictedP99/4e6-1) > .01) {
			t.Errorf("%+v", p)
		}
	}
	if chosen != 1 {
		t.Errorf("%d plans are chosen", chosen)
	}
	unknown := Advise(lengths, CostModel{BaseNs: math.NaN(), PerTokenNs: math.NaN(), CompileNs: math.NaN()}, 8)
	for _, p := range unknown {
		if p.Chosen {
			t.Errorf("a plan is chosen before anything is known: %+v", p)
		}
	}
}
