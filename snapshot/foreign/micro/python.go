package micro

import (
	"cmp"
	"encoding/json"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var (
	_ = rows.Register(rows.Format{
		Name: "pytest-benchmark", Tool: "pytest --benchmark-json=F or --benchmark-save=NAME [--benchmark-save-data]",
		Seen:    "pytest-benchmark 5.3 (files written here)",
		Reads:   "stats.data of each benchmark in seconds, a round each; a file without data is shown as its statistics",
		Leaves:  "outliers, machine, commit",
		Samples: "'pytest --benchmark-json=F', or --benchmark-save-data, keeps each round.",
		Doc:     func(d *rows.Doc) bool { return d.Has("benchmarks", "[]", "stats") },
		ReadDoc: readPytest,
	})
	_ = rows.Register(rows.Format{
		Name: "pyperf", Tool: "python -m pyperf timeit -o F, or a script's -o F",
		Seen:    "pyperf 2.11 (files written here)",
		Reads:   "values of each run in seconds, runs kept apart; warm-ups as such",
		Leaves:  "calibration, metadata; benchmarks whose unit is no time, counted",
		Doc:     func(d *rows.Doc) bool { return d.Has("benchmarks", "[]", "runs") && !d.Has("layout") },
		ReadDoc: readPyperf,
	})
)

func readPytest(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Benchmarks []struct {
			Name  string `json:"name"`
			Full  string `json:"fullname"`
			Group string `json:"group"`
			Stats *struct {
				Min, Max, Mean, Stddev, Median, Q1, Q3 *rows.Num
				Rounds                                 int64      `json:"rounds"`
				Iterations                             int64      `json:"iterations"`
				Data                                   []rows.Num `json:"data"`
			} `json:"stats"`
		} `json:"benchmarks"`
	}
	if err := in.Document(d, &v, func() bool { return len(v.Benchmarks) > 0 && v.Benchmarks[0].Stats != nil }, "group", "name"); err != nil {
		return err
	}
	for _, b := range v.Benchmarks {
		if b.Stats == nil {
			continue
		}
		label := cmp.Or(b.Full, b.Name)
		if len(b.Stats.Data) > 0 {
			if b.Stats.Iterations > 1 {
				meansOfMany(in)
			}
			if err := in.Times(d, rows.Row{Label: label, Scenario: b.Group, Run: label}, b.Stats.Data, 1e9, nil); err != nil {
				return err
			}
			continue
		}
		s := rows.NoStats()
		s.Label, s.N = label, b.Stats.Rounds
		s.Mean, s.Std, s.Min, s.Max = rows.Ns(b.Stats.Mean, 1e9), rows.Ns(b.Stats.Stddev, 1e9), rows.Ns(b.Stats.Min, 1e9), rows.Ns(b.Stats.Max, 1e9)
		for p, n := range map[float64]*rows.Num{25: b.Stats.Q1, 50: b.Stats.Median, 75: b.Stats.Q3} {
			s.Set(p, rows.Ns(n, 1e9))
		}
		if err := in.Report(s); err != nil {
			return err
		}
	}
	return nil
}

func readPyperf(in *rows.Input, d *rows.Doc) error {
	type meta struct {
		Name string `json:"name"`
		Unit string `json:"unit"`
	}
	var v struct {
		Metadata   meta `json:"metadata"`
		Benchmarks []struct {
			Metadata meta `json:"metadata"`
			Runs     []struct {
				Values  []rows.Num      `json:"values"`
				Warmups [][2]rows.Num   `json:"warmups"`
				Meta    json.RawMessage `json:"metadata"`
			} `json:"runs"`
		} `json:"benchmarks"`
	}
	if err := in.Document(d, &v, func() bool { return in.Format.Doc(d) }); err != nil {
		return err
	}
	meansOfMany(in)
	for _, b := range v.Benchmarks {
		scale, err := rows.Scale(cmp.Or(b.Metadata.Unit, v.Metadata.Unit, "second"))
		label := cmp.Or(b.Metadata.Name, v.Metadata.Name)
		if err != nil {
			in.Leave(d.Line, "its unit is no time", label)
			continue
		}
		for i, run := range b.Runs {
			r := rows.Row{Label: label, Run: runName(label, i)}
			warm := make([]rows.Num, len(run.Warmups))
			for k, w := range run.Warmups {
				warm[k] = w[1]
			}
			if err := in.Times(d, r, warm, scale, func(_ int, r *rows.Row) { r.Warmup = true }); err != nil {
				return err
			}
			if err := in.Times(d, r, run.Values, scale, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
