package stats

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// golden is testdata/golden.json, written by testdata/golden.py with SciPy.
type golden struct {
	Sets []struct {
		Name      string
		X, Y      []int64
		Qs        []float64
		Quantiles []float64
		Mean      float64
		Std       *float64
		Geomean   float64
		MWU       []any
		Wilcoxon  []any
	}
	Ranks       [][]float64
	Proportions [][]float64
	Holm        [2][]float64
	Bootstrap   struct {
		Sets []struct {
			Name  string
			X, Y  []int64
			Qs    []float64
			Block int
			Delta [][2]float64
			Mean  [2]float64
		}
		Coverage [][]any // name, correlated, quantile, trials, hits
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if math.Abs(got-want) > rel*math.Max(math.Abs(want), 1e-300) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestGoldenQuantilesAndMoments(t *testing.T) {
	for _, s := range readGolden(t).Sets {
		sorted := slices.Clone(s.X)
		slices.Sort(sorted)
		var d dist
		for _, v := range s.X {
			d.record(v)
		}
		for i, q := range s.Qs {
			near(t, s.Name+" quantile", Percentile(sorted, q), s.Quantiles[i], 1e-12)
			near(t, s.Name+" live quantile", d.quantile(q), s.Quantiles[i], 1e-12)
		}
		near(t, s.Name+" mean", d.mean(), s.Mean, 1e-12)
		if s.Std != nil {
			near(t, s.Name+" std", d.std(), *s.Std, 1e-9)
		}
	}
}

func TestGoldenOrderRanks(t *testing.T) {
	for _, r := range readGolden(t).Ranks {
		lo, hi, ok := OrderRanks(int(r[0]), r[1])
		if !ok {
			lo, hi = 0, 0
		}
		if lo != int(r[2]) || hi != int(r[3]) {
			t.Errorf("n %v q %v: ranks %d, %d, SciPy %v, %v", r[0], r[1], lo, hi, r[2], r[3])
		}
	}
}

func TestGoldenRankTests(t *testing.T) {
	for _, s := range readGolden(t).Sets {
		d := make([]float64, len(s.X))
		var live pairStats
		for i := range d {
			d[i] = float64(s.Y[i]) - float64(s.X[i])
			live.add(Pair{Eager: s.X[i], Optimized: s.Y[i]})
		}
		if len(d) > 40 && s.Name != "ties" {
			var a, b hist
			for i := range d {
				a.record(s.X[i])
				b.record(s.Y[i])
			}
			near(t, s.Name+" U p from histograms", mannWhitneyHist(&a, &b).P, s.MWU[1].(float64), 0.02)
		}
		if s.Wilcoxon == nil {
			continue
		}
		w := Wilcoxon(d)
		near(t, s.Name+" W", w.Statistic, s.Wilcoxon[0].(float64), 1e-12)
		near(t, s.Name+" W p", w.P, s.Wilcoxon[1].(float64), 1e-9)
		if w.Exact != s.Wilcoxon[2].(bool) {
			t.Errorf("%s n=%d: exact %v, SciPy %v", s.Name, len(d), w.Exact, s.Wilcoxon[2])
		}
		near(t, s.Name+" live W p", live.wilcoxon().P, s.Wilcoxon[1].(float64), 0.02)
	}
}

func TestGoldenProportionsAndHolm(t *testing.T) {
	g := readGolden(t)
	for _, r := range g.Proportions {
		lo, hi := ClopperPearson(int(r[0]), int(r[1]))
		near(t, "Clopper-Pearson low", lo, r[2], 1e-6)
		near(t, "Clopper-Pearson high", hi, r[3], 1e-6)
	}
	for i, p := range Holm(g.Holm[0]) {
		near(t, "Holm", p, g.Holm[1][i], 1e-12)
	}
}

// Wilcoxon 1945 and every table since: two-sided p of W for small n.
func TestWilcoxonTable(t *testing.T) {
	for _, c := range []struct {
		w, n int
		p    float64
	}{{0, 5, 2.0 / 32}, {0, 6, 2.0 / 64}, {2, 7, 6.0 / 128}, {3, 8, 10.0 / 256}, {8, 10, 50.0 / 1024}} {
		near(t, "table", wilcoxonP(c.w, c.n), c.p, 1e-12)
	}
}

func TestNeed(t *testing.T) {
	for q, n := range map[float64]int{.5: 7, .9: 44, .95: 90, .99: 459, .999: 4603} {
		if got := Need(q); got != n {
			t.Errorf("Need(%v) = %d, want %d", q, got, n)
		}
	}
}
