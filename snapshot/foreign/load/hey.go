package load

import (
	"regexp"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const heySeen = "hey 0.1.4 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "hey CSV", Tool: "hey -o csv",
		Seen:   heySeen,
		Reads:  "response-time in seconds (four decimals: 0.1 ms), status-code",
		Leaves: "requests without an answer, which hey does not write; phases, offset",
		Table: &rows.Table{Unit: "s", Columns: map[string]string{"latency": "response-time", "status": "status-code"},
			Header: [][]string{{"response-time", "status-code", "Request-write"}}},
	})
	_ = rows.Register(rows.Format{
		Name: "hey or oha text", Tool: "hey, oha --no-tui",
		Seen:    heySeen + "; oha by its source",
		Reads:   "average, fastest, slowest, and the percentiles; how many answers of which code",
		Leaves:  "rates, histogram, phases",
		Samples: "'hey -o csv' or 'oha --output-format csv' keeps each request.",
		Head: func(head []byte) bool {
			return has(head[:min(len(head), 4096)], "Summary:", "Total:") && !has(head, "\"summary\"")
		},
		Read: func(in *rows.Input) error {
			r, err := readReport(in)
			if err != nil {
				return err
			}
			r.stats.Mean, r.stats.Min, r.stats.Max = span(r.first(`^\s+Average:\s+(.*)$`)), span(r.first(`^\s+Fastest:\s+(.*)$`)), span(r.first(`^\s+Slowest:\s+(.*)$`))
			for _, m := range r.all(`^\s+([\d.]+)%+ in ([\d.]+ \w+)`) {
				r.stats.Set(rows.Number(m[1], 1), span(m[2]))
			}
			for _, m := range r.all(`^\s+\[(\d+)\]\s+(\d+) responses`) {
				n := rows.Whole(m[2])
				r.stats.N += n
				if rows.HTTPFailed(m[1]) {
					r.stats.Errors += n
				}
			}
			if _, after, ok := strings.Cut(r.text, "Error distribution:"); ok {
				in.Note("%s: requests got no answer: %s.", in.Name, rows.Short(strings.Join(strings.Fields(after), " "), 200))
				for _, m := range regexp.MustCompile(`(?m)^\s+\[(\d+)\]\s`).FindAllStringSubmatch(after, -1) {
					r.stats.Errors += rows.Whole(m[1])
				}
			}
			return r.finish(in)
		},
	})
)
