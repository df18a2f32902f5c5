package paired

import (
	"math"

	"github.com/tailscope/tailscope/stats"
)

// Order tells what running second does to a request, from pairs whose order was
// drawn: where the optimized lane ran second its ratio to the eager one holds the
// effect once, where it ran first once the other way round.
type Order struct{ first [stats.NumLanes]Series }

// Add takes in the next pair, and which lane ran first.
func (o *Order) Add(first stats.Lane, p Pair) {
	if p.Eager > 0 && p.Optimized > 0 {
		o.first[first].Add(math.Log(float64(p.Optimized) / float64(p.Eager)))
	}
}

// OrderOf takes in pairs, and which lane ran first in each.
func OrderOf(pairs []Pair, first []stats.Lane) *Order {
	o := new(Order)
	for i, p := range pairs {
		o.Add(first[i], p)
	}
	return o
}

// Effect is the latency of a lane that runs second over that of the same lane
// running first, with its 95 % interval: half the difference of the two mean log
// ratios (Welch's t by effective numbers). NaN where one order has too few pairs.
func (o *Order) Effect() stats.Second {
	e, p := &o.first[stats.Eager], &o.first[stats.Optimized]
	inflation := math.Max(e.Inflation(), p.Inflation())
	f := factor(math.Min(e.Effective(), p.Effective())*inflation, inflation, alpha, false)
	if math.IsInf(f, 1) {
		return stats.Second{Ratio: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
	}
	d, half := (e.Mean()-p.Mean())/2, f*math.Hypot(e.SE(), p.SE())/2
	return stats.Second{Ratio: math.Exp(d), Lo: math.Exp(d - half), Hi: math.Exp(d + half)}
}
