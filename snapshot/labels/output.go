package labels

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/internal/door"
	"github.com/tailscope/tailscope/snapshot/internal/fields"
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
	all := []Table{
		tableOf("summary_overall", "Overall", r.Overall, "mode backend n mean_ms std_ms min_ms p50_ms p90_ms p95_ms p99_ms p999_ms max_ms"),
		tableOf("scenario_map", "By scenario (TR120 4.2)", r.Scenarios, "mode scenario backend n mean_ms p50_ms p99_ms max_ms"),
		tableOf("trimmed_means", "Trimmed means (TR120 4.3)", r.Overall, "mode backend mean_ms mean_excl_max_ms mean_excl_top5_ms p50_ms"),
		r.coldOverall(), r.coldByFile(), r.breakdown(), r.worstTable(), r.compileTable(), r.reported()}
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

// tableOf shows of each row what the columns call by its JSON name.
func tableOf[T any](name, title string, list []T, columns string) Table {
	t := Table{Name: name, Title: title, Header: strings.Fields(columns)}
	for i := range list {
		cells := map[string]string{}
		for k, v := range fields.Of(&list[i]) {
			if n, ok := v.Interface().(stats.Num); ok {
				cells[k] = num(n)
			} else {
				cells[k] = fmt.Sprint(v)
			}
		}
		row := make([]string, len(t.Header))
		for k, c := range t.Header {
			row[k] = cells[c]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (r *Report) coldOverall() Table {
	type group struct {
		*Group
		Share stats.Num `json:"cold_start_share"`
	}
	var groups []group
	for i := range r.Overall {
		if g := &r.Overall[i]; len(r.Files) > 0 {
			groups = append(groups, group{g, stats.Num(g.ColdStartRuns) / stats.Num(max(g.Runs, 1))})
		}
	}
	return tableOf("cold_start_effect_overall", fmt.Sprintf("Cold start: the first %d of each run left out (TR120 4.4)", r.First), groups,
		"mode backend n mean_ms p50_ms p99_ms max_ms mean_excl_first_ms first_samples runs cold_start_runs cold_start_share")
}

func (r *Report) coldByFile() Table {
	return tableOf("cold_start_by_file", "Cold start by run: first sample more than 3 × the median of the rest", r.Files,
		"mode backend scenario quantization model file run n first_ms median_rest_ms ratio cold_start")
}

func (r *Report) breakdown() Table {
	t := tableOf("breakdown", "By "+r.ByColumn, r.By, "mode by backend n mean_ms p50_ms p99_ms max_ms")
	t.Header[1] = cmp.Or(r.ByColumn, "by")
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
	if err := writeTables(dir, r.Tables()...); err != nil {
		return err
	}
	return dir.WriteJSON("summary.json", r.Summary())
}

// ColdStartFiles writes the two cold-start tables alone.
func (r *Report) ColdStartFiles(dir *door.Dir) error {
	return writeTables(dir, r.coldOverall(), r.coldByFile())
}

func writeTables(dir *door.Dir, tables ...Table) error {
	for _, t := range tables {
		var b bytes.Buffer
		if err := errors.Join(t.WriteCSV(&b), dir.WriteFile(t.Name+".csv", b.Bytes())); err != nil {
			return err
		}
	}
	return nil
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
	var yes, part []string
	for _, l := range slices.Sorted(maps.Keys(real)) { // the same input gives the same sentence
		if other[l] {
			part = append(part, l)
		} else {
			yes = append(yes, l)
		}
	}
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
