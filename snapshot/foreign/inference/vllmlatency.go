package inference

import "github.com/tailscope/tailscope/snapshot/foreign/rows"

var _ = rows.Register(rows.Format{
	Name: "vLLM bench latency", Tool: "vllm bench latency --output-json F",
	Seen:   "vLLM 0.1x to 0.3x, by its source (vllm/benchmarks/latency.py)",
	Reads:  "latencies, in seconds: one batch each",
	Leaves: "avg_latency and percentiles, which follow from them",
	Doc:    func(d *rows.Doc) bool { return d.Has("avg_latency") && d.Has("latencies") },
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		var v struct {
			Latencies []rows.Num `json:"latencies"`
		}
		if err := in.Document(d, &v, func() bool { return d.Has("avg_latency") }); err != nil {
			return err
		}
		return in.Times(d, rows.Row{}, v.Latencies, 1e9, nil)
	},
})
