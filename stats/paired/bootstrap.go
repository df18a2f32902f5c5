package paired

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// BootstrapOptions sets up Bootstrap. The zero value is usable.
type BootstrapOptions struct {
	Resamples int    // 0: 1,000
	Block     int    // pairs a block; 0: ⌈n^⅓⌉
	Seed      uint64 // same seed, same result
	Quantiles []float64
}

// BootstrapResult holds 95 % percentile intervals of what pairs tell, ns.
// A band is NaN where n(1−q) or nq is under 20: there the bootstrap of a
// quantile is not to be trusted and none is offered.
type BootstrapResult struct {
	N, Block, Resamples int
	Segment             int32 // set by PairSample, so that a late result can be told
	DeltaQ              []float64
	Delta               []float64    // quantile(optimized) − quantile(eager) of the pairs themselves
	Lo, Hi              []float64    // of the same
	MeanLo, MeanHi      float64      // of mean(optimized − eager); NaN below 100 pairs
	Second              stats.Second // set by who knows the order; zero: not known
}

// bootMin is the number of samples that must lie beyond a quantile, meanMin that
// of pairs for an interval of the mean, which covers 90 % with fewer
// (TestBootstrapCoverageAtTheEdge).
const (
	bootMin = 20
	meanMin = 100
)

// Bootstrap resamples whole blocks of consecutive pairs (the moving-block
// bootstrap: Künsch, Annals of Statistics 17, 1989), because latencies near a
// recompile are correlated, and keeps the two lanes of a request together.
// It is pure and takes tens of milliseconds for 4,096 pairs: run it beside the
// goroutine that owns the Collector and hand the result to SetBootstrap.
func Bootstrap(pairs []Pair, o BootstrapOptions) BootstrapResult {
	n := len(pairs)
	if o.Resamples <= 0 {
		o.Resamples = 1000
	}
	if o.Block <= 0 {
		o.Block = int(math.Ceil(math.Cbrt(float64(n))))
	}
	o.Block = max(1, min(o.Block, n))
	if o.Quantiles == nil {
		o.Quantiles = DeltaQuantiles
	}
	r := BootstrapResult{N: n, Block: o.Block, Resamples: o.Resamples, DeltaQ: o.Quantiles,
		Lo: quantile.NaNs(len(o.Quantiles)), Hi: quantile.NaNs(len(o.Quantiles)), MeanLo: math.NaN(), MeanHi: math.NaN()}
	if n == 0 {
		r.Delta = quantile.NaNs(len(o.Quantiles))
		return r
	}
	b := newResampler(pairs, o)
	for _, q := range o.Quantiles {
		r.Delta = append(r.Delta, quantile.Percentile(b.sorted[stats.Optimized], q)-quantile.Percentile(b.sorted[stats.Eager], q))
	}
	if n < 2*bootMin {
		return r
	}
	for i := range o.Resamples {
		b.draw(i)
	}
	for k, q := range o.Quantiles {
		if float64(n)*(1-q) >= bootMin-1e-9 && float64(n)*q >= bootMin-1e-9 {
			r.Lo[k], r.Hi[k] = percentileInterval(b.deltas[k])
		}
	}
	if n >= meanMin {
		r.MeanLo, r.MeanHi = percentileInterval(b.means)
	}
	return r
}

// resampler draws resamples as counts per rank, which gives their quantiles
// without sorting.
type resampler struct {
	pairs  []Pair
	o      BootstrapOptions
	rng    *rand.Rand
	ranks  [stats.NumLanes][]int32 // of each pair's latency
	sums   []int64                 // of the differences of all pairs before; nil: they are not exact in a float64
	sorted [stats.NumLanes][]int64
	starts []int32 // of the blocks drawn
	counts [stats.NumLanes][]uint16
	deltas [][]float64 // per quantile, per resample
	means  []float64
	values [stats.NumLanes][]float64
}

func newResampler(pairs []Pair, o BootstrapOptions) *resampler {
	n := len(pairs)
	b := &resampler{pairs: pairs, o: o, rng: rand.New(rand.NewPCG(o.Seed, uint64(n))),
		means: make([]float64, o.Resamples), sums: differences(pairs)}
	order := make([]int32, n)
	for l := range b.ranks {
		wall := func(i int32) int64 {
			if l == int(stats.Eager) {
				return pairs[i].Eager
			}
			return pairs[i].Optimized
		}
		orderBy(order, wall)
		b.ranks[l], b.sorted[l] = make([]int32, n), make([]int64, n)
		for rank, i := range order {
			b.ranks[l][i], b.sorted[l][rank] = int32(rank), wall(i)
		}
		b.counts[l], b.values[l] = make([]uint16, n), make([]float64, len(o.Quantiles))
	}
	for range o.Quantiles {
		b.deltas = append(b.deltas, make([]float64, o.Resamples))
	}
	return b
}

// orderBy sorts the indices of order by value, equal values by index.
func orderBy(order []int32, value func(int32) int64) {
	keys := make([]int64, len(order)) // value and index in one number, where both fit
	shift := bits.Len(uint(len(order)))
	fit := true
	for i := range keys {
		v := value(int32(i))
		fit = fit && v >= 0 && bits.Len64(uint64(v))+shift < 64
		keys[i] = v<<shift | int64(i)
		order[i] = int32(i)
	}
	if !fit {
		slices.SortFunc(order, func(x, y int32) int { return cmp.Or(cmp.Compare(value(x), value(y)), cmp.Compare(x, y)) })
		return
	}
	quantile.SortInts(keys)
	for rank, k := range keys {
		order[rank] = int32(k & (1<<shift - 1))
	}
}

// differences adds up the differences of pairs, where no sum of n of them can
// exceed what a float64 holds exactly.
func differences(pairs []Pair) []int64 {
	sums := make([]int64, len(pairs)+1)
	for i, p := range pairs {
		d := p.Optimized - p.Eager
		if most := 1 << 53 / int64(len(pairs)); d >= most || d <= -most {
			return nil
		}
		sums[i+1] = sums[i] + d
	}
	return sums
}

func (b *resampler) draw(i int) {
	n := len(b.pairs)
	sum := 0.0
	b.starts = b.starts[:0]
	for left := n; left > 0; left -= b.o.Block {
		at := b.rng.IntN(n - b.o.Block + 1)
		to := at + min(b.o.Block, left)
		b.starts = append(b.starts, int32(at))
		if b.sums != nil {
			sum += float64(b.sums[to] - b.sums[at])
			continue
		}
		for _, p := range b.pairs[at:to] {
			sum += float64(p.Optimized - p.Eager)
		}
	}
	b.means[i] = sum / float64(n)
	for l, counts := range b.counts { // one lane after the other: a cache may hold the counts of one
		clear(counts)
		left := n
		for _, at := range b.starts {
			size := min(b.o.Block, left)
			for _, r := range b.ranks[l][at : int(at)+size] {
				counts[r]++
			}
			left -= size
		}
		countedQuantiles(b.sorted[l], counts, b.o.Quantiles, b.values[l])
	}
	for k := range b.o.Quantiles {
		b.deltas[k][i] = b.values[stats.Optimized][k] - b.values[stats.Eager][k]
	}
}

// countedQuantiles computes ascending quantiles of sorted values that occur
// counts times each, n in all.
func countedQuantiles(sorted []int64, counts []uint16, qs, out []float64) {
	n := len(sorted)
	cum, at := 0, -1 // cum: occurrences up to and with at
	for k, q := range qs {
		pos := q * float64(n-1)
		lo := int(pos)
		for cum <= lo {
			at++
			cum += int(counts[at])
		}
		a, c := float64(sorted[at]), float64(sorted[at])
		if cum <= lo+1 && lo+1 < n {
			j := at + 1
			for counts[j] == 0 {
				j++
			}
			c = float64(sorted[j])
		}
		out[k] = quantile.Lerp(a, c, pos-float64(lo))
	}
}

func percentileInterval(v []float64) (lo, hi float64) {
	slices.Sort(v)
	return quantile.Percentile(v, (1-quantile.Confidence)/2), quantile.Percentile(v, (1+quantile.Confidence)/2)
}

// Apply puts the bands into a view and keeps its crossover where they bear it: a
// view without bands has none.
func (r *BootstrapResult) Apply(v *stats.PairView) {
	var told []Side
	if r != nil && len(v.DeltaQ) == len(r.DeltaQ) {
		v.DeltaLo, v.DeltaHi, v.BlockLen, v.Second = r.Lo, r.Hi, r.Block, r.Second
		for i, q := range r.DeltaQ {
			told = append(told, sideOf(q, r.Lo[i], r.Hi[i]))
		}
	}
	Supported(v, v.Crossover, told)
}
