package micro

import (
	"cmp"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "mitata JSON", Tool: "mitata: run({format: 'json'})",
	Seen:    "mitata 1.0 (a file written here)",
	Reads:   "stats.samples of each run in ns, means of a batch each; a benchmark that threw as a failure",
	Leaves:  "heap and collector figures, counters, its own quantiles, the source of its loop",
	Doc:     func(d *rows.Doc) bool { return d.Has("layout") && d.Has("benchmarks", "[]", "runs") },
	ReadDoc: readMitata,
})

func readMitata(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Benchmarks []struct {
			Alias string `json:"alias"`
			Runs  []struct {
				Name  string `json:"name"`
				Error any    `json:"error"`
				Stats struct {
					Samples []rows.Num `json:"samples"`
				} `json:"stats"`
			} `json:"runs"`
		} `json:"benchmarks"`
	}
	if err := in.Document(d, &v, nil); err != nil {
		return err
	}
	meansOfMany(in)
	for _, b := range v.Benchmarks {
		for i, run := range b.Runs {
			r := rows.Row{Label: cmp.Or(run.Name, b.Alias), Run: runName(cmp.Or(run.Name, b.Alias), i)}
			if run.Error != nil {
				r.HasRun = true
				if err := in.Emit(&r, nil); err != nil {
					return err
				}
				continue
			}
			if err := in.Times(d, r, run.Stats.Samples, 1, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
