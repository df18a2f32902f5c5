package micro

import (
	"errors"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const dotnetSeen = "BenchmarkDotNet 0.13 and later, by its documentation"

var (
	_ = rows.Register(rows.Format{
		Name: "BenchmarkDotNet JSON", Tool: "BenchmarkDotNet --exporters json",
		Seen:   dotnetSeen,
		Reads:  "Statistics.OriginalValues of each benchmark, in ns an operation; its parameters in the label",
		Leaves: "outliers are kept: Statistics beside them may be without; memory, threading",
		Doc:    func(d *rows.Doc) bool { return d.Has("HostEnvironmentInfo") && d.Has("Benchmarks") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var v struct {
				Benchmarks []struct {
					FullName   string `json:"FullName"`
					Statistics *struct {
						OriginalValues []rows.Num `json:"OriginalValues"`
					} `json:"Statistics"`
				} `json:"Benchmarks"`
			}
			if err := in.Document(d, &v, nil); err != nil {
				return err
			}
			meansOfMany(in)
			for _, b := range v.Benchmarks {
				if b.Statistics == nil {
					in.Leave(d.Line, "a benchmark without statistics, which failed", b.FullName)
					continue
				}
				if err := in.Times(d, rows.Row{Label: b.FullName, Run: b.FullName, OK: true}, b.Statistics.OriginalValues, 1, nil); err != nil {
					return err
				}
			}
			return nil
		},
	})
	_ = rows.Register(rows.Format{
		Name: "BenchmarkDotNet CSV", Tool: "BenchmarkDotNet (NAME-report.csv)",
		Seen:    dotnetSeen,
		Reads:   "Mean, StdDev and, where there are such columns, Median, Min and Max, each with its unit: statistics, not samples",
		Leaves:  "Error (half of a confidence interval), everything else",
		Samples: "'--exporters json' keeps each iteration.",
		Table: &rows.Table{
			Header: [][]string{{"Method", "Job", "Mean", "Error"}},
			Each: func(in *rows.Input, _ int, get func(string) string) error {
				s := rows.NoStats()
				s.Label, s.Mean, s.Std = get("Method"), withUnit(get("Mean")), withUnit(get("StdDev"))
				s.Min, s.Max = withUnit(get("Min")), withUnit(get("Max"))
				if s.Set(50, withUnit(get("Median"))); s.Empty() {
					return errors.New("no time with its unit in Mean")
				}
				return in.Report(s)
			}},
	})
)

// withUnit is a number with its unit, as in 1,234.5 us, in ns; NaN if it is none.
func withUnit(s string) float64 {
	value, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	scale, err := rows.Scale(unit)
	if err != nil {
		return rows.Number("", 1)
	}
	return rows.Number(strings.ReplaceAll(value, ",", ""), scale)
}
