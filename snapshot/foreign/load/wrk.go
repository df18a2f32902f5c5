package load

import (
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "wrk or wrk2", Tool: "wrk --latency, wrk2 -R … --latency",
	Seen:    "wrk 4.1.0 (files written here); wrk2 by its source",
	Reads:   "mean, standard deviation and max of latency, the percentiles of --latency, requests, and answers other than 2xx and 3xx. wrk2's latencies are from when a request was due",
	Leaves:  "rates; wrk2's detailed spectrum",
	Samples: "wrk keeps no single requests; oha --output-format csv, hey -o csv and vegeta do.",
	Head: func(head []byte) bool {
		return has(head[:min(len(head), 4096)], "Running ", " test @ ") && !has(head, "┌")
	},
	Read: func(in *rows.Input) error {
		r, err := readReport(in)
		if err != nil {
			return err
		}
		for _, m := range r.all(`^\s+Latency\s+([\d.]+\w+)\s+([\d.]+\w+)\s+([\d.]+\w+)\s`) {
			r.stats.Mean, r.stats.Std, r.stats.Max = span(m[1]), span(m[2]), span(m[3])
			break
		}
		for _, m := range r.all(`^\s+([\d.]+)%\s+([\d.]+[a-z]+)\s*$`) {
			if p := "p" + m[1]; r.stats.Percentiles[p] == 0 {
				r.stats.Set(rows.Number(m[1], 1), span(m[2]))
			}
		}
		r.stats.N = r.count(`^\s+(\d+) requests in `)
		r.stats.Errors = r.count(`Non-2xx or 3xx responses: (\d+)`)
		return r.finish(in)
	},
})
