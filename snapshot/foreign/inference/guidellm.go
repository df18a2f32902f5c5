package inference

import (
	"encoding/json"
	"fmt"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "GuideLLM", Tool: "guidellm benchmark --output-path F.json",
	Seen:   "GuideLLM 0.8.1, by its source (schemas/base/request_stats.py); 0.2 and later have the same names",
	Reads:  "of each request, successful, errored and incomplete: request_latency (e2e, s), time_to_first_token_ms (ttft), inter_token_latency_ms (tpot: the mean within a request); the benchmark's strategy and rate as scenario",
	Leaves: "GuideLLM's own statistics, texts; incomplete requests are failures",
	Doc:    func(d *rows.Doc) bool { return d.Has("benchmarks", "[]", "requests", "successful") },
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		var v struct {
			Benchmarks []guidellm `json:"benchmarks"`
		}
		if err := in.Document(d, &v, func() bool { return d.Has("benchmarks", "[]", "requests", "successful") }); err != nil {
			return err
		}
		wanted, err := metrics{"request_latency": e2e, "time_to_first_token_ms": ttft, "inter_token_latency_ms": tpot, e2e: e2e, ttft: ttft, tpot: tpot}.wanted(in)
		if err != nil {
			return err
		}
		for i := range v.Benchmarks {
			if err := v.Benchmarks[i].read(in, d, i, wanted); err != nil {
				return err
			}
		}
		return nil
	},
})

type guidellm struct {
	Requests map[string]json.RawMessage `json:"requests"`
	Config   struct {
		Strategy json.RawMessage `json:"strategy"`
	} `json:"config"`
	Args struct {
		Strategy json.RawMessage `json:"strategy"`
	} `json:"args"`
}

func (g *guidellm) scenario(i int) string {
	var s struct {
		Type    string    `json:"type_"`
		Rate    *rows.Num `json:"rate"`
		Streams *rows.Num `json:"streams"`
	}
	raw := g.Config.Strategy
	if raw == nil {
		raw = g.Args.Strategy
	}
	if raw == nil || json.Unmarshal(raw, &s) != nil || s.Type == "" {
		return fmt.Sprintf("benchmark %d", i+1)
	}
	for _, n := range []*rows.Num{s.Rate, s.Streams} {
		if n != nil && !n.Missing() {
			return fmt.Sprintf("%s %v", s.Type, float64(*n))
		}
	}
	return s.Type
}

func (g *guidellm) read(in *rows.Input, d *rows.Doc, i int, wanted func(string) bool) error {
	scenario := g.scenario(i)
	for _, status := range []string{"successful", "errored", "incomplete"} {
		var list []struct {
			Latency *rows.Num `json:"request_latency"`
			TTFT    *rows.Num `json:"time_to_first_token_ms"`
			ITL     *rows.Num `json:"inter_token_latency_ms"`
		}
		if raw := g.Requests[status]; raw != nil {
			if err := in.Decode(d, raw, &list); err != nil {
				return err
			}
		}
		for k, q := range list {
			for _, x := range []struct {
				mode  string
				v     *rows.Num
				scale float64
			}{{e2e, q.Latency, 1e9}, {ttft, q.TTFT, 1e6}, {tpot, q.ITL, 1e6}} {
				bad := status != "successful"
				if !wanted(x.mode) || bad && x.mode != e2e || !bad && (x.v == nil || x.v.Missing()) {
					continue
				}
				r := rows.Row{Mode: x.mode, Scenario: scenario, Run: fmt.Sprintf("benchmark %d", i+1), HasRun: true, Index: int64(k), OK: !bad}
				if x.v != nil && !x.v.Missing() {
					var err error
					if r.Ns, err = rows.Latency(float64(*x.v), x.scale); err != nil {
						return in.Errorf(d.Line, "benchmark %d, %s request %d: %w", i+1, status, k, err)
					}
				}
				if err := in.Emit(&r, nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
