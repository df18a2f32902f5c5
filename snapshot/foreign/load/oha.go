package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const ohaSeen = "oha 1.4 to 1.10, by its source (src/printer.rs)"

var (
	_ = rows.Register(rows.Format{
		Name: "oha CSV", Tool: "oha --output-format csv",
		Seen:   ohaSeen,
		Reads:  "request-duration of each request, in seconds; status by its HTTP code",
		Leaves: "requests without an answer, which oha does not write; DNS, connecting, bytes",
		Table: &rows.Table{Unit: "s", Columns: map[string]string{"latency": "request-duration", "status": "status"},
			Header: [][]string{{"request-start", "request-duration", "status"}}},
	})
	_ = rows.Register(rows.Format{
		Name: "oha JSON", Tool: "oha --json or --output-format json",
		Seen:    ohaSeen,
		Reads:   "latencyPercentiles, average, fastest and slowest, in seconds; how many were answered, and what failed",
		Leaves:  "histograms, DNS and connecting, first bytes",
		Samples: "'oha --output-format csv' keeps each request.",
		Doc:     func(d *rows.Doc) bool { return d.Has("latencyPercentiles") && d.Has("summary") },
		ReadDoc: readOha,
	})
)

func readOha(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Percentiles map[string]*rows.Num `json:"latencyPercentiles"`
		Summary     *struct {
			Average, Fastest, Slowest *rows.Num
		} `json:"summary"`
		Codes  map[string]int64 `json:"statusCodeDistribution"`
		Errors map[string]int64 `json:"errorDistribution"`
	}
	if err := in.Document(d, &v, func() bool { return v.Percentiles != nil && v.Summary != nil }); err != nil {
		return err
	}
	r := rows.NoStats()
	for p, n := range v.Percentiles {
		r.Stat(p, rows.Ns(n, 1e9))
	}
	r.Mean, r.Min, r.Max = rows.Ns(v.Summary.Average, 1e9), rows.Ns(v.Summary.Fastest, 1e9), rows.Ns(v.Summary.Slowest, 1e9)
	for code, n := range v.Codes {
		r.N += n
		if rows.HTTPFailed(code) {
			r.Errors += n
		}
	}
	var failed []string
	for what, n := range v.Errors {
		r.Errors += n
		failed = append(failed, fmt.Sprintf("%s (%d)", rows.Short(what, 80), n))
	}
	if len(failed) > 0 {
		slices.Sort(failed)
		in.Note("%s: requests got no answer: %s.", in.Name, strings.Join(failed[:min(len(failed), 5)], ", "))
	}
	return in.Report(r)
}
