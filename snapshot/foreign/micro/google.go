package micro

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const googleSeen = "Google benchmark 1.7.1 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "Google benchmark JSON", Tool: "--benchmark_format=json or --benchmark_out=F",
		Seen:    googleSeen,
		Reads:   "real_time of each repetition in its time_unit; errors as failures; where only aggregates were written, mean, median and stddev as statistics",
		Leaves:  "cpu_time, counters, aggregates beside repetitions, BigO and RMS",
		Samples: "Without --benchmark_report_aggregates_only the tool writes each repetition.",
		Doc: func(d *rows.Doc) bool {
			return d.Has("context") && d.Has("benchmarks") && !d.Has("benchmarks", "[]", "stats") && !d.Has("benchmarks", "[]", "requests") && !d.Has("benchmarks", "[]", "runs")
		},
		ReadDoc: readGoogle,
	})
	_ = rows.Register(rows.Format{
		Name: "Google benchmark CSV", Tool: "--benchmark_format=csv",
		Seen:    googleSeen,
		Reads:   "as its JSON",
		Leaves:  "as its JSON",
		Samples: "Without --benchmark_report_aggregates_only the tool writes each repetition.",
		Table: &rows.Table{
			Header: [][]string{{"name", "iterations", "real_time", "cpu_time", "time_unit"}},
			Each: func(in *rows.Input, line int, get func(string) string) error {
				g := googleRow{Name: get("name"), Unit: get("time_unit"), Error: get("error_occurred") == "true"}
				if t := rows.Num(rows.Number(get("real_time"), 1)); !t.Missing() {
					g.Time = &t
				}
				i := strings.LastIndexByte(g.Name, '_')
				if i > 0 && slices.Contains([]string{"BigO", "RMS", "cv"}, g.Name[i+1:]) {
					return nil
				}
				if i > 0 && slices.Contains(aggregates, g.Name[i+1:]) { // the table does not say which rows are aggregates
					return g.aggregate(in, g.Name[:i], g.Name[i+1:])
				}
				return googleRows{g}.read(in, &rows.Doc{Line: line})
			}},
	})
)

var aggregates = []string{"mean", "median", "stddev", "min", "max"}

type googleRow struct {
	Name      string    `json:"name"`
	RunName   string    `json:"run_name"`
	RunType   string    `json:"run_type"`
	Aggregate string    `json:"aggregate_name"`
	AggUnit   string    `json:"aggregate_unit"`
	Time      *rows.Num `json:"real_time"`
	Unit      string    `json:"time_unit"`
	Error     bool      `json:"error_occurred"`
}

type googleRows []googleRow

// aggregate adds one statistic to those of a benchmark without repetitions.
func (g *googleRow) aggregate(in *rows.Input, name, stat string) error {
	scale, err := rows.Scale(cmp.Or(g.Unit, "ns"))
	if err != nil || g.Time == nil || in.Has(name) {
		return nil // a rate, or beside its repetitions
	}
	s := rows.NoStats()
	s.Label = name
	list := in.Info.Reported
	if n := len(list); n == 0 || list[n-1].Label != rows.Clean(name) || list[n-1].File != in.Name {
		if err := in.Report(s); err != nil || len(in.Info.Reported) == n {
			return err
		}
	}
	in.Info.Reported[len(in.Info.Reported)-1].Stat(stat, float64(*g.Time)*scale)
	return nil
}

func readGoogle(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Benchmarks googleRows `json:"benchmarks"`
	}
	if err := in.Document(d, &v, func() bool { return v.Benchmarks != nil }); err != nil {
		return err
	}
	return v.Benchmarks.read(in, d)
}

// read hands on repetitions, and of benchmarks that have none the aggregates.
func (list googleRows) read(in *rows.Input, d *rows.Doc) error {
	meansOfMany(in)
	single := map[string]bool{}
	for i := range list {
		g := &list[i]
		if g.RunType == "aggregate" {
			continue
		}
		name := cmp.Or(g.RunName, g.Name)
		if g.Time == nil || g.Time.Missing() {
			if !g.Error {
				continue // BigO and RMS of older versions
			}
			g.Time = new(rows.Num)
		}
		scale, err := rows.Scale(cmp.Or(g.Unit, "ns"))
		if err != nil {
			return in.Errorf(d.Line, "benchmarks[%d]: %w", i, err)
		}
		single[name] = true
		r := rows.Row{Label: name, Run: name, HasRun: true, Index: int64(i), OK: true}
		if g.Error {
			in.Judge(&r, "error_occurred", "true")
		}
		if r.Ns, err = rows.Latency(float64(*g.Time), scale); err != nil {
			return in.Errorf(d.Line, "benchmarks[%d].real_time: %w", i, err)
		}
		if err := in.Emit(&r, nil); err != nil {
			return err
		}
	}
	return list.statistics(in, single)
}

// statistics hands on the aggregates of benchmarks without repetitions.
func (list googleRows) statistics(in *rows.Input, single map[string]bool) error {
	var order []string
	byName := map[string]*rows.Reported{}
	for _, g := range list {
		if g.RunType != "aggregate" || single[g.RunName] || g.Time == nil || g.AggUnit == "percentage" {
			continue
		}
		scale, err := rows.Scale(cmp.Or(g.Unit, "ns"))
		if err != nil {
			continue // a rate
		}
		s := byName[g.RunName]
		if s == nil {
			x := rows.NoStats()
			s = &x
			s.Label = g.RunName
			byName[g.RunName], order = s, append(order, g.RunName)
		}
		s.Stat(g.Aggregate, float64(*g.Time)*scale)
	}
	for _, name := range order {
		if s := byName[name]; !s.Empty() {
			if err := in.Report(*s); err != nil {
				return err
			}
		}
	}
	return nil
}
