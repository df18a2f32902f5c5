package labels

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/exact"
)

// Group is a row of the overall, scenario and breakdown tables. Times are ms;
// a missing number is NaN, null in JSON.
type Group struct {
	Mode            string    `json:"mode"`
	Backend         string    `json:"backend"`
	Scenario        string    `json:"scenario"` // "*": all
	By              string    `json:"by,omitempty"`
	N               uint64    `json:"n"`
	MeanMs          stats.Num `json:"mean_ms"`
	StdMs           stats.Num `json:"std_ms"`
	MinMs           stats.Num `json:"min_ms"`
	P50Ms           stats.Num `json:"p50_ms"`
	P90Ms           stats.Num `json:"p90_ms"`
	P95Ms           stats.Num `json:"p95_ms"`
	P99Ms           stats.Num `json:"p99_ms"`
	P999Ms          stats.Num `json:"p999_ms"`
	MaxMs           stats.Num `json:"max_ms"`
	MeanExclMaxMs   stats.Num `json:"mean_excl_max_ms"`
	MeanExclTop5Ms  stats.Num `json:"mean_excl_top5_ms"`
	MeanExclFirstMs stats.Num `json:"mean_excl_first_ms"` // without the first samples of each run
	FirstSamples    int       `json:"first_samples"`
	Runs            int       `json:"runs"`
	ColdStartRuns   int       `json:"cold_start_runs"` // first sample > 3 × median of the rest
	Exact           bool      `json:"exact"`           // false: quantiles from a histogram, error at most 0.1 %

	sorted, order []int64 // ns; order until the verdict is given
	summary       stats.Summary
}

// FileRow is a row of cold_start_by_file: one run.
type FileRow struct {
	File         string    `json:"file"`
	Run          string    `json:"run"`
	Mode         string    `json:"mode"`
	Scenario     string    `json:"scenario"`
	Backend      string    `json:"backend"`
	Quantization string    `json:"quantization"`
	Model        string    `json:"model"`
	N            uint64    `json:"n"`
	FirstMs      stats.Num `json:"first_ms"`
	MedianRestMs stats.Num `json:"median_rest_ms"`
	Ratio        stats.Num `json:"ratio"`
	ColdStart    bool      `json:"cold_start"`
}

// Report is the result of an analysis.
type Report struct {
	Source    string
	First     int
	Overall   []Group // one a mode and label
	Scenarios []Group
	By        []Group
	ByColumn  string
	Files     []FileRow     // empty where the input does not tell runs apart
	Worst     []foreign.Row // the slowest samples
	Left      []LeftOut
	Failed    map[[2]string]uint64 // rows with a status other than ok, by mode and label
	Verdicts  []Verdict
	Exact     bool
	Notes     []string
	Compiles  []foreign.RunCompile
	Reported  []foreign.Reported
}

// Named are the modes and labels of all measurements, then of the statistics that
// tools computed.
func (r *Report) Named() iter.Seq2[string, string] {
	return func(yield func(mode, label string) bool) {
		for i := range r.Overall {
			if g := &r.Overall[i]; !yield(g.Mode, g.Backend) {
				return
			}
		}
		for i := range r.Reported {
			if x := &r.Reported[i]; !yield(x.Mode, x.Label) {
				return
			}
		}
	}
}

// LeftOut counts a label's rows, and of them what did not enter the tables.
type LeftOut struct {
	Label           string
	OK              uint64
	Failed, Warmups uint64
}

// Finish computes the tables. The Analysis is spent afterwards.
func (a *Analysis) Finish() (*Report, error) {
	r := &Report{Source: a.o.Source, First: a.o.First, ByColumn: a.o.By, Worst: a.worst, Failed: a.failed, Exact: !a.hists}
	for _, label := range slices.Sorted(maps.Keys(a.statuses)) {
		r.Left = append(r.Left, *a.statuses[label])
	}
	if len(a.order) == 0 {
		return r, ErrEmpty
	}
	runs := true
	for _, c := range a.order {
		runs = runs && c.hasRun
	}
	if runs {
		r.Files = a.files()
	} else {
		r.Notes = append(r.Notes, "The input does not tell runs apart, so there is no cold-start table: give run files, or name the column with --run-column.")
	}
	if len(a.models) > 1 {
		r.Notes = append(r.Notes, "Rows of several models are mixed; use --where model=… or --by model.")
	}
	if a.hists {
		r.Notes = append(r.Notes, "More values than fit into memory: quantiles come from histograms, relative error at most 0.1 %. Means, extremes and counts are exact.")
	}
	r.Overall = a.groups(func(k cellKey) cellKey { return cellKey{mode: k.mode, label: k.label, scenario: "*"} }, runs)
	r.Scenarios = a.groups(func(k cellKey) cellKey { return cellKey{mode: k.mode, label: k.label, scenario: k.scenario} }, runs)
	if a.o.By != "" {
		r.By = a.groups(func(k cellKey) cellKey { return cellKey{mode: k.mode, label: k.label, scenario: "*", by: k.by} }, runs)
	}
	r.Verdicts = verdicts(r.Overall)
	return r, nil
}

// files is TR120 4.4 by file: is the first sample of a run skewed.
func (a *Analysis) files() []FileRow {
	var out []FileRow
	for _, c := range a.order {
		first, med := float64(c.d.Firsts[0]), c.d.RestMedian()
		f := FileRow{File: c.key.file, Run: c.key.run, Mode: c.key.mode, Scenario: c.key.scenario, Backend: c.key.label,
			Quantization: c.key.quantization, Model: c.key.model, N: uint64(c.d.N()), FirstMs: ms(first), MedianRestMs: ms(med),
			Ratio: stats.Num(math.NaN())}
		if med > 0 {
			f.Ratio, f.ColdStart = stats.Num(first/med), c.d.ColdStart()
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(x, y FileRow) int {
		return cmp.Or(cmp.Compare(x.Mode, y.Mode), cmp.Compare(x.Backend, y.Backend), cmp.Compare(x.Scenario, y.Scenario),
			cmp.Compare(x.File, y.File), cmp.Compare(x.Run, y.Run))
	})
	return out
}

type merged struct {
	key  cellKey
	d    exact.Series
	room int // values that d will hold
}

// groups merges the cells that of maps to the same key.
func (a *Analysis) groups(of func(cellKey) cellKey, runs bool) []Group {
	byKey := map[cellKey]*merged{}
	var order []*merged
	for _, c := range a.order {
		k := of(c.key)
		m := byKey[k]
		if m == nil {
			m = &merged{key: k}
			byKey[k] = m
			order = append(order, m)
		}
		m.room += len(c.d.InOrder())
	}
	for _, c := range a.order {
		m := byKey[of(c.key)]
		m.d.Merge(&c.d, m.room)
	}
	slices.SortFunc(order, func(x, y *merged) int {
		return cmp.Or(cmp.Compare(x.key.mode, y.key.mode), cmp.Compare(x.key.scenario, y.key.scenario),
			cmp.Compare(x.key.by, y.key.by), cmp.Compare(x.key.label, y.key.label))
	})
	var out []Group
	for _, m := range order {
		out = append(out, m.group(runs))
	}
	return out
}

func (m *merged) group(runs bool) Group {
	sorted := m.d.Sorted()
	x := m.d.Summary(sorted)
	g := Group{Mode: m.key.mode, Backend: m.key.label, Scenario: m.key.scenario, By: m.key.by, N: uint64(m.d.N()),
		MeanMs: ms(x.Mean), StdMs: ms(x.Std), MinMs: ms(x.Min), P50Ms: ms(x.P50.Value), P90Ms: ms(x.P90.Value), P95Ms: ms(x.P95.Value),
		P99Ms: ms(x.P99.Value), P999Ms: ms(x.P999.Value), MaxMs: ms(x.Max), MeanExclMaxMs: ms(x.MeanExclMax), MeanExclTop5Ms: ms(x.MeanExclTop5),
		MeanExclFirstMs: stats.Num(math.NaN()), Exact: m.d.Exact(), sorted: sorted, order: m.d.InOrder(), summary: x}
	if runs {
		g.MeanExclFirstMs = ms(x.MeanExclFirst)
		g.FirstSamples, g.Runs, g.ColdStartRuns = len(m.d.Firsts), m.d.Runs, m.d.Cold
	}
	return g
}

// Sorted returns the group's latencies in ns, ascending; nil where only a
// histogram is left.
func (g *Group) Sorted() []int64 { return g.sorted }

func ms(ns float64) stats.Num { return stats.Num(ns / 1e6) }

// OfMode returns the part of the report that belongs to one mode.
func (r *Report) OfMode(mode string) *Report {
	out := *r
	other := func(g Group) bool { return g.Mode != mode }
	out.Overall, out.Scenarios, out.By = without(r.Overall, other), without(r.Scenarios, other), nil
	out.Files = without(r.Files, func(f FileRow) bool { return f.Mode != mode })
	out.Verdicts = without(r.Verdicts, func(v Verdict) bool { return v.Mode != mode })
	return &out
}

// without is a copy of list without what drop names.
func without[T any](list []T, drop func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), drop)
}
