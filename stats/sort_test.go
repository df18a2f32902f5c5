package stats

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortIntsSorts compares with slices.Sort over ranges from one value to
// all of int64.
func TestSortIntsSorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, radixMin - 1, radixMin, 10_007} {
		for bits := range 65 {
			v := make([]int64, n)
			for i := range v {
				v[i] = int64(rng.Uint64()>>1) >> (63 - min(bits, 63))
				if bits == 64 || i%3 == 0 && bits > 20 {
					v[i] = -v[i]
				}
			}
			want := slices.Clone(v)
			slices.Sort(want)
			SortInts(v)
			if !slices.Equal(v, want) {
				t.Fatalf("%d values of %d bits are not sorted", n, bits)
			}
			SortInts(v) // sorted already
			if !slices.Equal(v, want) {
				t.Fatal("sorting again changed the order")
			}
		}
	}
}

func BenchmarkSortInts(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	base := make([]int64, 500_000)
	for i := range base {
		base[i] = int64(1e6 + rng.ExpFloat64()*1e6)
	}
	v := make([]int64, len(base))
	for _, f := range []struct {
		name string
		sort func([]int64)
	}{{"digits", SortInts}, {"comparisons", func(v []int64) { slices.Sort(v) }}} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				copy(v, base)
				f.sort(v)
			}
		})
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
