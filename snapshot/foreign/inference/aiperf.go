package inference

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var (
	_ = rows.Register(rows.Format{
		Name: "AIPerf records", Tool: "aiperf profile (profile_export.jsonl)",
		Seen:   "AIPerf 0.13.0, by its source (aiperf/common/models/record_models.py)",
		Reads:  "request_latency (e2e), time_to_first_token (ttft) and inter_token_latency (tpot: a request's mean) of each request, in the unit that stands beside each; errors, cancelled requests, warm-up by benchmark_phase",
		Leaves: "token counts, trace data, other metrics (--latency-column names one)",
		Doc: func(d *rows.Doc) bool {
			return d.Has("metadata") && d.Has("metrics") && d.Has("metadata", "request_start_ns")
		},
		ReadDoc: readAIPerf,
	})
	_ = rows.Register(rows.Format{
		Name: "AIPerf or GenAI-Perf summary", Tool: "aiperf profile (profile_export_aiperf.json), genai-perf profile (profile_export_genai_perf.json)",
		Seen:    "AIPerf 0.13.0 and GenAI-Perf 0.0.16, by their source",
		Reads:   "avg, std, min, max, count and percentiles of every metric whose unit is one of time",
		Leaves:  "throughput, token counts, configuration",
		Samples: "The file profile_export.jsonl (AIPerf) or profile_export.json (GenAI-Perf) beside it has each request.",
		Doc: func(d *rows.Doc) bool {
			return d.Has("request_latency", "unit") || d.Has("records", "request_latency", "unit")
		},
		ReadDoc: readAIPerfSummary,
	})
)

type aiperfRecord struct {
	Metadata struct {
		Phase     string `json:"benchmark_phase"`
		Worker    string `json:"worker_id"`
		Session   int64  `json:"session_num"`
		Start     *int64 `json:"request_start_ns"`
		Cancelled bool   `json:"was_cancelled"`
		Chat      string `json:"conversation_id"`
	} `json:"metadata"`
	Metrics map[string]json.RawMessage `json:"metrics"`
	Error   json.RawMessage            `json:"error"`
}

type measure struct {
	Value *rows.Num `json:"value"`
	Unit  string    `json:"unit"`
}

var aiperfMetrics = []struct{ name, mode string }{{"request_latency", e2e}, {"time_to_first_token", ttft}, {"inter_token_latency", tpot}}

func readAIPerf(in *rows.Input, d *rows.Doc) error {
	var v aiperfRecord
	is := func() bool { return v.Metadata.Start != nil && v.Metrics != nil }
	if err := in.Record(d, &v, is, "benchmark_phase", "worker_id", "conversation_id"); err != nil {
		return err
	}
	column := func(c string) string {
		return map[string]string{"benchmark_phase": v.Metadata.Phase, "worker_id": v.Metadata.Worker, "conversation_id": v.Metadata.Chat}[c]
	}
	bad := v.Metadata.Cancelled || rows.TextOf(v.Error) != ""
	wanted := aiperfMetrics
	if c := in.O.Columns["latency"]; c != "" {
		if _, err := in.Metric(c); err != nil {
			return err
		}
		wanted = []struct{ name, mode string }{{c, c}}
	}
	for i, m := range wanted {
		raw, ok := v.Metrics[m.name]
		if i > 0 && bad || !ok && !bad {
			continue // a request that failed counts once
		}
		r := rows.Row{Mode: m.mode, HasRun: true, Index: int64(d.Line), OK: !bad, Warmup: v.Metadata.Phase == "warmup"}
		if ok {
			var x measure
			if err := in.Decode(d, raw, &x); err != nil {
				return err
			}
			scale, err := rows.Scale(x.Unit)
			if err != nil {
				return in.Errorf(d.Line, "%s: %w", m.name, err)
			}
			if x.Value == nil || x.Value.Missing() {
				continue
			}
			if r.Ns, err = rows.Latency(float64(*x.Value), scale); err != nil {
				return in.Errorf(d.Line, "%s: %w", m.name, err)
			}
		}
		if err := in.Emit(&r, column); err != nil {
			return err
		}
	}
	return nil
}

func readAIPerfSummary(in *rows.Input, d *rows.Doc) error {
	var all map[string]json.RawMessage
	raw := d.Raw
	if r := d.At("records"); r != nil {
		raw = r
	}
	if err := in.Decode(d, raw, &all); err != nil {
		return err
	}
	if !in.Format.Doc(d) {
		return rows.ErrOther
	}
	if err := in.Begin(d); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var m map[string]json.RawMessage
		if json.Unmarshal(all[name], &m) != nil {
			continue
		}
		scale, err := rows.Scale(rows.TextOf(m["unit"]))
		if err != nil || strings.Contains(name, "throughput") || strings.Contains(name, "timestamp") || strings.Contains(name, "duration") && name != "request_duration" {
			continue // no time of a request
		}
		s := rows.NoStats()
		s.Mode = name
		for _, x := range aiperfMetrics {
			if x.name == name {
				s.Mode = x.mode
			}
		}
		for stat, v := range m {
			var n *rows.Num
			if json.Unmarshal(v, &n) != nil || n == nil || stat == "unit" {
				continue
			}
			if stat == "count" {
				s.N = int64(*n)
			} else {
				s.Stat(stat, float64(*n)*scale)
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
