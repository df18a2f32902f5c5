package load

import (
	"encoding/json"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const autocannonSeen = "autocannon 8.0 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "autocannon JSON", Tool: "autocannon --json",
		Seen:    autocannonSeen,
		Reads:   "latency: average, stddev, min, max and its percentiles, in ms as autocannon rounds them; answers other than 2xx, errors, timeouts",
		Leaves:  "rates, throughput",
		Samples: "autocannon keeps no single requests; oha --output-format csv, hey -o csv and vegeta do.",
		Doc:     func(d *rows.Doc) bool { return d.Has("latency", "p97_5") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var v struct {
				Title    string                     `json:"title"`
				Latency  map[string]json.RawMessage `json:"latency"`
				Non2xx   int64                      `json:"non2xx"`
				Errors   int64                      `json:"errors"`
				Timeouts int64                      `json:"timeouts"`
			}
			if err := in.Document(d, &v, func() bool { return v.Latency != nil }); err != nil {
				return err
			}
			s := rows.NoStats()
			s.Label, s.N, s.Errors = v.Title, rows.Whole(string(v.Latency["totalCount"])), v.Non2xx+v.Errors+v.Timeouts
			for k, raw := range v.Latency {
				s.Stat(strings.Replace(k, "_", ".", 1), rows.Number(string(raw), 1e6))
			}
			return in.Report(s)
		},
	})
	_ = rows.Register(rows.Format{
		Name: "autocannon's table", Tool: "autocannon (its screen)",
		Seen:   autocannonSeen,
		Reads:  "nothing: refused, with the option that writes JSON",
		Leaves: "everything",
		Head: func(head []byte) bool {
			return has(head[:min(len(head), 8192)], "Stat", "2.5%", "97.5%", "Latency")
		},
		Read: func(in *rows.Input) error {
			return in.Errorf(0, "%w: it is autocannon's table for the screen; 'autocannon --json' writes what can be read", rows.ErrNone)
		},
	})
)
