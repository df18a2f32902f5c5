package strata

import (
	"math/rand/v2"
	"testing"
)

// TestMixOfShapesDoesNotDecide gives the faster lane more of the large shape:
// pooled it looks slower, within shapes it is faster by 10 each.
func TestMixOfShapesDoesNotDecide(t *testing.T) {
	var s Strata
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func(key string, lane, n int, ns int64) {
		for range n {
			s.Add(key, lane, ns+rng.Int64N(5)-2)
		}
	}
	draw("small", Eager, 900, 110)
	draw("small", Optimized, 100, 100)
	draw("large", Eager, 100, 1010)
	draw("large", Optimized, 900, 1000)
	draw("rare", Optimized, 3, 1)
	d, ok := s.Diff()
	if !ok || d.Strata != 2 || d.Ns > -8 || d.Ns < -12 || d.Lo > d.Ns || d.Hi < d.Ns || d.Hi >= 0 {
		t.Errorf("%+v, %t", d, ok)
	}
	if d.N != [2]int{1000, 1000} {
		t.Errorf("%v", d.N)
	}
	if _, ok := (&Strata{}).Diff(); ok {
		t.Error("nothing was compared and is a difference")
	}
}

// TestIntervalCovers: of A/A draws about one in twenty intervals lacks zero.
func TestIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	missed := 0
	const runs = 200
	for range runs {
		var s Strata
		for i := range 200 {
			s.Add([]string{"a", "b", "c"}[i%3], rng.IntN(2), int64(1e6+1e5*rng.NormFloat64()))
		}
		if d, ok := s.Diff(); !ok || d.Lo > 0 || d.Hi < 0 {
			missed++
		}
	}
	if missed > runs/8 {
		t.Errorf("%d of %d intervals lack zero", missed, runs)
	}
}

// TestSameSamplesSameInterval: the order in which a map gives its keys decides nothing.
func TestSameSamplesSameInterval(t *testing.T) {
	diff := func() Diff {
		var s Strata
		rng := rand.New(rand.NewPCG(7, 8))
		for i := range 400 {
			s.Add([]string{"a", "b", "c", "d"}[i%4], i/4%2, int64(1e6+1e5*rng.NormFloat64()))
		}
		d, _ := s.Diff()
		return d
	}
	want := diff()
	for range 20 {
		if d := diff(); d != want {
			t.Fatalf("%+v, before %+v", d, want)
		}
	}
}
