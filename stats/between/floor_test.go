package between

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A further A/A session passes the floor of n others in 5 %, whatever n.
func TestFloorHoldsForTheNextSession(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	const trials = 20000
	for _, n := range []int{3, 6, 12} {
		beyond := 0
		for range trials {
			d := make([]float64, n)
			for i := range d {
				d[i] = .015 * r.NormFloat64()
			}
			if math.Abs(.015*r.NormFloat64()) > Floor(d) {
				beyond++
			}
		}
		if p := float64(beyond) / trials; math.Abs(p-.05) > .006 {
			t.Errorf("%d sessions: the next is beyond their floor in %.3f", n, p)
		}
	}
	if Floor([]float64{.1, .2}) != 0 || Floor([]float64{.1, .2, math.NaN()}) != 0 {
		t.Error("two sessions tell a floor")
	}
}
