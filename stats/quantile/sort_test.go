package quantile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortIntsSorts compares with slices.Sort over ranges from one value to
// all of int64.
func TestSortIntsSorts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, digitsMin - 1, digitsMin, wideMin - 1, wideMin} {
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
	for _, n := range []int{digitsMin, 500, wideMin - 1, wideMin, 500_000} {
		base := make([]int64, max(64*n, 1<<19)) // others each time: the processor learns how few values compare
		for i := range base {
			base[i] = int64(1e6 + rng.ExpFloat64()*1e6)
		}
		v, i := make([]int64, n), 0
		for name, sort := range map[string]func([]int64){"digits": SortInts, "comparisons": slices.Sort[[]int64]} {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				for b.Loop() {
					copy(v, base[i*n%(len(base)-n+1):])
					sort(v)
					i++
				}
			})
		}
	}
}

func TestPercentileOfIsThePercentileOfTheSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 2, 3, radixMin - 1, radixMin, radixMin + 1, 3 * radixMin, 50_001} {
		for name, value := range map[string]func(int) int64{
			"any":     func(int) int64 { return int64(r.Uint64()) },
			"few":     func(int) int64 { return int64(r.IntN(3)) },
			"same":    func(int) int64 { return 7 },
			"two":     func(i int) int64 { return int64(i%2) * math.MaxInt64 },
			"latency": func(int) int64 { return int64(1e6 * math.Exp(0.2*r.NormFloat64())) },
			"outlier": func(i int) int64 { return 1e6 + int64(r.IntN(1e4)) + int64(i/(n-1|1))*1e12 },
			"ends":    func(i int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0}[i%3] },
		} {
			v := make([]int64, n)
			for i := range v {
				v[i] = value(i)
			}
			before, sorted := slices.Clone(v), slices.Clone(v)
			slices.Sort(sorted)
			for _, q := range []float64{0, 0.01, 0.25, 1. / 3, 0.5, 0.75, 0.99, 0.999, 1} {
				got, want := PercentileOf(v, q), Percentile(sorted, q)
				if math.Float64bits(got) != math.Float64bits(want) {
					t.Fatalf("%s, n %d, q %v: %v, want %v", name, n, q, got, want)
				}
			}
			if !slices.Equal(v, before) {
				t.Fatalf("%s, n %d: the values were moved", name, n)
			}
		}
	}
}

func BenchmarkPercentileOf(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	v := make([]int64, 500_000)
	for i := range v {
		v[i] = int64(1e6 * math.Exp(0.2*r.NormFloat64()))
	}
	for b.Loop() {
		PercentileOf(v, 0.5)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(v)), "ns/value")
}
