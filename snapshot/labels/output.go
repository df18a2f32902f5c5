package labels

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/stats"
)

// Table is a named table of text.
type Table struct {
	Name   string // of its file, without .csv
	Title  string
	Header []string
	Rows   [][]string
}

// Tables returns the tables of TR120's sections 4.1 to 4.4 and what goes with
// them, in reading order. Empty ones are left out.
func (r *Report) Tables() []Table {
	all := []Table{r.overall(), r.scenarioMap(), r.trimmed(), r.coldOverall(), r.coldByFile(), r.breakdown(), r.worstTable(),
		r.compileTable(), r.reported()}
	var out []Table
	for _, t := range all {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// num prints milliseconds; a missing number is empty.
func num(v stats.Num) string {
	if v.Missing() {
		return ""
	}
	return strconv.FormatFloat(float64(v), 'f', -1, 64)
}

func (r *Report) overall() Table {
	t := Table{Name: "summary_overall", Title: "Overall", Header: []string{"mode", "backend", "n", "mean_ms", "std_ms", "min_ms",
		"p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms"}}
	for i := range r.Overall {
		g := &r.Overall[i]
		t.Rows = append(t.Rows, []string{g.Mode, g.Backend, strconv.FormatUint(g.N, 10), num(g.MeanMs), num(g.StdMs), num(g.MinMs),
			num(g.P50Ms), num(g.P90Ms), num(g.P95Ms), num(g.P99Ms), num(g.P999Ms), num(g.MaxMs)})
	}
	return t
}

func (r *Report) scenarioMap() Table {
	t := Table{Name: "scenario_map", Title: "By scenario (TR120 4.2)", Header: []string{"mode", "scenario", "backend", "n", "mean_ms", "p50_ms", "p99_ms", "max_ms"}}
	for i := range r.Scenarios {
		g := &r.Scenarios[i]
		t.Rows = append(t.Rows, []string{g.Mode, g.Scenario, g.Backend, strconv.FormatUint(g.N, 10), num(g.MeanMs), num(g.P50Ms), num(g.P99Ms), num(g.MaxMs)})
	}
	return t
}

func (r *Report) trimmed() Table {
	t := Table{Name: "trimmed_means", Title: "Trimmed means (TR120 4.3)", Header: []string{"mode", "backend", "mean_ms", "mean_excl_max_ms",
		"mean_excl_top5_ms", "p50_ms"}}
	for i := range r.Overall {
		g := &r.Overall[i]
		t.Rows = append(t.Rows, []string{g.Mode, g.Backend, num(g.MeanMs), num(g.MeanExclMaxMs), num(g.MeanExclTop5Ms), num(g.P50Ms)})
	}
	return t
}

func (r *Report) coldOverall() Table {
	t := Table{Name: "cold_start_effect_overall", Title: fmt.Sprintf("Cold start: the first %d of each run left out (TR120 4.4)", r.First),
		Header: []string{"mode", "backend", "n", "mean_ms", "p50_ms", "p99_ms", "max_ms", "mean_excl_first_ms", "first_samples",
			"runs", "cold_start_runs", "cold_start_share"}}
	if len(r.Files) == 0 {
		return t
	}
	for i := range r.Overall {
		g := &r.Overall[i]
		t.Rows = append(t.Rows, []string{g.Mode, g.Backend, strconv.FormatUint(g.N, 10), num(g.MeanMs), num(g.P50Ms), num(g.P99Ms), num(g.MaxMs),
			num(g.MeanExclFirstMs), strconv.Itoa(g.FirstSamples), strconv.Itoa(g.Runs), strconv.Itoa(g.ColdStartRuns),
			strconv.FormatFloat(float64(g.ColdStartRuns)/float64(max(g.Runs, 1)), 'f', -1, 64)})
	}
	return t
}

func (r *Report) coldByFile() Table {
	t := Table{Name: "cold_start_by_file", Title: "Cold start by run: first sample more than 3 × the median of the rest",
		Header: []string{"mode", "backend", "scenario", "quantization", "model", "file", "run", "n", "first_ms", "median_rest_ms", "ratio", "cold_start"}}
	for i := range r.Files {
		f := &r.Files[i]
		t.Rows = append(t.Rows, []string{f.Mode, f.Backend, f.Scenario, f.Quantization, f.Model, f.File, f.Run, strconv.FormatUint(f.N, 10),
			num(f.FirstMs), num(f.MedianRestMs), num(f.Ratio), strconv.FormatBool(f.ColdStart)})
	}
	return t
}

func (r *Report) breakdown() Table {
	t := Table{Name: "breakdown", Title: "By " + r.ByColumn, Header: []string{"mode", cmp.Or(r.ByColumn, "by"), "backend", "n", "mean_ms", "p50_ms", "p99_ms", "max_ms"}}
	for i := range r.By {
		g := &r.By[i]
		t.Rows = append(t.Rows, []string{g.Mode, g.By, g.Backend, strconv.FormatUint(g.N, 10), num(g.MeanMs), num(g.P50Ms), num(g.P99Ms), num(g.MaxMs)})
	}
	return t
}

func (r *Report) worstTable() Table {
	t := Table{Name: "worst_samples", Title: "Worst samples", Header: []string{"mode", "backend", "scenario", "quantization", "latency_ms", "file", "index"}}
	for i := range r.Worst {
		w := &r.Worst[i]
		t.Rows = append(t.Rows, []string{w.Mode, w.Label, w.Scenario, w.Quantization, num(ms(float64(w.Ns))), w.File, strconv.FormatInt(w.Index, 10)})
	}
	return t
}

func (r *Report) compileTable() Table {
	t := Table{Name: "compile_labels", Title: "Is the label compiler-real? (TR120 2.5)", Header: []string{"mode", "backend", "runs", "judged", "why"}}
	type key struct{ mode, label, real, why string }
	count := map[key]int{}
	var order []key
	for _, c := range r.Compiles {
		k := key{c.Mode, c.Label, c.Real, c.Why}
		if count[k] == 0 {
			order = append(order, k)
		}
		count[k]++
	}
	for _, k := range order {
		t.Rows = append(t.Rows, []string{k.mode, k.label, strconv.Itoa(count[k]), k.real, k.why})
	}
	return t
}

// reported are statistics that other tools computed, as they reported them.
func (r *Report) reported() Table {
	t := Table{Name: "reported", Title: "As the tool reported it: no measurements to check, no intervals",
		Header: []string{"mode", "backend", "n", "errors", "mean_ms", "std_ms", "min_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p99.9_ms", "max_ms", "more", "format", "file"}}
	shown := []string{"p50", "p90", "p95", "p99", "p99.9"}
	for i := range r.Reported {
		x := &r.Reported[i]
		row := []string{x.Mode, x.Label, count(x.N), count(x.Errors), num(ms(x.Mean)), num(ms(x.Std)), num(ms(x.Min))}
		var more []string
		for _, p := range slices.Sorted(maps.Keys(x.Percentiles)) {
			if slices.Contains([]string{"p25", "p75", "p97.5", "p98", "p99.99"}, p) {
				more = append(more, p+" "+short(num(ms(x.Percentiles[p]))))
			}
		}
		for _, p := range shown {
			cell := ""
			if v, ok := x.Percentiles[p]; ok {
				cell = num(ms(v))
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, append(row, num(ms(x.Max)), strings.Join(more, ", "), x.Tool, x.File))
	}
	return t
}

// reportedJSON is Reported in ms, null where something was not reported.
func (r *Report) reportedJSON() []map[string]any {
	out := []map[string]any{}
	for i := range r.Reported {
		x := &r.Reported[i]
		p := map[string]stats.Num{}
		for k, v := range x.Percentiles {
			p[k+"_ms"] = ms(v)
		}
		m := map[string]any{"mode": x.Mode, "backend": x.Label, "file": x.File, "format": x.Tool, "n": nil, "errors": x.Errors, "mean_ms": ms(x.Mean),
			"std_ms": ms(x.Std), "min_ms": ms(x.Min), "max_ms": ms(x.Max), "percentiles": p}
		if x.N > 0 {
			m["n"] = x.N
		}
		out = append(out, m)
	}
	return out
}

// count prints a number that may not have been reported.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// WriteCSV writes one table.
func (t *Table) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = plain.Cell(v)
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// WriteFiles writes every table as CSV and summary.json into dir, which exists.
func (r *Report) WriteFiles(dir *door.Dir) error {
	for _, t := range r.Tables() {
		var b bytes.Buffer
		if err := t.WriteCSV(&b); err != nil {
			return err
		}
		if err := dir.WriteFile(t.Name+".csv", b.Bytes()); err != nil {
			return err
		}
	}
	return dir.WriteJSON("summary.json", r.Summary())
}

// ColdStartFiles writes the two cold-start tables alone.
func (r *Report) ColdStartFiles(dir *door.Dir) error {
	var errs []error
	for _, t := range []Table{r.coldOverall(), r.coldByFile()} {
		var b bytes.Buffer
		errs = append(errs, t.WriteCSV(&b), dir.WriteFile(t.Name+".csv", b.Bytes()))
	}
	return errors.Join(errs...)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Summary is summary.json for results that carry labels only: backend stands
// where lane would, there are no pairs and no causes. Of several modes paradox
// is the first one's, and paradoxes has them all.
func (r *Report) Summary() map[string]any {
	paradoxes := []map[string]any{}
	for _, v := range r.Verdicts {
		paradoxes = append(paradoxes, map[string]any{"mode": v.Mode, "verdict": v.Code, "sentence": v.Sentence, "points": v.Points,
			"winner_mean": orNull(v.WinnerMean), "winner_p50": orNull(v.WinnerP50), "winner_p99": orNull(v.WinnerP99), "flips": v.Flips})
	}
	paradox := map[string]any{"verdict": nil, "sentence": nil, "winner_mean": nil, "winner_p50": nil, "winner_p99": nil}
	if len(paradoxes) > 0 {
		paradox = paradoxes[0]
	}
	return map[string]any{"schema": stats.SummarySchema, "source": r.Source, "groups": append(append([]Group{}, r.Overall...), r.scenarioGroups()...),
		"pairs": []any{}, "paradox": paradox, "paradoxes": paradoxes, "causes": []any{}, "left_out": r.Left, "reported": r.reportedJSON(), "notes": r.Notes, "evidence": r.Evidence()}
}

func (r *Report) scenarioGroups() []Group {
	if len(r.Scenarios) == len(r.Overall) && len(r.Scenarios) > 0 && r.Scenarios[0].Scenario == "" {
		return nil
	}
	return r.Scenarios
}

// Evidence says in a sentence what the result says of compilation.
func (r *Report) Evidence() string {
	real := map[string]bool{}
	other := map[string]bool{}
	for _, c := range r.Compiles {
		if c.Real == "compiler-real" {
			real[c.Label] = true
		} else {
			other[c.Label] = true
		}
	}
	var yes, part []string // sorted, so that the same input gives the same sentence
	for l := range real {
		if other[l] {
			part = append(part, l)
		} else {
			yes = append(yes, l)
		}
	}
	slices.Sort(yes)
	slices.Sort(part)
	switch {
	case len(yes) > 0:
		return "Compiler-real by TR120 2.5, on the evidence in its files: " + strings.Join(yes, ", ") + ". Every other label is a name only."
	case len(part) > 0:
		return "Compiler-real in some run files and not in others: " + strings.Join(part, ", ") + "; treat the label as a name only."
	}
	if why := r.whyNot(); why != "" {
		return "Not compiler-real by TR120 2.5: " + why + "."
	}
	return NotEvidence
}

// whyNot names the first reasons that evidence gives against a label; "" where
// there is no evidence at all.
func (r *Report) whyNot() string {
	var out []string
	for _, c := range r.Compiles {
		s := fmt.Sprintf("%s, %s", strings.TrimSpace(c.Mode+" "+c.Label), c.Why)
		if c.Why != foreign.NoCompileBlock && len(out) < 3 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// WriteText prints the tables for a terminal, at most limit rows each.
func (r *Report) WriteText(w io.Writer, limit int) {
	for _, v := range r.Verdicts {
		if v.Mode != "" {
			fmt.Fprintf(w, "%s: ", v.Mode)
		}
		fmt.Fprintln(w, v.Sentence)
		for _, f := range v.Flips {
			fmt.Fprintln(w, "  "+f)
		}
	}
	fmt.Fprintln(w, r.Evidence())
	for _, n := range r.Notes {
		fmt.Fprintln(w, "Note: "+n)
	}
	for _, l := range r.Left {
		if l.Failed+l.Warmups > 0 {
			fmt.Fprintf(w, "Left out of %s: %d with a status other than ok, %d warm-ups.\n", l.Label, l.Failed, l.Warmups)
		}
	}
	for _, t := range r.Tables() {
		fmt.Fprintf(w, "\n%s\n", t.Title)
		t.print(w, limit)
	}
}

// print aligns a table; numbers are rounded to four decimals for the eye only.
func (t *Table) print(w io.Writer, limit int) {
	rows := t.Rows
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
	}
	keep := t.used()
	width := make([]int, len(t.Header))
	cells := append([][]string{t.Header}, rows...)
	for _, row := range cells {
		for i, c := range row {
			width[i] = max(width[i], len([]rune(short(c))))
		}
	}
	for _, row := range cells {
		var line strings.Builder
		for i, c := range row {
			if !keep[i] {
				continue
			}
			c = short(c)
			pad := strings.Repeat(" ", width[i]-len([]rune(c)))
			if _, err := strconv.ParseFloat(c, 64); err == nil {
				c = pad + c
			} else {
				c += pad
			}
			line.WriteString(c + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight("  "+line.String(), " "))
	}
	if len(rows) < len(t.Rows) {
		fmt.Fprintf(w, "  … and %d more\n", len(t.Rows)-len(rows))
	}
}

// used says which columns hold anything.
func (t *Table) used() []bool {
	keep := make([]bool, len(t.Header))
	for _, row := range t.Rows {
		for i, c := range row {
			keep[i] = keep[i] || c != ""
		}
	}
	return keep
}

// Short returns the table with numbers rounded for reading.
func (t *Table) Short() (head []string, rows [][]string) {
	keep := t.used()
	pick := func(row []string, round bool) (out []string) {
		for i, c := range row {
			if keep[i] && round {
				c = short(c)
			}
			if keep[i] {
				out = append(out, c)
			}
		}
		return out
	}
	for _, r := range t.Rows {
		rows = append(rows, pick(r, true))
	}
	return pick(t.Header, false), rows
}

// short rounds a number for the eye: four decimals, and of what is below 0.1
// four digits.
func short(c string) string {
	i := strings.IndexByte(c, '.')
	if i <= 0 || len(c)-i <= 5 {
		return c
	}
	f, err := strconv.ParseFloat(c, 64)
	if err != nil {
		return c
	}
	decimals := 4
	if f != 0 && math.Abs(f) < 0.1 {
		decimals = min(3-int(math.Floor(math.Log10(math.Abs(f)))), 9)
	}
	return strconv.FormatFloat(f, 'f', decimals, 64)
}
