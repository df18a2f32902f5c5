package paired

import (
	"math"
	"testing"
)

func TestCrossoverAtTheEnds(t *testing.T) {
	qs := []float64{.1, .5, .9}
	for name, c := range map[string]struct {
		eager, optimized []float64
		want             float64
	}{
		"wins up to the maximum": {[]float64{2, 3, 4}, []float64{1, 2, 3}, 1},
		"loses at every one":     {[]float64{1, 2, 3}, []float64{2, 3, 4}, 0},
		"wins the upper part":    {[]float64{1, 3, 5}, []float64{2, 2, 2}, 1},
		"equal":                  {[]float64{1, 2, 3}, []float64{1, 2, 3}, math.NaN()},
		"nothing":                {nil, nil, math.NaN()},
	} {
		got := Crossover(c.eager, c.optimized, qs[:len(c.eager)])
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
