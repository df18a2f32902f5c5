package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// crossQuantiles are where the lanes are held apart to support a crossover, at
// the level crossAlpha each: both a quantile that the optimized lane wins and a
// later one that it loses must be told apart before one is spoken of.
var crossQuantiles = []float64{.05, .1, .25, .5, .75, .9, .95, .99}

const crossAlpha = .01

// Side is what is told of one quantile: below 0 the optimized lane is faster,
// above 0 the eager one, 0 neither.
type Side struct {
	Q    float64
	Told int
}

// sideOf is what an interval of optimized − eager tells of a quantile.
func sideOf(q, lo, hi float64) Side {
	switch {
	case hi < 0:
		return Side{q, -1}
	case lo > 0:
		return Side{q, 1}
	}
	return Side{q, 0}
}

// sides asks at each of crossQuantiles for the share of pairs in which only one
// lane lies beyond its quantile, as Estimates does for the p99. inflation is how
// far neighbours are alike.
func sides(pairs []Pair, eager, optimized []int64, inflation float64) []Side {
	n := float64(len(pairs))
	f := factor(n, inflation, crossAlpha, false)
	if math.IsInf(f, 1) {
		return nil
	}
	e, o := percentilesOf(eager), percentilesOf(optimized)
	var out []Side
	for _, q := range crossQuantiles {
		if len(pairs) < quantile.Need(math.Max(q, 1-q)) {
			continue
		}
		ue, uo := int64(e(q)), int64(o(q))
		differ := 0
		for i := range pairs {
			if (pairs[i].Eager > ue) != (pairs[i].Optimized > uo) {
				differ++
			}
		}
		half := (f*math.Sqrt(float64(differ+2)*inflation) + 1) / n / 2
		if q-half <= 0 || q+half >= 1 {
			continue
		}
		out = append(out, sideOf(q, o(q-half)-e(q+half), o(q+half)-e(q-half)))
	}
	return out
}

// Supported sets the crossover to at where what is told on both sides of it
// bears it, with the quantiles between which it lies, and leaves it NaN
// otherwise. 1, the optimized lane wins up to the largest, and 0, it wins at
// none, need a quantile told and none against it.
func Supported(v *stats.PairView, at float64, told []Side) {
	v.Crossover, v.CrossLo, v.CrossHi = math.NaN(), math.NaN(), math.NaN()
	wins, loses := -1.0, 2.0 // last quantile that is won, first that is lost
	ordered := true
	for _, s := range told {
		switch {
		case s.Told < 0:
			wins = s.Q
			ordered = ordered && loses > 1
		case s.Told > 0 && loses > 1:
			loses = s.Q
		}
	}
	switch {
	case !ordered, wins < 0 && loses > 1, math.IsNaN(at):
	case loses > 1 && at == 1, wins < 0 && at == 0:
		v.Crossover = at
	case wins >= 0 && loses <= 1 && wins <= at && at <= loses:
		v.Crossover, v.CrossLo, v.CrossHi = at, wins, loses
	}
}
