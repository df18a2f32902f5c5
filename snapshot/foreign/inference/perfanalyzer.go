package inference

import (
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "perf_analyzer CSV", Tool: "perf_analyzer -f F",
	Seen:    "perf_analyzer 2.x, by its documentation (a report of latencies in µs)",
	Reads:   "p50 to p99 latency of each concurrency or request rate, in µs, and Avg latency where it is there",
	Leaves:  "throughput, the parts of a request",
	Samples: "'perf_analyzer --profile-export-file F' keeps each request.",
	Table: &rows.Table{
		Header: [][]string{{"Inferences/Second", "p50 latency", "p99 latency"}},
		Each: func(in *rows.Input, _ int, get func(string) string) error {
			s := rows.NoStats()
			for _, c := range []string{"Concurrency", "Request Rate"} {
				if v := get(c); v != "" {
					s.Label = fmt.Sprintf("%s %s", c, v)
				}
			}
			for _, p := range []float64{50, 90, 95, 99} {
				v, err := strconv.ParseFloat(get(fmt.Sprintf("p%v latency", p)), 64)
				if err != nil {
					return fmt.Errorf("p%v latency is %s", p, rows.Quote(get(fmt.Sprintf("p%v latency", p))))
				}
				s.Set(p, v*1e3)
			}
			if v, err := strconv.ParseFloat(get("Avg latency"), 64); err == nil {
				s.Mean = v * 1e3
			}
			return in.Report(s)
		},
	},
})
