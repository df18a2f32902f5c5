package stats

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("TAILSCOPE_SLOW") == "" {
		t.Skip("set TAILSCOPE_SLOW=1 to simulate coverage")
	}
}

// population draws latencies and knows its quantiles.
type population struct {
	name     string
	draw     func(r *rand.Rand) float64
	quantile func(q float64) float64
	mean     float64 // NaN: the variance is infinite
}

func populations() []population {
	logn := func(r *rand.Rand) float64 { return 2e6 * math.Exp(0.4*r.NormFloat64()) }
	bi := func(r *rand.Rand) float64 {
		if r.Float64() < 0.7 {
			return 1e6 * math.Exp(0.05*r.NormFloat64())
		}
		return 4e6 * math.Exp(0.1*r.NormFloat64())
	}
	pareto := func(r *rand.Rand) float64 { return 1e6 * math.Pow(1-r.Float64(), -1/1.5) }
	big := func(draw func(*rand.Rand) float64) func(float64) float64 { // by simulation, once
		r := rand.New(rand.NewPCG(99, 99))
		v := make([]float64, 4_000_000)
		for i := range v {
			v[i] = draw(r)
		}
		slices.Sort(v)
		return func(q float64) float64 { return v[int(q*float64(len(v)-1))] }
	}
	return []population{{"lognormal", logn, big(logn), 2e6 * math.Exp(0.4*0.4/2)},
		{"bimodal", bi, big(bi), 0.7*1e6*math.Exp(0.05*0.05/2) + 0.3*4e6*math.Exp(0.1*0.1/2)},
		{"heavy", pareto, func(q float64) float64 { return 1e6 * math.Pow(1-q, -1/1.5) }, math.NaN()}}
}

// The interval from order statistics covers at least 94.5 % for every
// distribution: it is conservative.
func TestOrderIntervalCoverage(t *testing.T) {
	slow(t)
	const trials = 20000
	for _, p := range populations() {
		for _, c := range []struct {
			n int
			q float64
		}{{30, .5}, {270, .5}, {100, .9}, {500, .99}, {1000, .99}, {5000, .999}} {
			if c.n > 1000 && testing.Short() {
				continue
			}
			r := rand.New(rand.NewPCG(uint64(c.n), uint64(1e4*c.q)))
			truth := p.quantile(c.q)
			hit, tried := 0, trials*500/max(c.n, 500)
			v := make([]int64, c.n)
			for range tried {
				for i := range v {
					v[i] = int64(p.draw(r))
				}
				slices.Sort(v)
				q := ExactQuantile(v, c.q)
				if q.Lo <= truth && truth <= q.Hi || math.IsNaN(q.Lo) {
					hit++
				}
			}
			cover := float64(hit) / float64(tried)
			t.Logf("%s n=%d q=%v: %.2f %% of %d", p.name, c.n, c.q, 100*cover, tried)
			if cover < 0.945-3*math.Sqrt(.05*.95/float64(tried)) {
				t.Errorf("%s n=%d q=%v covers %.2f %%", p.name, c.n, c.q, 100*cover)
			}
		}
	}
}

// The fast ranks are never tighter than 95 % and at most two ranks a side wider
// than the exact ones.
func TestOrderRanksFast(t *testing.T) {
	for _, q := range []float64{.01, .1, .5, .9, .95, .99, .999} {
		for n := 1000; n < 3_000_000; n = n*13/10 + 7 {
			lo, hi, ok := orderRanksFast(n, q)
			elo, ehi, eok := OrderRanks(n, q)
			if !ok || !eok {
				if ok != eok {
					t.Errorf("n %d q %v: fast %v, exact %v", n, q, ok, eok)
				}
				continue
			}
			if lo > elo || hi < ehi || lo < elo-3 || hi > ehi+3 {
				t.Errorf("n %d q %v: fast %d-%d, exact %d-%d", n, q, lo, hi, elo, ehi)
			}
		}
	}
}

// The bands of the block bootstrap cover 92 to 98 % of the true difference of
// quantiles where they are offered, for independent and for correlated pairs.
func TestBootstrapCoverage(t *testing.T) {
	slow(t)
	const trials, n = 1000, 2000
	qs := []float64{.05, .5, .9, .95, .99}
	for _, p := range populations() {
		for _, correlated := range []bool{false, true} {
			r := rand.New(rand.NewPCG(7, 7))
			hits, offered := make([]int, len(qs)), make([]int, len(qs))
			truth := make([]float64, len(qs))
			for k, q := range qs {
				truth[k] = 0.8*p.quantile(q) - p.quantile(q)
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
				t.Logf("%s correlated=%v q=%v: %.1f %% of %d", p.name, correlated, q, 100*cover, offered[k])
				if tol := 2 * math.Sqrt(.05*.95/float64(offered[k])); cover < .92-tol || cover > .98+tol {
					t.Errorf("%s q=%v covers %.1f %%", p.name, q, 100*cover)
				}
			}
		}
	}
}

// The same at the edge of what is offered: with just 20 samples beyond the
// quantile. The mean's interval is offered from 40 pairs on; it needs a
// variance, so the heavy tail is left out.
func TestBootstrapCoverageAtTheEdge(t *testing.T) {
	slow(t)
	const trials = 2000
	for _, p := range populations() {
		for _, c := range []struct {
			n int
			q float64
		}{{40, .5}, {100, .8}, {200, .9}, {400, .95}} {
			r := rand.New(rand.NewPCG(17, uint64(c.n)))
			truth, mean := 0.8*p.quantile(c.q)-p.quantile(c.q), -0.2*p.mean
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
			t.Logf("%s n=%d q=%v: %.1f %%, mean %.1f %%", p.name, c.n, c.q, 100*cover, 100*meanCover)
			if cover < .92-tol || cover > .98+tol {
				t.Errorf("%s n=%d q=%v covers %.1f %%", p.name, c.n, c.q, 100*cover)
			}
			if !math.IsNaN(p.mean) && c.n >= 100 && (meanCover < .92-tol || meanCover > .98+tol) {
				t.Errorf("%s n=%d: the mean covers %.1f %%", p.name, c.n, 100*meanCover)
			}
		}
	}
}

// drawPairs draws two lanes with the same marginals up to a factor of 0.8. Correlated
// ones repeat the rank of their neighbour half of the time.
func drawPairs(r *rand.Rand, p population, n int, correlated bool) []Pair {
	pairs := make([]Pair, n)
	for i := range pairs {
		pairs[i] = Pair{Eager: int64(p.draw(r)), Optimized: int64(0.8 * p.draw(r))}
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
	v := DescribePairs(pairs)
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
			if out[k] != Percentile(all, q) {
				t.Fatalf("q %v: %v, want %v", q, out[k], Percentile(all, q))
			}
		}
	}
}

func isSlow() bool { return os.Getenv("TAILSCOPE_SLOW") != "" }

// The Clopper-Pearson interval covers at least 95 % for every true share:
// computed, not simulated.
func TestClopperPearsonCoverage(t *testing.T) {
	for _, n := range []int{5, 30, 200} {
		for _, p := range []float64{.001, .01, .1, .37, .5, .99} {
			cover := 0.0
			for k := range n + 1 {
				if lo, hi := ClopperPearson(k, n); lo <= p && p <= hi {
					cover += binomCDF(k, n, p) - binomCDF(k-1, n, p)
				}
			}
			if cover < .95-1e-9 {
				t.Errorf("n %d p %v covers %v", n, p, cover)
			}
		}
	}
}
