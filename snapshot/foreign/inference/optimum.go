package inference

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "Optimum-Benchmark report", Tool: "optimum-benchmark (benchmark_report.json, or benchmark.json with the report in it)",
	Seen:   "optimum-benchmark 0.6.0, by its source (trackers/latency.py)",
	Reads:  "latency.values of every target (load_model, forward, prefill, decode, per_token, call, …) in its unit: the target is the mode",
	Leaves: "memory, energy, throughput, and the statistics that follow from the values",
	Doc:    func(d *rows.Doc) bool { return len(optimumTargets(d)) > 0 },
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		targets := optimumTargets(d)
		if len(targets) == 0 {
			return rows.ErrOther
		}
		if err := in.Begin(d); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(targets)) {
			var v struct {
				Unit   string     `json:"unit"`
				Values []rows.Num `json:"values"`
			}
			if err := in.Decode(d, targets[name], &v); err != nil {
				return err
			}
			scale, err := rows.Scale(v.Unit)
			if err != nil {
				return in.Errorf(d.Line, "%s.latency: %w", rows.Clean(name), err)
			}
			if err := in.Times(d, rows.Row{Mode: name}, v.Values, scale, nil); err != nil {
				return err
			}
		}
		return nil
	},
})

// optimumTargets are the latencies of a report by target; none if it is no report.
func optimumTargets(d *rows.Doc) map[string]json.RawMessage {
	raw := d.Raw
	if r := d.At("report"); r != nil {
		raw = r
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil || len(all) > 1000 {
		return nil
	}
	out := map[string]json.RawMessage{}
	for name, target := range all {
		var t struct {
			Latency json.RawMessage `json:"latency"`
		}
		var l struct {
			Unit   string          `json:"unit"`
			Values json.RawMessage `json:"values"`
		}
		if json.Unmarshal(target, &t) == nil && json.Unmarshal(t.Latency, &l) == nil && l.Unit != "" && l.Values != nil {
			out[name] = t.Latency
		}
	}
	return out
}
