package quantile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// 64 decode steps a request that are as slow as their request: the interval of
// their p99 covers as one of so many requests, not of 64 times as many.
func TestClusteredCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, c := range []struct {
		share  float64 // of the log variance that is the request's
		lo, hi int     // of N
	}{{.95, 600, 12000}, {0, 20000, 38400}} {
		const trials, requests, steps = 60, 600, 64
		truth := math.Exp(.3 * 2.3263478740408408)
		cover, offered, n := 0, 0, 0
		for range trials {
			var v []int64
			sizes := make([]int, requests)
			for i := range sizes {
				sizes[i] = steps
				own := math.Sqrt(c.share) * r.NormFloat64()
				for range steps {
					v = append(v, int64(1e6*math.Exp(.3*(own+math.Sqrt(1-c.share)*r.NormFloat64()))))
				}
			}
			sorted := slices.Clone(v)
			slices.Sort(sorted)
			q := Clustered(v, sizes, sorted, .99, 1)
			n += q.N / trials
			if math.IsNaN(q.Lo) {
				continue
			}
			offered++
			if q.Lo <= 1e6*truth && 1e6*truth <= q.Hi {
				cover++
			}
		}
		if float64(cover) < .85*float64(offered) || offered < trials/2 || n < c.lo || n > c.hi {
			t.Errorf("share %v: %d of %d cover, as good as %d values", c.share, cover, offered, n)
		}
	}
}
