package statstest

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// golden is ../testdata/golden.json, written by testdata/golden.py with SciPy.
type golden struct {
	Sets []struct {
		Name      string
		X, Y      []int64
		Qs        []float64
		Quantiles []float64
		Mean      float64
		Std       *float64
		Geomean   float64
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

func ReadGolden(t *testing.T) golden {
	t.Helper()
	b, err := os.ReadFile("../testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func Near(t *testing.T, what string, got, want, rel float64) {
	t.Helper()
	if math.Abs(got-want) > rel*math.Max(math.Abs(want), 1e-300) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
