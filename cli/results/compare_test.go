package results

import (
	"math"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/stats/between"
)

// Long labels keep their columns, and nanoseconds their digits: two files of pytest-benchmark
// read 0.0001 against 0.0001, 0.6933 times as much.
func TestComparisonOfSmallTimesAndLongLabels(t *testing.T) {
	var out strings.Builder
	printComparison(&out, &compare.Comparison{A: "a", B: "b", Changes: []compare.Change{
		{Label: "t_bench.py::test_sqrt", Quantity: "mean_ms", Change: between.Change{A: 0.00009807, B: 0.00006799, Ratio: 0.6933, Lo: math.NaN(), Hi: math.NaN()}},
		{Label: "eager", Quantity: "p999_ms", Change: between.Change{A: 12.5, B: math.NaN(), Ratio: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}},
	}})
	var rows []string
	for _, l := range strings.Split(out.String(), "\n") {
		if strings.HasPrefix(l, "  ") {
			rows = append(rows, l)
		}
	}
	if len(rows) != 3 || !strings.Contains(rows[1], "0.00009807  0.00006799") || strings.Contains(out.String(), "NaN") {
		t.Fatalf("rows %q", rows)
	}
	if strings.Index(rows[1], "mean") != strings.Index(rows[2], "p999") {
		t.Errorf("the columns are not below one another:\n%s", strings.Join(rows, "\n"))
	}
}
