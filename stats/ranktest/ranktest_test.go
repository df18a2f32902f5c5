package ranktest

import (
	"testing"

	"github.com/tailscope/tailscope/stats/internal/statstest"
	"github.com/tailscope/tailscope/stats/quantile"
)

func TestGoldenProportionsAndHolm(t *testing.T) {
	g := statstest.ReadGolden(t)
	for _, r := range g.Proportions {
		lo, hi := quantile.ClopperPearson(int(r[0]), int(r[1]))
		statstest.Near(t, "Clopper-Pearson low", lo, r[2], 1e-6)
		statstest.Near(t, "Clopper-Pearson high", hi, r[3], 1e-6)
	}
	for i, p := range Holm(g.Holm[0]) {
		statstest.Near(t, "Holm", p, g.Holm[1][i], 1e-12)
	}
}

// Wilcoxon 1945 and every table since: two-sided p of W for small n.
func TestWilcoxonTable(t *testing.T) {
	for _, c := range []struct {
		w, n int
		p    float64
	}{{0, 5, 2.0 / 32}, {0, 6, 2.0 / 64}, {2, 7, 6.0 / 128}, {3, 8, 10.0 / 256}, {8, 10, 50.0 / 1024}} {
		statstest.Near(t, "table", wilcoxonP(c.w, c.n), c.p, 1e-12)
	}
}
