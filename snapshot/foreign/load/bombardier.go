package load

import (
	"fmt"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var (
	_ = rows.Register(rows.Format{
		Name: "bombardier JSON", Tool: "bombardier -p r -o json",
		Seen:    "bombardier 1.2.6 (files written here)",
		Reads:   "latency: mean, stddev, max and its percentiles, in µs; answers by class and errors",
		Leaves:  "rates, bytes",
		Samples: "bombardier keeps no single requests; oha --output-format csv, hey -o csv and vegeta do.",
		Doc:     func(d *rows.Doc) bool { return d.Has("result", "latency", "mean") && d.Has("spec") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var v struct {
				Result *struct {
					Others  int64 `json:"others"`
					Latency struct {
						Mean, Stddev, Max *rows.Num
						Percentiles       map[string]*rows.Num `json:"percentiles"`
					} `json:"latency"`
					Req1 int64 `json:"req1xx"`
					Req2 int64 `json:"req2xx"`
					Req3 int64 `json:"req3xx"`
					Req4 int64 `json:"req4xx"`
					Req5 int64 `json:"req5xx"`
				} `json:"result"`
			}
			if err := in.Document(d, &v, func() bool { return v.Result != nil }); err != nil {
				return err
			}
			x, s := v.Result, rows.NoStats()
			s.N, s.Errors = x.Req1+x.Req2+x.Req3+x.Req4+x.Req5+x.Others, x.Req1+x.Req4+x.Req5+x.Others
			s.Mean, s.Std, s.Max = rows.Ns(x.Latency.Mean, 1e3), rows.Ns(x.Latency.Stddev, 1e3), rows.Ns(x.Latency.Max, 1e3)
			for p, n := range x.Latency.Percentiles {
				s.Set(rows.Number(p, 1), rows.Ns(n, 1e3))
			}
			return in.Report(s)
		},
	})
	_ = rows.Register(rows.Format{
		Name: "bombardier text", Tool: "bombardier --latencies",
		Seen:    "bombardier 1.2.6 (files written here)",
		Reads:   "mean, standard deviation and max of latency, the percentiles of --latencies, answers by class",
		Leaves:  "rates",
		Samples: "bombardier keeps no single requests; oha --output-format csv, hey -o csv and vegeta do.",
		Head:    func(head []byte) bool { return has(head, "Statistics        Avg", "Reqs/sec") },
		Read: func(in *rows.Input) error {
			r, err := readReport(in)
			if err != nil {
				return err
			}
			for _, m := range r.all(`^\s+Latency\s+([\d.]+[a-zµ]+)\s+([\d.]+[a-zµ]+)\s+([\d.]+[a-zµ]+)`) {
				r.stats.Mean, r.stats.Std, r.stats.Max = span(m[1]), span(m[2]), span(m[3])
			}
			for _, m := range r.all(`^\s+([\d.]+)%\s+([\d.]+[a-zµ]+)\s*$`) {
				r.stats.Set(rows.Number(m[1], 1), span(m[2]))
			}
			for _, class := range []string{"1xx", "2xx", "3xx", "4xx", "5xx", "others"} {
				n := r.count(fmt.Sprintf(`\b%s - (\d+)`, class))
				if r.stats.N += n; class != "2xx" && class != "3xx" {
					r.stats.Errors += n
				}
			}
			return r.finish(in)
		},
	})
)
