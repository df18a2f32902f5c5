package paired

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/quantile"
)

// The bands of the block bootstrap cover 92 to 98 % of the true difference of
// quantiles where they are offered, for independent and for correlated pairs.
func TestBootstrapCoverage(t *testing.T) {
	statstest.Slow(t)
	const trials, n = 1000, 2000
	qs := []float64{.05, .5, .9, .95, .99}
	for _, p := range statstest.Populations() {
		for _, correlated := range []bool{false, true} {
			r := rand.New(rand.NewPCG(7, 7))
			hits, offered := make([]int, len(qs)), make([]int, len(qs))
			truth := make([]float64, len(qs))
			for k, q := range qs {
				truth[k] = 0.8*p.Quantile(q) - p.Quantile(q)
			}
			for i := range trials {
				pairs := drawPairs(r, p, n, correlated)
				b := Bootstrap(pairs, BootstrapOptions{Resamples: 400, Seed: uint64(i), Quantiles: qs})
				for k := range qs {
					if math.IsNaN(b.Lo[k]) {
						continue
					}
					offered[k]++
					if b.Lo[k] <= truth[k] && truth[k] <= b.Hi[k] {
						hits[k]++
					}
				}
			}
			for k, q := range qs {
				cover := float64(hits[k]) / float64(offered[k])
				t.Logf("%s correlated=%v q=%v: %.1f %% of %d", p.Name, correlated, q, 100*cover, offered[k])
				if tol := 2 * math.Sqrt(.05*.95/float64(offered[k])); cover < .92-tol || cover > .98+tol {
					t.Errorf("%s q=%v covers %.1f %%", p.Name, q, 100*cover)
				}
			}
		}
	}
}

// The same at the edge of what is offered: with just 20 samples beyond the
// quantile. The mean's interval is offered from 40 pairs on; it needs a
// variance, so the heavy tail is left out.
func TestBootstrapCoverageAtTheEdge(t *testing.T) {
	statstest.Slow(t)
	const trials = 2000
	for _, p := range statstest.Populations() {
		for _, c := range []struct {
			n int
			q float64
		}{{40, .5}, {100, .8}, {200, .9}, {400, .95}} {
			r := rand.New(rand.NewPCG(17, uint64(c.n)))
			truth, mean := 0.8*p.Quantile(c.q)-p.Quantile(c.q), -0.2*p.Mean
			hits, meanHits := 0, 0
			for i := range trials {
				b := Bootstrap(drawPairs(r, p, c.n, false), BootstrapOptions{Resamples: 400, Seed: uint64(i), Quantiles: []float64{c.q}})
				if b.Lo[0] <= truth && truth <= b.Hi[0] {
					hits++
				}
				if b.MeanLo <= mean && mean <= b.MeanHi {
					meanHits++
				}
			}
			tol := 2 * math.Sqrt(.05*.95/trials)
			cover, meanCover := float64(hits)/trials, float64(meanHits)/trials
			t.Logf("%s n=%d q=%v: %.1f %%, mean %.1f %%", p.Name, c.n, c.q, 100*cover, 100*meanCover)
			if cover < .92-tol || cover > .98+tol {
				t.Errorf("%s n=%d q=%v covers %.1f %%", p.Name, c.n, c.q, 100*cover)
			}
			if !math.IsNaN(p.Mean) && c.n >= 100 && (meanCover < .92-tol || meanCover > .98+tol) {
				t.Errorf("%s n=%d: the mean covers %.1f %%", p.Name, c.n, 100*meanCover)
			}
		}
	}
}

// drawPairs draws two lanes with the same marginals up to a factor of 0.8. Correlated
// ones repeat the rank of their neighbour half of the time.
func drawPairs(r *rand.Rand, p statstest.Population, n int, correlated bool) []Pair {
	pairs := make([]Pair, n)
	for i := range pairs {
		pairs[i] = Pair{Eager: int64(p.Draw(r)), Optimized: int64(0.8 * p.Draw(r))}
		if correlated && i > 0 && r.Float64() < .5 {
			pairs[i] = pairs[i-1]
		}
	}
	return pairs
}

func TestBootstrapIsReproducibleAndHonest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var pairs []Pair
	for range 1500 {
		pairs = append(pairs, Pair{Eager: 1e6 + r.Int64N(1e5), Optimized: 9e5 + r.Int64N(1e5)})
	}
	a, b := Bootstrap(pairs, BootstrapOptions{Seed: 3}), Bootstrap(pairs, BootstrapOptions{Seed: 3})
	v, _ := Describe(pairs)
	for k, q := range a.DeltaQ {
		if math.Float64bits(a.Lo[k]) != math.Float64bits(b.Lo[k]) {
			t.Errorf("q %v: not reproducible", q)
		}
		if offered := 1500*(1-q) >= 20 && 1500*q >= 20; offered == math.IsNaN(a.Lo[k]) {
			t.Errorf("q %v: offered %v, band %v", q, offered, a.Lo[k])
		}
		if !math.IsNaN(a.Lo[k]) && (a.Lo[k] > v.Delta[k] || a.Hi[k] < v.Delta[k]) {
			t.Errorf("q %v: %v outside [%v, %v]", q, v.Delta[k], a.Lo[k], a.Hi[k])
		}
	}
	if a.Block != 12 {
		t.Errorf("block %d, want ⌈1500^⅓⌉ = 12", a.Block)
	}
	for _, n := range []int{0, 1, 2, 39} {
		r := Bootstrap(pairs[:n], BootstrapOptions{})
		if !math.IsNaN(r.MeanLo) {
			t.Errorf("n %d: a band from too few", n)
		}
	}
}

// Resampled quantiles by counting equal those of the sorted resample.
func TestCountedQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		n := 1 + r.IntN(50)
		sorted, counts := make([]int64, n), make([]uint16, n)
		for i := range sorted {
			sorted[i] = r.Int64N(100)
		}
		slices.Sort(sorted)
		var all []int64
		for range n {
			i := r.IntN(n)
			counts[i]++
			all = append(all, sorted[i])
		}
		slices.Sort(all)
		qs := []float64{0, .1, .5, .77, .99, 1}
		out := make([]float64, len(qs))
		countedQuantiles(sorted, counts, qs, out)
		for k, q := range qs {
			if out[k] != quantile.Percentile(all, q) {
				t.Fatalf("q %v: %v, want %v", q, out[k], quantile.Percentile(all, q))
			}
		}
	}
}
