package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/quantile"
)

// cell prints a number for reading; files hold all digits.
func cellNum(v stats.Num) string {
	if v.Missing() {
		return "—"
	}
	a := math.Abs(float64(v))
	switch {
	case a >= 1000:
		return strconv.FormatFloat(float64(v), 'f', 1, 64)
	case a >= 10:
		return strconv.FormatFloat(float64(v), 'f', 2, 64)
	case a >= 0.1 || a == 0:
		return strconv.FormatFloat(float64(v), 'f', 3, 64)
	}
	return strconv.FormatFloat(float64(v), 'g', 3, 64)
}

// supported greys a quantile that n cannot support, by parentheses.
func supported(v stats.Num, n int, q float64) string {
	if v.Missing() || n >= quantile.Need(q) {
		return cellNum(v)
	}
	return "(" + cellNum(v) + ")"
}

const fewSamples = "A quantile in parentheses rests on too few samples."

// rate names what TokensPerS counts: a forward pass of any model has no tokens, so
// each request, row by row, counts as one.
func rate(s *stats.SummaryFile) string {
	if len(s.Groups) > 0 && s.Groups[0].Mode == stats.Forward.String() {
		return "requests/s"
	}
	return "tokens/s"
}

// optional are the cells of columns that not every session has, each with its
// column's name; what is not known is "—", and of what failed 0 is no news.
func optional(g *stats.GroupSummary, rate string) [][2]string {
	independent := "—" // the effective n where it is less than half of n
	if g.Effective > 0 && 2*g.Effective < g.N {
		independent = strconv.Itoa(g.Effective)
	}
	return [][2]string{
		{"independent n", independent},
		{"response p50", supported(g.ResponseP50Ms, g.N, .5)},
		{"response p99", supported(g.ResponseP99Ms, g.N, .99)},
		{"device p50", supported(g.DeviceP50Ms, g.N, .5)},
		{"TTFT p99", supported(g.TTFTP99Ms, g.N, .99)},
		{"ITL p99", supported(g.ITLP99Ms, g.ITLN, .99)},
		{rate, cellNum(g.TokensPerS)},
		{"% of the limit", supported(stats.Num(100*g.Limit().Share.Value), g.N, .5)},
		{"J a request", cellNum(energyOf(g, g.EnergyJ))},
		{"J per 1,000 tokens", cellNum(energyOf(g, g.EnergyPer1kTokens))},
		{"SLO missed", cellNum(g.SLOMissed)},
		{"failed", strconv.Itoa(g.Errors)}}
}

func lanesTable(s *stats.SummaryFile, keep func(*stats.GroupSummary) bool, first string) table {
	t := table{head: []string{first, "n", "mean", "std", "p50", "p90", "p95", "p99", "p99.9", "max"},
		note: fewSamples}
	if first != "lane" {
		t.head = append([]string{first, "lane"}, t.head[1:]...)
	}
	var more [][][2]string // of each row
	for i := range s.Groups {
		g := &s.Groups[i]
		if !keep(g) {
			continue
		}
		row := []string{g.Lane}
		if first == "scenario" {
			row = []string{g.Scenario, g.Lane}
		} else if first == "segment" {
			row = []string{g.Segment + ": " + g.Scenario, g.Lane}
		}
		t.rows = append(t.rows, append(row, strconv.Itoa(g.N), cellNum(g.MeanMs), cellNum(g.StdMs), supported(g.P50Ms, g.N, .5), supported(g.P90Ms, g.N, .9),
			supported(g.P95Ms, g.N, .95), supported(g.P99Ms, g.N, .99), supported(g.P999Ms, g.N, .999), cellNum(g.MaxMs)))
		more = append(more, optional(g, rate(s)))
	}
	t.addUsed(more)
	return t
}

// addUsed adds the columns in which any row has something; cells are named ones of each row.
func (t *table) addUsed(cells [][][2]string) {
	if len(cells) == 0 {
		return
	}
	for k, column := range cells[0] {
		if !slices.ContainsFunc(cells, func(row [][2]string) bool { return row[k][1] != "—" && row[k][1] != "0" }) {
			continue
		}
		t.head = append(t.head, column[0])
		for i, row := range cells {
			t.rows[i] = append(t.rows[i], row[k][1])
		}
	}
}

// energyOf is a figure of energy, NaN where no block is under it.
func energyOf(g *stats.GroupSummary, v stats.Num) stats.Num {
	if g.EnergyBlocks == 0 {
		return stats.Num(math.NaN())
	}
	return v
}

func causesTable(s *stats.SummaryFile) table {
	t := table{head: []string{"lane", "cause", "tail samples", "p99 without them"}}
	n := map[string]int{}
	for g := range s.Over("*") {
		n[g.Lane] = g.N
	}
	for _, c := range s.Causes {
		t.rows = append(t.rows, []string{c.Lane, strings.ReplaceAll(c.Cause, "_", " "), strconv.Itoa(c.N), supported(c.P99MsWithout, n[c.Lane]-c.N, .99)})
	}
	return t
}

func trimmedTable(s *stats.SummaryFile) table {
	t := table{head: []string{"lane", "mean", "without the maximum", "without the top five", "without the first of each run", "median", "runs", "cold-start runs"}}
	for g := range s.Over("*") {
		t.rows = append(t.rows, []string{g.Lane, cellNum(g.MeanMs), cellNum(g.MeanExclMaxMs), cellNum(g.MeanExclTop5Ms),
			cellNum(g.MeanExclFirstMs), cellNum(g.P50Ms), strconv.Itoa(g.Runs), strconv.Itoa(g.ColdStartRuns)})
	}
	return t
}

func countersTable(c *folder.CounterFile) table {
	t := table{head: []string{"generation", "strategy", "unique graphs", "compiles", "recompiles", "limit", "limit reached", "fallbacks", "compile ms"}}
	for _, g := range c.Groups {
		t.rows = append(t.rows, []string{strconv.Itoa(g.Generation), g.Strategy, strconv.Itoa(g.UniqueGraphs), strconv.Itoa(g.Compiles),
			strconv.Itoa(g.Recompiles), strconv.Itoa(g.RecompileLimit), strconv.FormatBool(g.LimitReached), strconv.Itoa(g.Fallbacks),
			cellNum(stats.Num(float64(g.CompileNs) / 1e6))})
	}
	return t
}

// failuresTable lists the reasons, the most frequent first.
func failuresTable(f folder.Failures) table {
	t := table{head: []string{"reason", "requests"}}
	for reason, n := range f {
		if r := []rune(reason); len(r) > 300 {
			reason = string(r[:300]) + " …"
		}
		t.rows = append(t.rows, []string{reason, strconv.FormatUint(n, 10)})
	}
	slices.SortFunc(t.rows, func(a, b []string) int {
		return cmp.Or(cmp.Compare(len(b[1]), len(a[1])), cmp.Compare(b[1], a[1]), cmp.Compare(a[0], b[0]))
	})
	return t
}
