package quantile

import (
	"slices"
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
)

func TestGoldenQuantilesAndMoments(t *testing.T) {
	for _, s := range statstest.ReadGolden(t).Sets {
		sorted := slices.Clone(s.X)
		slices.Sort(sorted)
		var d MomentDist
		for _, v := range s.X {
			d.Record(v)
		}
		for i, q := range s.Qs {
			statstest.Near(t, s.Name+" quantile", Percentile(sorted, q), s.Quantiles[i], 1e-12)
			statstest.Near(t, s.Name+" live quantile", d.Quantile(q), s.Quantiles[i], 1e-12)
		}
		all := Empty()
		d.Describe(&all)
		statstest.Near(t, s.Name+" mean", all.Mean, s.Mean, 1e-12)
		if s.Std != nil {
			statstest.Near(t, s.Name+" std", all.Std, *s.Std, 1e-9)
		}
	}
}

func TestGoldenOrderRanks(t *testing.T) {
	for _, r := range statstest.ReadGolden(t).Ranks {
		lo, hi, ok := OrderRanks(int(r[0]), r[1])
		if !ok {
			lo, hi = 0, 0
		}
		if lo != int(r[2]) || hi != int(r[3]) {
			t.Errorf("n %v q %v: ranks %d, %d, SciPy %v, %v", r[0], r[1], lo, hi, r[2], r[3])
		}
	}
}

func TestNeed(t *testing.T) {
	for q, n := range map[float64]int{.5: 7, .9: 44, .95: 90, .99: 459, .999: 4603} {
		if got := Need(q); got != n {
			t.Errorf("Need(%v) = %d, want %d", q, got, n)
		}
	}
}
