package paired

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBootstrapOfTheMeanIsTheSameEitherWay adds the differences up from sums
// of blocks and one by one.
func TestBootstrapOfTheMeanIsTheSameEitherWay(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	pairs := make([]Pair, 1000)
	for i := range pairs {
		pairs[i] = Pair{Eager: 1e9 + rng.Int64N(1e9), Optimized: 1e9 + rng.Int64N(1e9)}
	}
	o := BootstrapOptions{Resamples: 200, Block: 7, Quantiles: DeltaQuantiles, Seed: 3}
	sums, singly := newResampler(pairs, o), newResampler(pairs, o)
	if sums.sums == nil {
		t.Fatal("sums of 1,000 differences under 2 s are exact")
	}
	singly.sums = nil
	for i := range o.Resamples {
		sums.draw(i)
		singly.draw(i)
		if sums.means[i] != singly.means[i] {
			t.Fatalf("resample %d: %v and %v", i, sums.means[i], singly.means[i])
		}
	}
	for _, d := range []int64{1 << 53 / 1000, -(1 << 53 / 1000), 1 << 62, math.MinInt64} {
		pairs[500] = Pair{Eager: 0, Optimized: d}
		if differences(pairs) != nil {
			t.Errorf("a difference of %d, a thousand times, is not exact", d)
		}
	}
}

// TestBootstrapGivesTheDifferencesOfThePairs compares with Describe, down
// to one pair.
func TestBootstrapGivesTheDifferencesOfThePairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{1, 2, 39, 40, 5000} {
		pairs := make([]Pair, n)
		for i := range pairs {
			pairs[i] = Pair{Eager: rng.Int64N(1e7), Optimized: rng.Int64N(1e7)}
		}
		got := Bootstrap(pairs, BootstrapOptions{Resamples: 10})
		want, _ := Describe(pairs)
		for i, d := range want.Delta {
			if got.Delta[i] != d || got.DeltaQ[i] != want.DeltaQ[i] {
				t.Errorf("%d pairs, quantile %v: %v, want %v", n, want.DeltaQ[i], got.Delta[i], d)
			}
		}
	}
	for _, d := range Bootstrap(nil, BootstrapOptions{}).Delta {
		if !math.IsNaN(d) {
			t.Error("no pairs have the difference", d)
		}
	}
}

// TestOrderByBreaksTiesByIndex covers values that fit beside an index and
// values that do not.
func TestOrderByBreaksTiesByIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, top := range []int64{3, 1e9, 1 << 62} {
		v := make([]int64, 5000)
		for i := range v {
			v[i] = rng.Int64N(top)
		}
		order := make([]int32, len(v))
		orderBy(order, func(i int32) int64 { return v[i] })
		for i := 1; i < len(order); i++ {
			if a, b := order[i-1], order[i]; v[a] > v[b] || v[a] == v[b] && a >= b {
				t.Fatalf("up to %d: rank %d has %d (index %d) before %d (index %d)", top, i, v[a], a, v[b], b)
			}
		}
	}
}
