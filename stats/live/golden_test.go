package live

import (
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/paired"
	"github.com/tailscope/tailscope/stats/ranktest"
)

func TestGoldenRankTests(t *testing.T) {
	for _, s := range statstest.ReadGolden(t).Sets {
		d := make([]float64, len(s.X))
		var live pairStats
		for i := range d {
			d[i] = float64(s.Y[i]) - float64(s.X[i])
			p := paired.Pair{Eager: s.X[i], Optimized: s.Y[i]}
			live.add(p, p.Log())
		}
		if s.Wilcoxon == nil {
			continue
		}
		w := ranktest.Wilcoxon(d)
		statstest.Near(t, s.Name+" W", w.Statistic, s.Wilcoxon[0].(float64), 1e-12)
		statstest.Near(t, s.Name+" W p", w.P, s.Wilcoxon[1].(float64), 1e-9)
		if w.Exact != s.Wilcoxon[2].(bool) {
			t.Errorf("%s n=%d: exact %v, SciPy %v", s.Name, len(d), w.Exact, s.Wilcoxon[2])
		}
		statstest.Near(t, s.Name+" live W p", live.wilcoxon().P, s.Wilcoxon[1].(float64), 0.02)
	}
}
