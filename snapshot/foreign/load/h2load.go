package load

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const (
	h2loadSeen = "h2load of nghttp2 1.52 (files written here)"
	siegeSeen  = "siege 4.0 (files written here)"
)

// h2loadLine is a line of h2load's log: when a request began, in µs since 1970, its
// status, and how long it took.
var h2loadLine = regexp.MustCompile(`^\d{16}\t(?:\d{3}|-1)\t\d+(?:\n|$)`)

func h2loadRequest(in *rows.Input, line []byte) error {
	if !h2loadLine.Match(line) {
		in.Leave(in.Text.N, "no request", string(line))
		return nil
	}
	f := strings.Fields(string(line))
	us, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil || us > 1<<50 {
		in.Leave(in.Text.N, "no time", string(line))
		return nil
	}
	r := rows.Row{HasRun: true, Index: int64(in.Text.N), OK: true, Ns: 1000 * us}
	in.Judge(&r, "status", f[1])
	return in.Emit(&r, func(string) string { return f[1] })
}

var (
	_ = rows.Register(rows.Format{
		Name: "h2load log", Tool: "h2load --log-file=F",
		Seen:   h2loadSeen,
		Reads:  "microseconds of each request, its status; −1 is a stream that failed",
		Leaves: "when a request began",
		Head:   func(head []byte) bool { return h2loadLine.Match(head[:min(len(head), 64)]) },
		Read: func(in *rows.Input) error {
			if err := in.Columns("status"); err != nil {
				return err
			}
			return in.Text.Each(func(line []byte) error { return h2loadRequest(in, line) })
		},
	})
	_ = rows.Register(rows.Format{
		Name: "h2load text", Tool: "h2load",
		Seen:    h2loadSeen,
		Reads:   "time for request: min, max, mean and sd, with their units; how many were done, and failed or got another code than 2xx and 3xx",
		Leaves:  "connect, first byte, rates",
		Samples: "'h2load --log-file=F' keeps each request.",
		Head:    func(head []byte) bool { return has(head[:min(len(head), 64)], "starting benchmark...") },
		Read: func(in *rows.Input) error {
			r, err := readReport(in)
			if err != nil {
				return err
			}
			for _, m := range r.all(`^time for request:\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)`) {
				r.stats.Min, r.stats.Max, r.stats.Mean, r.stats.Std = span(m[1]), span(m[2]), span(m[3]), span(m[4])
			}
			r.stats.N = r.count(`^requests: .* (\d+) done`)
			r.stats.Errors = r.count(`^requests: .* (\d+) failed`)
			for _, m := range r.all(`^status codes: .* (\d+) 4xx, (\d+) 5xx`) {
				r.stats.Errors = max(r.stats.Errors, rows.Whole(m[1])+rows.Whole(m[2]))
			}
			return r.finish(in)
		},
	})
	_ = rows.Register(rows.Format{
		Name: "siege JSON", Tool: "siege --json-output, or its closing lines",
		Seen:    siegeSeen,
		Reads:   "response_time (mean), shortest and longest transaction, in seconds of two decimals; how many there were, and failed",
		Leaves:  "elapsed_time, which is the whole run's; rates",
		Samples: "siege keeps no single requests that are timed; oha --output-format csv, hey -o csv and vegeta do.",
		Doc: func(d *rows.Doc) bool {
			return d.Has("transactions") && d.Has("response_time") && d.Has("longest_transaction")
		},
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var v struct {
				N        int64     `json:"transactions"`
				Failed   int64     `json:"failed_transactions"`
				Mean     *rows.Num `json:"response_time"`
				Shortest *rows.Num `json:"shortest_transaction"`
				Longest  *rows.Num `json:"longest_transaction"`
			}
			if err := in.Document(d, &v, nil); err != nil {
				return err
			}
			s := rows.NoStats()
			s.N, s.Errors, s.Mean, s.Min, s.Max = v.N, v.Failed, rows.Ns(v.Mean, 1e9), rows.Ns(v.Shortest, 1e9), rows.Ns(v.Longest, 1e9)
			in.Note("%s: siege rounds times to 10 ms.", in.Name)
			return in.Report(s)
		},
	})
)
