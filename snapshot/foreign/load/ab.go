package load

import (
	"errors"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const abSeen = "ApacheBench 2.3, Apache 2.4.71 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "ab text", Tool: "ab",
		Seen:    abSeen,
		Reads:   "the row Total of Connection Times (mean, standard deviation, min, max) and the percentages served within, in ms as ab rounds them; complete and failed requests",
		Leaves:  "rates, phases",
		Samples: "'ab -g F' keeps each request.",
		Head: func(head []byte) bool {
			return has(head, "This is ApacheBench") || has(head, "Server Software:", "Document Path:")
		},
		Read: func(in *rows.Input) error {
			r, err := readReport(in)
			if err != nil {
				return err
			}
			for _, m := range r.all(`^Total:\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)`) {
				r.stats.Min, r.stats.Mean, r.stats.Std, r.stats.Max = rows.Number(m[1], 1e6), rows.Number(m[2], 1e6), rows.Number(m[3], 1e6), rows.Number(m[5], 1e6)
			}
			for _, m := range r.all(`^\s+(\d+)%\s+(\d+)`) {
				if m[1] != "100" {
					r.stats.Set(rows.Number(m[1], 1), rows.Number(m[2], 1e6))
				}
			}
			r.stats.N = r.count(`^Complete requests:\s+(\d+)`)
			// What ab calls failed may be a length that varies; codes are its own line.
			r.stats.Errors = r.count(`^Non-2xx responses:\s+(\d+)`)
			return r.finish(in)
		},
	})
	_ = rows.Register(rows.Format{
		Name: "ab -g", Tool: "ab -g F",
		Seen:   abSeen,
		Reads:  "ttime in ms (whole ones); --latency-column ctime, dtime or wait takes another. ab sorts the rows by ttime, so their order says nothing",
		Leaves: "starttime; whether a request failed is not in the file",
		Table: &rows.Table{Unit: "ms", Columns: map[string]string{"latency": "ttime"},
			Header: [][]string{{"starttime", "ctime", "dtime", "ttime", "wait"}},
			Row:    func(_ *rows.Input, r *rows.Row, _ func(string) string) { r.HasRun = false }},
	})
	_ = rows.Register(rows.Format{
		Name: "ab -e", Tool: "ab -e F",
		Seen:    abSeen,
		Reads:   "the percentages served within, in ms: percentiles, not samples",
		Leaves:  "100 %, which ab prints for what was seen so far; how many requests there were is not in the file",
		Samples: "'ab -g F' keeps each request.",
		Table: &rows.Table{
			Header: [][]string{{"Percentage served", "Time in ms"}},
			Each: func(in *rows.Input, _ int, get func(string) string) error {
				p, ns := rows.Number(get("Percentage served"), 1), rows.Number(get("Time in ms"), 1e6)
				if p != p || ns != ns {
					return errors.New("no percentage with its time")
				}
				return in.Percentile(p, ns)
			}},
	})
)
