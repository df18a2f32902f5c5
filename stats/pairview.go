package stats

import "math"

// view describes the pairs; eager and optimized are the lanes' distributions
// in the same scope, for the differences of quantiles.
func (p *pairStats) view(eager, optimized *qdist) PairView {
	v := PairView{N: p.n, ShareWon: math.NaN(), RatioGeomean: math.NaN(), Crossover: math.NaN(), NoiseNs: math.NaN(), P: math.NaN(), PHolm: math.NaN()}
	v.MedianDiff, v.DiffLo, v.DiffHi = p.median()
	if p.n == 0 {
		return v
	}
	v.ShareWon = float64(p.won) / float64(p.n)
	v.P = p.rankTest()
	if p.logs > 0 {
		v.RatioGeomean = math.Exp((p.sumLog + math.Log(p.product)) / float64(p.logs))
	}
	if eager != nil {
		fillDeltas(&v, eager, optimized)
	}
	return v
}

// DeltaQuantiles are the quantiles at which the lanes are compared.
var DeltaQuantiles = []float64{.01, .05, .1, .2, .25, .3, .4, .5, .6, .7, .75, .8, .9, .95, .98, .99, .995, .999}

func fillDeltas(v *PairView, eager, optimized *qdist) {
	v.DeltaQ = DeltaQuantiles
	e, o := eager.curve(DeltaQuantiles), optimized.curve(DeltaQuantiles)
	v.Delta = make([]float64, len(e))
	v.DeltaLo, v.DeltaHi = nans(len(e)), nans(len(e))
	for i := range e {
		v.Delta[i] = o[i] - e[i]
	}
	v.Crossover = crossover(eager.curve(crossGrid), optimized.curve(crossGrid), crossGrid)
}

func nans(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// curve returns the quantiles at ascending qs.
func (d *qdist) curve(qs []float64) []float64 {
	out := make([]float64, len(qs))
	if d.n == 0 {
		return nans(len(qs))
	}
	if raw := d.values(); raw != nil {
		for i, q := range qs {
			out[i] = Percentile(raw, q)
		}
		return out
	}
	ranks := make([]uint64, len(qs))
	for i, q := range qs {
		ranks[i] = min(uint64(q*float64(d.n-1)+1.5), d.h.n())
	}
	d.h.ranks(ranks, out)
	return out
}

// crossGrid is the grid of the live crossover: p0.5 to p99.5 by halves, p99.9.
var crossGrid = func() []float64 {
	var g []float64
	for i := 1; i < 200; i++ {
		g = append(g, float64(i)/200)
	}
	return append(g, .999)
}()

// crossover is the quantile up to which the optimized lane wins: the split of
// the quantile curves that best separates "optimized faster" below from
// "eager faster" above, so that one noisy quantile does not move it. 1 when the
// optimized lane wins up to the largest, 0 when it wins at none, NaN when
// there is nothing to tell apart.
func crossover(eager, optimized, qs []float64) float64 {
	return crossoverAt(eager[:len(qs)], optimized, func(i int) float64 { return qs[i] })
}

// crossoverAt is crossover where q gives the quantile of each value.
func crossoverAt[T int64 | float64](eager, optimized []T, q func(int) float64) float64 {
	score, best, at, won, lost := 0, 0, -1, false, false
	for i := range eager {
		switch e, o := float64(eager[i]), float64(optimized[i]); {
		case o < e:
			score++
			won = true
		case o > e:
			score--
			lost = true
		}
		if score > best {
			best, at = score, i
		}
	}
	switch {
	case !won && !lost:
		return math.NaN()
	case at < 0:
		return 0
	case at == len(eager)-1 || !lost:
		return 1
	}
	d0, d1 := float64(optimized[at])-float64(eager[at]), float64(optimized[at+1])-float64(eager[at+1])
	if d1 <= d0 || d0 > 0 || d1 < 0 {
		return q(at)
	}
	return q(at) + (q(at+1)-q(at))*(-d0)/(d1-d0)
}
