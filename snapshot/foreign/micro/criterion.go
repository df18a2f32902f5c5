package micro

import (
	"errors"
	"path/filepath"
	"strconv"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const criterionSeen = "criterion 0.5 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "criterion samples", Tool: "cargo bench (target/criterion/NAME/new/sample.json)",
		Seen:   criterionSeen,
		Reads:  "times divided by iters, in ns; the folder's name as label",
		Leaves: "what criterion estimates from them (slopes, outliers)",
		Doc:    func(d *rows.Doc) bool { return d.Has("iters") && d.Has("times") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var v struct {
				Iters []float64  `json:"iters"`
				Times []rows.Num `json:"times"`
			}
			if err := in.Document(d, &v, func() bool { return v.Iters != nil && v.Times != nil }); err != nil {
				return err
			}
			if len(v.Iters) != len(v.Times) {
				return in.Errorf(d.Line, "%d iters and %d times", len(v.Iters), len(v.Times))
			}
			meansOfMany(in)
			for i := range v.Times {
				if v.Iters[i] <= 0 {
					return in.Errorf(d.Line, "iters[%d] is %v", i, v.Iters[i])
				}
				v.Times[i] /= rows.Num(v.Iters[i])
			}
			return in.Times(d, rows.Row{Label: criterionName(in.Name)}, v.Times, 1, nil)
		},
	})
	_ = rows.Register(rows.Format{
		Name: "criterion raw.csv", Tool: "cargo bench (target/criterion/NAME/new/raw.csv)",
		Seen:   "criterion 0.5 (a file written here, feature csv_output)",
		Reads:  "sample_measured_value in its unit, divided by iteration_count; group, function and value as label",
		Leaves: "throughput",
		Table: &rows.Table{
			Header: [][]string{{"group", "sample_measured_value", "unit", "iteration_count"}},
			Each: func(in *rows.Input, line int, get func(string) string) error {
				scale, err := rows.Scale(get("unit"))
				n, err2 := strconv.ParseFloat(get("iteration_count"), 64)
				if err = errors.Join(err, err2); err != nil || n <= 0 {
					return errors.New("no iteration_count or no unit of time")
				}
				label := get("group")
				for _, c := range []string{"function", "value"} {
					if v := get(c); v != "" {
						label += "/" + v
					}
				}
				meansOfMany(in)
				r := rows.Row{Label: label, Run: label, HasRun: true, OK: true, Index: int64(line)}
				if r.Ns, err = rows.Latency(rows.Number(get("sample_measured_value"), scale)/n, 1); err != nil {
					return err
				}
				return in.Emit(&r, get)
			}},
	})
	_ = rows.Register(rows.Format{
		Name: "criterion estimates", Tool: "cargo bench (target/criterion/NAME/new/estimates.json)",
		Seen:    criterionSeen,
		Reads:   "mean, median and standard deviation, in ns",
		Leaves:  "criterion's own intervals (of the mean, by bootstrap), slope",
		Samples: "The file sample.json beside it has each measurement.",
		Doc:     func(d *rows.Doc) bool { return d.Has("mean", "point_estimate") && d.Has("median", "point_estimate") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			type estimate struct {
				Point *rows.Num `json:"point_estimate"`
			}
			var v struct {
				Mean   estimate `json:"mean"`
				Median estimate `json:"median"`
				Std    estimate `json:"std_dev"`
			}
			if err := in.Document(d, &v, func() bool { return v.Mean.Point != nil }); err != nil {
				return err
			}
			s := rows.NoStats()
			s.Label, s.Mean, s.Std = criterionName(in.Name), rows.Ns(v.Mean.Point, 1), rows.Ns(v.Std.Point, 1)
			s.Set(50, rows.Ns(v.Median.Point, 1))
			return in.Report(s)
		},
	})
)

// criterionName is NAME of NAME/new/sample.json, "" where the path is shorter.
func criterionName(path string) string {
	name := filepath.Base(filepath.Dir(filepath.Dir(path)))
	if name == "." || name == string(filepath.Separator) || name == ".." {
		return ""
	}
	switch filepath.Base(filepath.Dir(path)) {
	case "new", "base", "change":
		return name
	}
	return ""
}
