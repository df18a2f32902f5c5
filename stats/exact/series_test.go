package exact

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Runs merged, exact or bound, are the whole: the same sums, and quantiles
// within 0.1 %.
func TestSeriesMergedIsTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var whole, merged, bound Series
	for run := range 7 {
		var one, other Series
		other.Bound()
		for i := range 300 {
			v := int64(1e6 * math.Exp(.5*r.NormFloat64()))
			if i == 0 && run < 2 {
				v *= 20
			}
			whole.Add(v)
			one.Add(v)
			other.Add(v)
		}
		merged.Merge(&one, 2100)
		bound.Merge(&other, 0)
	}
	if merged.N() != 2100 || merged.Runs != 7 || merged.Cold < 2 || len(merged.Firsts) != 7 || !merged.Exact() || bound.Exact() {
		t.Fatalf("%d values, %d runs, %d cold", merged.N(), merged.Runs, merged.Cold)
	}
	a, b, c := whole.Summary(whole.Sorted()), merged.Summary(merged.Sorted()), bound.Summary(nil)
	if a.Mean != b.Mean || a.Std != b.Std || a.P99 != b.P99 || a.MeanExclTop5 != b.MeanExclTop5 || a.MeanExclMax != b.MeanExclMax {
		t.Errorf("%+v, merged %+v", a, b)
	}
	if c.Mean != a.Mean || c.Std != a.Std || c.Max != a.Max || c.Min != a.Min || c.MeanExclMax != a.MeanExclMax || c.MeanExclFirst != b.MeanExclFirst ||
		math.Abs(c.P99.Value/a.P99.Value-1) > .001 {
		t.Errorf("%+v, bound %+v", a, c)
	}
}

// A run's rest is without its first value, exact or bound: of a short run that is
// another median.
func TestRestOfABoundRun(t *testing.T) {
	for _, run := range [][]int64{nil, {5e6}, {10e6, 1e6}, {9e6, 1e6, 2e6}, {1e6, 7e6, 8e6, 9e6, 2e6}} {
		var one, bound Series
		bound.Bound()
		for _, v := range run {
			one.Add(v)
			bound.Add(v)
		}
		x, y := one.RestMedian(), bound.RestMedian()
		if math.IsNaN(x) != (len(run) < 2) || math.IsNaN(x) != math.IsNaN(y) || math.Abs(y/x-1) > .001 || one.ColdStart() != bound.ColdStart() {
			t.Errorf("%v: rest %v, cold %v; bound %v, %v", run, x, one.ColdStart(), y, bound.ColdStart())
		}
	}
}
