package paired

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// Running second is found to be what it is, whatever the lanes differ by, and is
// claimed of nothing in no more than one of twenty sessions.
func TestOrderEffect(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	session := func(n int, second, optimized float64) (o Order) {
		for range n {
			first, shared := stats.Lane(r.IntN(2)), 2e6*math.Exp(.3*r.NormFloat64())
			x := [stats.NumLanes]float64{shared * math.Exp(.05*r.NormFloat64()), optimized * shared * math.Exp(.05*r.NormFloat64())}
			x[1-first] *= second
			o.Add(first, Pair{Eager: int64(x[stats.Eager]), Optimized: int64(x[stats.Optimized])})
		}
		return o
	}
	const trials = 1000
	claims, covers := 0, 0
	for range trials {
		o := session(200, 1, .8)
		if o.Effect().Told() {
			claims++
		}
		o = session(200, .95, 1.2)
		if s := o.Effect(); s.Lo <= .95 && .95 <= s.Hi {
			covers++
		}
	}
	if claims > 70 || covers < 930 {
		t.Errorf("claimed of nothing in %d of %d, covers in %d", claims, trials, covers)
	}
	o := session(2000, .95, 1)
	if s := o.Effect(); math.Abs(s.Ratio-.95) > .01 || s.Hi >= 1 {
		t.Errorf("running second: %+v, want 0.95", s)
	}
	var one Order
	for range 1000 {
		one.Add(stats.Eager, Pair{Eager: 10, Optimized: 11})
	}
	if s := one.Effect(); !math.IsNaN(s.Ratio) {
		t.Errorf("one order tells of both: %+v", s)
	}
}
