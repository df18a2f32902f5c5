package advisor

import (
	"cmp"
	"slices"
)

// Point is the latency measured at an executed length, and on how much it rests.
type Point struct{ Tokens, Ns, Weight float64 }

// Isotonic fits measured points by the closest latencies that never fall as the
// length grows: padding never makes a model faster (pool adjacent violators: Ayer
// et al., Annals of Mathematical Statistics 26, 1955). Equal lengths are one point.
func Isotonic(in []Point) []Point {
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b Point) int { return cmp.Compare(a.Tokens, b.Tokens) })
	type block struct{ from, to, ns, weight float64 }
	var pool []block
	var each []float64 // lengths
	for _, p := range in {
		if p.Weight <= 0 {
			continue
		}
		if n := len(each); n == 0 || each[n-1] != p.Tokens {
			each = append(each, p.Tokens)
		}
		pool = append(pool, block{p.Tokens, p.Tokens, p.Ns, p.Weight})
		for n := len(pool); n > 1 && (pool[n-1].ns <= pool[n-2].ns || pool[n-1].from == pool[n-2].to); n = len(pool) {
			a, b := pool[n-2], pool[n-1]
			w := a.weight + b.weight
			pool = append(pool[:n-2], block{a.from, b.to, (a.ns*a.weight + b.ns*b.weight) / w, w})
		}
	}
	var out []Point
	i := 0
	for _, b := range pool {
		for ; i < len(each) && each[i] <= b.to; i++ {
			out = append(out, Point{each[i], b.ns, b.weight})
		}
	}
	return out
}
