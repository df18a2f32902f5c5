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

// optionalColumn is a column that not every session has.
type optionalColumn struct {
	name string
	of   func(*stats.GroupSummary) stats.Num
	n    func(*stats.GroupSummary) int // samples under the quantile q; nil: it is none
	q    float64
}

func counted(g *stats.GroupSummary) int { return g.N }

// rate names what TokensPerS counts: a forward pass of any model has no tokens, so
// each request, row by row, counts as one.
func rate(s *stats.SummaryFile) string {
	if len(s.Groups) > 0 && s.Groups[0].Mode == stats.Forward.String() {
		return "requests/s"
	}
	return "tokens/s"
}

func (o *optionalColumn) cell(g *stats.GroupSummary) string {
	switch {
	case o.n != nil:
		return supported(o.of(g), o.n(g), o.q)
	case o.name == independentN && !o.of(g).Missing():
		return strconv.Itoa(g.Effective)
	case o.name == "failed":
		return strconv.Itoa(g.Errors)
	}
	return cellNum(o.of(g))
}

func lanesTable(s *stats.SummaryFile, keep func(*stats.GroupSummary) bool, first string) table {
	t := table{head: []string{first, "n", "mean", "std", "p50", "p90", "p95", "p99", "p99.9", "max"},
		note: fewSamples}
	if first != "lane" {
		t.head = append([]string{first, "lane"}, t.head[1:]...)
	}
	optional := []optionalColumn{{independentN, independent, nil, 0},
		{"response p50", func(g *stats.GroupSummary) stats.Num { return g.ResponseP50Ms }, counted, .5},
		{"response p99", func(g *stats.GroupSummary) stats.Num { return g.ResponseP99Ms }, counted, .99},
		{"device p50", func(g *stats.GroupSummary) stats.Num { return g.DeviceP50Ms }, counted, .5},
		{"TTFT p99", func(g *stats.GroupSummary) stats.Num { return g.TTFTP99Ms }, counted, .99},
		{"ITL p99", func(g *stats.GroupSummary) stats.Num { return g.ITLP99Ms }, func(g *stats.GroupSummary) int { return g.ITLN }, .99},
		{rate(s), func(g *stats.GroupSummary) stats.Num { return g.TokensPerS }, nil, 0},
		{"% of the limit", func(g *stats.GroupSummary) stats.Num { return limitPercent(g) }, counted, .5},
		{"J a request", func(g *stats.GroupSummary) stats.Num { return energyOf(g, g.EnergyJ) }, nil, 0},
		{"J per 1,000 tokens", func(g *stats.GroupSummary) stats.Num { return energyOf(g, g.EnergyPer1kTokens) }, nil, 0},
		{"SLO missed", func(g *stats.GroupSummary) stats.Num { return g.SLOMissed }, nil, 0},
		{"failed", func(g *stats.GroupSummary) stats.Num { return stats.Num(g.Errors) }, nil, 0}}
	var has [12]bool
	for i := range s.Groups {
		if g := &s.Groups[i]; keep(g) {
			for k, o := range optional {
				has[k] = has[k] || !o.of(g).Missing() && (o.name != "failed" || g.Errors > 0)
			}
		}
	}
	for k, o := range optional {
		if has[k] {
			t.head = append(t.head, o.name)
		}
	}
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
		row = append(row, strconv.Itoa(g.N), cellNum(g.MeanMs), cellNum(g.StdMs), supported(g.P50Ms, g.N, .5), supported(g.P90Ms, g.N, .9),
			supported(g.P95Ms, g.N, .95), supported(g.P99Ms, g.N, .99), supported(g.P999Ms, g.N, .999), cellNum(g.MaxMs))
		for k, o := range optional {
			if has[k] {
				row = append(row, o.cell(g))
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// independentN heads the column of independent.
const independentN = "independent n"

// independent is the effective n where it is less than half of n.
func independent(g *stats.GroupSummary) stats.Num {
	if g.Effective > 0 && 2*g.Effective < g.N {
		return stats.Num(g.Effective)
	}
	return stats.Num(math.NaN())
}

// energyOf is a figure of energy, NaN where no block is under it.
func energyOf(g *stats.GroupSummary, v stats.Num) stats.Num {
	if g.EnergyBlocks == 0 {
		return stats.Num(math.NaN())
	}
	return v
}

// limitPercent is the share of the limit, 100 is the limit.
func limitPercent(g *stats.GroupSummary) stats.Num { return stats.Num(100 * g.Limit().Share.Value) }

func causesTable(s *stats.SummaryFile) table {
	t := table{head: []string{"lane", "cause", "tail samples", "p99 without them"}}
	n := map[string]int{}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Scenario == "*" && g.Segment == "*" {
			n[g.Lane] = g.N
		}
	}
	for _, c := range s.Causes {
		t.rows = append(t.rows, []string{c.Lane, strings.ReplaceAll(c.Cause, "_", " "), strconv.Itoa(c.N), supported(c.P99MsWithout, n[c.Lane]-c.N, .99)})
	}
	return t
}

func trimmedTable(s *stats.SummaryFile) table {
	t := table{head: []string{"lane", "mean", "without the maximum", "without the top five", "without the first of each run", "median", "runs", "cold-start runs"}}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.Scenario == "*" && g.Segment == "*" {
			t.rows = append(t.rows, []string{g.Lane, cellNum(g.MeanMs), cellNum(g.MeanExclMaxMs), cellNum(g.MeanExclTop5Ms),
				cellNum(g.MeanExclFirstMs), cellNum(g.P50Ms), strconv.Itoa(g.Runs), strconv.Itoa(g.ColdStartRuns)})
		}
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
