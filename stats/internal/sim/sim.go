package sim

import (
	"math"
	"math/rand/v2"
)

// Condition is a kind of noise. Lane medians are about 2 ms; Gain speeds the
// optimized lane up by a share (0.03: 3 %).
type Condition struct {
	Name string
	// Lag1 is the correlation of neighbours within a lane's own noise; noise that
	// both lanes share is not counted.
	Lag1 float64
	make func(r *rand.Rand) source
}

// source draws the next pair as factors of 2 ms.
type source func(i, n int) (eager, optimized float64)

// Pair is one request's latency in both lanes, ns, and the length its prompt
// had (0: all the same).
type Pair struct {
	Eager, Optimized int64
	Length           int
}

// Session draws n pairs.
func (c *Condition) Session(seed uint64, n int, gain float64) []Pair {
	r := rand.New(rand.NewPCG(seed, 0x5e55))
	src := c.make(r)
	out := make([]Pair, n)
	for i := range out {
		e, o := src(i, n)
		out[i] = Pair{Eager: int64(2e6 * e), Optimized: int64(2e6 * o * (1 - gain))}
		if c.Name == "tied" {
			out[i].Eager, out[i].Optimized = tick(out[i].Eager), tick(out[i].Optimized)
		}
	}
	return out
}

// tick is a clock of 2 % of the median.
func tick(ns int64) int64 { return (ns + 20e3) / 40e3 * 40e3 }

// ar is a first-order process of standard deviation 1.
func ar(r *rand.Rand, rho float64) func() float64 {
	x := r.NormFloat64()
	return func() float64 {
		x = rho*x + math.Sqrt(1-rho*rho)*r.NormFloat64()
		return x
	}
}

// each draws both lanes independently.
func each(draw func() float64) source {
	return func(int, int) (float64, float64) { return draw(), draw() }
}

// times multiplies the lanes of an independent lognormal of this sigma by what they share.
func times(r *rand.Rand, sigma float64, shared func(i, n int) float64) source {
	return func(i, n int) (float64, float64) {
		s := shared(i, n)
		return s * math.Exp(sigma*r.NormFloat64()), s * math.Exp(sigma*r.NormFloat64())
	}
}

func own(rho float64) func(*rand.Rand) source {
	return func(r *rand.Rand) source {
		a, b := ar(r, rho), ar(r, rho)
		return func(int, int) (float64, float64) { return math.Exp(.1 * a()), math.Exp(.1 * b()) }
	}
}

func wanders(rho float64) func(*rand.Rand) source {
	return func(r *rand.Rand) source {
		x := ar(r, rho)
		return times(r, .05, func(int, int) float64 { return math.Exp(.2 * x()) })
	}
}

// Conditions are those of docs/statistics.md.
var Conditions = []Condition{
	{"iid", 0, func(r *rand.Rand) source { return each(func() float64 { return math.Exp(.1 * r.NormFloat64()) }) }},
	{"pareto5", 0, func(r *rand.Rand) source {
		return each(func() float64 {
			x := math.Exp(.1 * r.NormFloat64())
			if r.Float64() < .05 {
				x *= math.Pow(1-r.Float64(), -1/1.5)
			}
			return x
		})
	}},
	{"bimodal3", 0, func(r *rand.Rand) source {
		return each(func() float64 {
			x := math.Exp(.1 * r.NormFloat64())
			if r.Float64() < .03 {
				x *= 8
			}
			return x
		})
	}},
	{"mix", 0, func(r *rand.Rand) source {
		return times(r, .07, func(int, int) float64 { return [...]float64{1, 1, 2.25, 9}[r.IntN(4)] })
	}},
	{"shared", 0, func(r *rand.Rand) source {
		return times(r, .05, func(int, int) float64 { return math.Exp(.5 * r.NormFloat64()) })
	}},
	{"tied", 0, func(r *rand.Rand) source { return each(func() float64 { return math.Exp(.02 * r.NormFloat64()) }) }},
	{"ar5own", .5, own(.5)},
	{"ar9own", .9, own(.9)},
	{"ar5shared", 0, wanders(.5)},
	{"ar9shared", 0, wanders(.9)},
	{"ar98shared", 0, wanders(.98)},
	{"noisy", 0, func(r *rand.Rand) source {
		return times(r, .05, func(i, _ int) float64 { return [...]float64{1, 1.5}[btoi(i%50 < 10)] })
	}},
	{"bursts", 0, func(r *rand.Rand) source {
		left := 0
		return times(r, .07, func(int, int) float64 {
			if left > 0 {
				left--
				return 4
			}
			if r.Float64() < .03/20 {
				left = 20
			}
			return 1
		})
	}},
	{"drift", 0, func(r *rand.Rand) source {
		return times(r, .07, func(i, n int) float64 { return 1 + .2*float64(i)/float64(n) })
	}},
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
