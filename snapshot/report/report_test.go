package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
)

// TestReportSaysHowSureItIs: a share with its interval, computed by
// scipy.stats.binomtest(79, 1244).proportion_ci(method="exact"), and a p99
// without a cause in parentheses where too few samples are left.
func TestReportSaysHowSureItIs(t *testing.T) {
	s := &stats.SummaryFile{Groups: []stats.GroupSummary{
		{Lane: "eager", Scenario: "*", Segment: "*", N: 1244, SLOMissed: 79. / 1244},
		{Lane: "eager", Scenario: "chat", Segment: "*", N: 44, SLOMissed: 0},
		{Lane: "optimized", Scenario: "*", Segment: "*", N: 460, SLOMissed: stats.Num(math.NaN())}},
		Causes: []stats.CauseSummary{{Lane: "eager", Cause: "host", N: 5, P99MsWithout: 12}, {Lane: "optimized", Cause: "compile", N: 5, P99MsWithout: 12}}}
	got := sloSentences(&folder.Manifest{Settings: folder.Settings{SLONs: 20e6}}, s)
	if len(got) != 1 || !strings.Contains(got[0], "The eager lane missed the service level of 20ms in 6.35 % of 1244 requests (95 %: 5.06 to 7.85)") {
		t.Errorf("%q", got)
	}
	rows := causesTable(s).rows
	if rows[0][3] != "12.00" || rows[1][3] != "(12.00)" {
		t.Errorf("%q", rows)
	}
}

// TestReportIsNoFinerThanItsSamples: a crossover has the digits that its pairs
// tell, and the columns that not every session has are in parentheses where
// too few samples support them.
func TestReportIsNoFinerThanItsSamples(t *testing.T) {
	nan := stats.Num(math.NaN())
	for _, c := range []struct {
		q, lo, hi stats.Num
		n         int
		want      string
	}{
		{nan, nan, nan, 500, ""}, {.9577, nan, nan, 500, ""},
		{0, nan, nan, 500, "It loses at every quantile at which the lanes are told apart."},
		{1, nan, nan, 500, "It wins at every quantile at which the lanes are told apart."},
		{.9577, .9, .99, 500, "It wins up to the quantile 0.96 [0.9, 0.99] and loses beyond."},
		{.9577, .95, .99, 1000, "It wins up to the quantile 0.958 [0.95, 0.99] and loses beyond."},
	} {
		if got := crossover(&stats.PairSummary{N: c.n, CrossoverQ: c.q, CrossoverLo: c.lo, CrossoverHi: c.hi}); got != c.want {
			t.Errorf("%v of %d pairs: %q, want %q", c.q, c.n, got, c.want)
		}
	}
	s := &stats.SummaryFile{Groups: []stats.GroupSummary{{Lane: "eager", Scenario: "*", Segment: "*", N: 60, TTFTP99Ms: 12, ITLP99Ms: 3, ITLN: 480,
		ResponseP50Ms: 5, ResponseP99Ms: 70, DeviceP50Ms: stats.Num(math.NaN()), Errors: 2}}}
	got := lanesTable(s, func(*stats.GroupSummary) bool { return true }, "lane")
	cells := map[string]string{}
	for i, h := range got.head {
		cells[h] = got.rows[0][i]
	}
	for h, want := range map[string]string{"response p50": "5.000", "response p99": "(70.00)", "TTFT p99": "(12.00)", "ITL p99": "3.000", "failed": "2"} {
		if cells[h] != want {
			t.Errorf("%s: %q, want %q", h, cells[h], want)
		}
	}
	if _, ok := cells["device p50"]; ok {
		t.Error("a column without a value")
	}
}

// TestCurvesAreTheTables: at the quantiles of the tables a curve has their
// figures, and none beyond its last sample.
func TestCurvesAreTheTables(t *testing.T) {
	a := labels.New(labels.Options{})
	for i := range 5000 {
		for l, label := range []string{"eager", "optimized"} {
			if i < 5000-4900*l {
				must.OK(t, a.Add(&rows.Row{Label: label, Mode: "prefill", Ns: int64(1e6 + (i*7919%5000)*1000 + l), OK: true}))
			}
		}
	}
	tables := must.Get(a.Finish())(t)
	for k, c := range curvesOf(&folder.Collected{Tables: tables}, stats.Prefill) {
		g := &tables.Overall[k]
		table := map[float64]stats.Num{.5: g.P50Ms, .9: g.P90Ms, .95: g.P95Ms, .99: g.P99Ms, .999: g.P999Ms}
		for _, q := range tabled {
			i := slices.Index(c.Q, q)
			if has := float64(g.N)*(1-q) >= 1; has != (i >= 0) {
				t.Errorf("%s: quantile %v is there: %v", c.Name, q, !has)
			} else if has && math.Abs(c.Ms[i]-float64(table[q])) > 1e-6 {
				t.Errorf("%s: %v at %v, the table has %v", c.Name, c.Ms[i], q, table[q])
			}
		}
		if !slices.IsSorted(c.Q) || !slices.IsSorted(c.Ms) {
			t.Errorf("%s is no quantile function", c.Name)
		}
	}
}

// TestTablesSayWhatTheyLeaveOut: of more shapes than a table shows it says so.
func TestTablesSayWhatTheyLeaveOut(t *testing.T) {
	a := exact.New(exact.Options{})
	for i := range 2*maxShapes + 1 {
		a.Add(&stats.Sample{Seq: uint64(i), Request: uint64(i), Mode: stats.Prefill, Shape: fmt.Sprint(i % (maxShapes + 1)), WallNs: 1e6})
		if got := shapesTable(&folder.Collected{Analysis: a}, stats.Prefill); i == maxShapes-1 && (len(got.rows) != maxShapes || got.after != "") {
			t.Fatalf("%d rows, %q", len(got.rows), got.after)
		}
	}
	if got := shapesTable(&folder.Collected{Analysis: a}, stats.Prefill); len(got.rows) != maxShapes || !strings.HasPrefix(got.after, "The first 200 of 201, ") {
		t.Errorf("%d rows, %q", len(got.rows), got.after)
	}
}
