package load

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const (
	k6Seen    = "k6 1.1 (files written here)"
	k6Default = "http_req_duration"
)

var (
	_ = rows.Register(rows.Format{
		Name: "k6 CSV", Tool: "k6 run --out csv=F",
		Seen:   k6Seen,
		Reads:  "http_req_duration in ms, the request's name as scenario; what k6 expected of the answer (expected_response), else status and error_code, says whether it is ok; --where metric_name=… takes another metric",
		Leaves: "the other metrics: rates, counters, phases of a request",
		Table: &rows.Table{Unit: "ms", Columns: map[string]string{"latency": "metric_value", "scenario": "name"},
			Header: [][]string{{"metric_name", "timestamp", "metric_value"}},
			Keep: func(in *rows.Input, get func(string) string) bool {
				return k6Asked(in) || get("metric_name") == k6Default || in.Skip("metric_name", get("metric_name"))
			},
			Row:  k6Judge,
			Good: func(in *rows.Input, get func(string) string) error { return k6Value(in, get("metric_name")) }},
	})
	_ = rows.Register(rows.Format{
		Name: "k6 JSON lines", Tool: "k6 run --out json=F",
		Seen:    k6Seen,
		Reads:   "points of http_req_duration in ms, as the CSV; --where metric_name=… takes another metric",
		Leaves:  "the other metrics",
		Doc:     func(d *rows.Doc) bool { return d.Has("metric") && d.Has("type") && d.Has("data") },
		ReadDoc: readK6,
	})
	_ = rows.Register(rows.Format{
		Name: "k6 summary", Tool: "k6 run --summary-export=F, or handleSummary's data",
		Seen:    k6Seen,
		Reads:   "avg, min, med, max and p(n) of every built-in metric that is a time, and of custom ones that say so, in ms",
		Leaves:  "rates, counters, thresholds",
		Samples: "'k6 run --out csv=F' keeps each request.",
		Doc: func(d *rows.Doc) bool {
			return d.Has("metrics", k6Default) || d.Has("metrics", "iteration_duration") || d.Has("metrics") && d.Has("root_group")
		},
		ReadDoc: readK6Summary,
	})
)

// k6Counts are built-in metrics that are no times.
var k6Counts = strings.Fields("http_reqs http_req_failed iterations dropped_iterations data_sent data_received vus vus_max checks ws_sessions ws_msgs_sent ws_msgs_received grpc_streams grpc_streams_msgs_sent grpc_streams_msgs_received")

// k6Value checks that a metric that was asked for is a time.
func k6Value(in *rows.Input, name string) error {
	switch {
	case slices.Contains(k6Counts, name):
		return rows.NoColumn("k6's %s is a count or a rate, no time", name)
	case !k6Time(name):
		in.Note("%s: the file does not say that %s is a time; its values were read as ms.", in.Name, rows.Quote(name))
	}
	return nil
}

func k6Asked(in *rows.Input) bool {
	return slices.ContainsFunc(in.O.Where, func(w rows.Filter) bool { return w.Column == "metric_name" || w.Column == "metric" })
}

func k6Judge(in *rows.Input, r *rows.Row, get func(string) string) {
	for _, c := range []string{"expected_response", "status"} {
		if v := get(c); v != "" {
			in.Judge(r, c, v)
			return
		}
	}
	if code := get("error_code"); code != "" && code != "0" {
		in.Judge(r, "error", code)
	}
}

var k6Columns = []string{"metric_name", "metric", "status", "name", "url", "method", "scenario", "group", "expected_response", "error_code", "error", "proto", "service", "check"}

func readK6(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Metric string `json:"metric"`
		Type   string `json:"type"`
		Data   struct {
			Value *rows.Num         `json:"value"`
			Tags  map[string]string `json:"tags"`
		} `json:"data"`
	}
	if err := in.Record(d, &v, func() bool { return v.Metric != "" && v.Type != "" }, k6Columns...); err != nil {
		return err
	}
	switch {
	case v.Type != "Point":
		return nil
	case v.Metric != k6Default && !k6Asked(in):
		in.Skip("metric_name", v.Metric)
		return nil
	case v.Data.Value == nil || v.Data.Value.Missing():
		in.Leave(d.Line, "no value", "")
		return nil
	}
	get := func(c string) string {
		if c == "metric_name" || c == "metric" {
			return v.Metric
		}
		return v.Data.Tags[c]
	}
	r := rows.Row{Scenario: v.Data.Tags["name"], HasRun: true, OK: true, Index: int64(d.Line)}
	k6Judge(in, &r, get)
	err := k6Value(in, v.Metric)
	if err != nil {
		return err
	}
	if r.Ns, err = rows.Latency(float64(*v.Data.Value), 1e6); err != nil {
		return in.Errorf(d.Line, "value: %w", err)
	}
	return in.Emit(&r, get)
}

func readK6Summary(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Metrics map[string]map[string]json.RawMessage `json:"metrics"`
	}
	if err := in.Document(d, &v, func() bool { return v.Metrics != nil }); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(v.Metrics)) {
		m := v.Metrics[name]
		if raw := m["values"]; raw != nil && json.Unmarshal(raw, &m) != nil {
			continue
		}
		if contains := rows.TextOf(v.Metrics[name]["contains"]); contains != "time" && (contains != "" || !k6Time(name)) {
			continue
		}
		if s := k6Stats(m); !s.Empty() {
			if s.Mode = name; strings.HasPrefix(name, "http_") && s.N == 0 {
				s.N = int64(k6Number(v.Metrics["http_reqs"], "count"))
			}
			if err := in.Report(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// k6Time tells whether a metric is a built-in one that is a time: the export
// does not say.
func k6Time(name string) bool {
	name, _, _ = strings.Cut(name, "{")
	return strings.HasSuffix(name, "_duration") || strings.HasPrefix(name, "http_req_") && name != "http_req_failed" || name == "ws_connecting" || name == "ws_ping"
}

func k6Number(m map[string]json.RawMessage, key string) float64 {
	if raw := m["values"]; raw != nil && json.Unmarshal(raw, &m) != nil {
		return 0
	}
	if n := rows.Number(string(m[key]), 1); n == n && n < 1e15 {
		return n
	}
	return 0
}

// percentileName makes p95 of p(95).
var percentileName = strings.NewReplacer("p(", "p", ")", "")

func k6Stats(m map[string]json.RawMessage) rows.Reported {
	s := rows.NoStats()
	for k, raw := range m {
		s.Stat(percentileName.Replace(k), rows.Number(string(raw), 1e6))
	}
	s.N = int64(k6Number(m, "count"))
	return s
}
