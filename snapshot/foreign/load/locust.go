package load

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const locustSeen = "Locust 2.47 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "Locust statistics", Tool: "locust --csv=PREFIX (PREFIX_stats.csv)",
		Seen:    locustSeen,
		Reads:   "average, min, max, median and percentiles in ms, of each method and name; failures",
		Leaves:  "the row Aggregated where there are others; rates, sizes. Locust rounds times above 100 ms to two digits",
		Samples: "Locust keeps no single requests; a listener for the event 'request' can write them as CSV.",
		Table: &rows.Table{
			Header: [][]string{{"Type", "Name", "Request Count", "Average Response Time"}},
			Each:   locustRow},
	})
	_ = rows.Register(rows.Format{
		Name: "Locust history, failures or exceptions", Tool: "locust --csv=PREFIX (PREFIX_stats_history.csv, _failures.csv, _exceptions.csv)",
		Seen:   locustSeen,
		Reads:  "nothing: refused, with the name of the file that has the statistics",
		Leaves: "everything",
		Table: &rows.Table{
			Header: [][]string{{"Timestamp", "User Count", "Type", "Name"}, {"Method", "Name", "Error", "Occurrences"}, {"Count", "Message", "Traceback", "Nodes"}},
			Each: func(*rows.Input, int, func(string) string) error {
				return fmt.Errorf("%w: it is a history of windows, or a list of failures, that Locust writes; the statistics are in the file that ends in _stats.csv", rows.ErrNone)
			}},
	})
	_ = rows.Register(rows.Format{
		Name: "Locust JSON", Tool: "locust --json",
		Seen:    locustSeen,
		Reads:   "response_times, Locust's histogram of rounded ms: percentiles are those of the rounded values; mean from the total, min and max",
		Leaves:  "rates by second",
		Samples: "Locust keeps no single requests; a listener for the event 'request' can write them as CSV.",
		Doc:     func(d *rows.Doc) bool { return d.Has("[]", "response_times") && d.Has("[]", "num_requests") },
		ReadDoc: readLocust,
	})
)

func locustRow(in *rows.Input, _ int, get func(string) string) error {
	name := strings.TrimSpace(get("Type") + " " + get("Name"))
	if get("Name") == "Aggregated" && in.Seen() {
		return nil
	}
	s := rows.NoStats()
	s.Label, s.N, s.Errors = name, rows.Whole(get("Request Count")), rows.Whole(get("Failure Count"))
	s.Mean, s.Min, s.Max = rows.Number(get("Average Response Time"), 1e6), rows.Number(get("Min Response Time"), 1e6), rows.Number(get("Max Response Time"), 1e6)
	for _, p := range []float64{50, 66, 75, 80, 90, 95, 98, 99, 99.9, 99.99} {
		s.Set(p, rows.Number(get(fmt.Sprintf("%v%%", p)), 1e6))
	}
	if math.IsNaN(s.Mean) {
		return fmt.Errorf("average response time is %s", rows.Quote(get("Average Response Time")))
	}
	if s.N == 0 {
		return nil
	}
	return in.Report(s)
}

func readLocust(in *rows.Input, d *rows.Doc) error {
	var list []struct {
		Name   string             `json:"name"`
		Method string             `json:"method"`
		N      int64              `json:"num_requests"`
		Failed int64              `json:"num_failures"`
		Total  *rows.Num          `json:"total_response_time"`
		Min    *rows.Num          `json:"min_response_time"`
		Max    *rows.Num          `json:"max_response_time"`
		Times  map[string]float64 `json:"response_times"`
	}
	if err := in.Decode(d, d.Raw, &list); err != nil {
		return err
	}
	if err := in.Columns(); err != nil {
		return err
	}
	for _, x := range list {
		s := rows.NoStats()
		s.Label, s.N, s.Errors = strings.TrimSpace(x.Method+" "+x.Name), x.N, x.Failed
		s.Min, s.Max = rows.Ns(x.Min, 1e6), rows.Ns(x.Max, 1e6)
		if x.N > 0 {
			s.Mean = rows.Ns(x.Total, 1e6) / float64(x.N)
		}
		type bin struct{ ms, n float64 }
		var bins []bin
		total := 0.0
		for ms, n := range x.Times {
			if v := rows.Number(ms, 1); !math.IsNaN(v) && n > 0 {
				bins = append(bins, bin{v, n})
				total += n
			}
		}
		slices.SortFunc(bins, func(a, b bin) int { return cmp.Compare(a.ms, b.ms) })
		for _, p := range []float64{50, 75, 90, 95, 99, 99.9} {
			seen := 0.0
			for _, b := range bins {
				if seen += b.n; seen >= total*p/100 {
					s.Set(p, b.ms*1e6)
					break
				}
			}
		}
		if s.Empty() {
			continue
		}
		if err := in.Report(s); err != nil {
			return err
		}
	}
	return nil
}
