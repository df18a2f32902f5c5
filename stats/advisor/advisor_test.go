package advisor

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// bruteForce tries every set of k edges among the observed lengths.
func bruteForce(ls []LengthCount, m CostModel, k int) float64 {
	n := len(ls)
	best := math.Inf(1)
	for set := range 1 << n {
		if set&(1<<(n-1)) == 0 || popcount(set) != k {
			continue
		}
		cost := 0.0
		for i, l := range ls {
			j := i
			for set&(1<<j) == 0 {
				j++
			}
			cost += m.paddingCost(ls[j].Tokens, l.Tokens, l.N)
		}
		best = math.Min(best, cost)
	}
	return best
}

func popcount(x int) (n int) {
	for ; x > 0; x &= x - 1 {
		n++
	}
	return n
}

func TestAdvisorAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "n")
		lens := rapid.SliceOfNDistinct(rapid.IntRange(1, 300), n, n, rapid.ID[int]).Draw(t, "lengths")
		slices.Sort(lens)
		var ls []LengthCount
		for _, l := range lens {
			ls = append(ls, LengthCount{l, rapid.IntRange(1, 50).Draw(t, "count")})
		}
		m := CostModel{BaseNs: 1e6, PerTokenNs: 1000, CompileNs: rapid.Float64Range(0, 5e6).Draw(t, "compile")}
		least, want := math.Inf(1), 0
		plans := Advise(ls, m, 8)
		for k := 1; k <= min(8, n); k++ {
			brute := bruteForce(ls, m, k)
			cost := 0.0
			for _, l := range ls {
				i, _ := slices.BinarySearch(plans[k-1].Edges, l.Tokens)
				cost += m.paddingCost(plans[k-1].Edges[i], l.Tokens, l.N)
			}
			if math.Abs(cost-brute) > 1e-6*(1+brute) || len(plans[k-1].Edges) != k {
				t.Fatalf("k=%d: edges %v cost %v, best is %v", k, plans[k-1].Edges, cost, brute)
			}
			if c := brute + float64(k)*m.CompileNs; c < least-1e-6 {
				least, want = c, k
			}
		}
		for k, p := range plans {
			if p.Chosen != (k+1 == want) {
				t.Fatalf("chosen k=%d, want %d", k+1, want)
			}
		}
	})
}

func TestWhatIf(t *testing.T) {
	ls := []LengthCount{{10, 98}, {30, 1}, {100, 1}}
	m := CostModel{BaseNs: 1e6, PerTokenNs: 1e4, CompileNs: 40e6}
	p := WhatIf([]int{32, 16}, ls, m)
	if want := (98*16+32+100)/float64(98*10+30+100) - 1; math.Abs(p.Waste-want) > 1e-12 {
		t.Errorf("waste %v, want %v", p.Waste, want)
	}
	if p.Compiles != 3 || p.PredictedP50 != 1e6+16e4 {
		t.Errorf("compiles %d, p50 %v", p.Compiles, p.PredictedP50)
	}
	if p.PredictedP99 < 40e6 {
		t.Errorf("3 compiles in 100 requests make the p99, got %v", p.PredictedP99)
	}
	if p := WhatIf(nil, nil, m); !math.IsNaN(p.Waste) || !math.IsNaN(p.PredictedP50) {
		t.Errorf("nothing seen: %+v", p)
	}
	if plans := Advise(nil, m, 8); plans != nil {
		t.Errorf("nothing seen: %+v", plans)
	}
	many := make([]LengthCount, 4000)
	for i := range many {
		many[i] = LengthCount{i + 1, 1}
	}
	plans := Advise(many, CostModel{BaseNs: math.NaN(), PerTokenNs: math.NaN(), CompileNs: math.NaN()}, 8)
	if len(plans) != 8 || plans[7].Edges[7] != 4000 || !math.IsNaN(plans[0].PredictedP99) {
		t.Errorf("4,000 lengths: %d plans, %+v", len(plans), plans)
	}
}

// A plan that makes more executables than the limit allows says so, predicts
// nothing, and is never the one advised.
func TestAdvisorKnowsTheLimit(t *testing.T) {
	var ls []LengthCount
	for n := 10; n <= 100; n += 10 {
		ls = append(ls, LengthCount{n, 1000})
	}
	m := CostModel{BaseNs: 1e6, PerTokenNs: 1e6, CompileNs: 1, Limit: 3}
	for _, p := range Advise(ls, m, 8) {
		k := len(p.Edges)
		if p.Compiles != min(k, 3) || p.Over != max(k-3, 0) || p.Chosen != (k == 3) || math.IsNaN(p.PredictedP99) != (k > 3) {
			t.Errorf("%d edges: %+v", k, p)
		}
	}
	if p := WhatIf([]int{20}, ls, m); p.Compiles != 3 || p.Over != 6 || !math.IsNaN(p.PredictedP50) {
		t.Errorf("lengths above the last edge: %+v", p)
	}
}
