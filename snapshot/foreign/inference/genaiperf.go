package inference

import (
	"fmt"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "perf_analyzer or GenAI-Perf requests", Tool: "genai-perf profile, perf_analyzer --profile-export-file (profile_export.json)",
	Seen:   "GenAI-Perf 0.0.16, by its source (the file itself is perf_analyzer's)",
	Reads:  "each request's timestamp and response_timestamps, in ns: e2e to the last response, ttft to the first where there are several",
	Leaves: "inputs and outputs; requests without a response are failures; the last response may be an empty end mark, which e2e then holds",
	Pools:  false,
	Doc:    func(d *rows.Doc) bool { return d.Has("experiments", "[]", "requests") },
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		var v struct {
			Experiments []struct {
				Experiment struct {
					Mode  string   `json:"mode"`
					Value rows.Num `json:"value"`
				} `json:"experiment"`
				Requests []struct {
					At        int64   `json:"timestamp"`
					Responses []int64 `json:"response_timestamps"`
					Success   *bool   `json:"success"`
				} `json:"requests"`
			} `json:"experiments"`
		}
		if err := in.Document(d, &v, func() bool { return v.Experiments != nil }); err != nil {
			return err
		}
		wanted, err := metrics{e2e: e2e, ttft: ttft}.wanted(in)
		if err != nil {
			return err
		}
		for _, x := range v.Experiments {
			r := rows.Row{Scenario: fmt.Sprintf("%s %v", x.Experiment.Mode, float64(x.Experiment.Value)), HasRun: true}
			r.Run = r.Scenario
			for i, q := range x.Requests {
				r.Index, r.OK, r.Mode = int64(i), len(q.Responses) > 0 && (q.Success == nil || *q.Success), e2e
				r.Ns = 0
				if n := len(q.Responses); n > 0 {
					r.Ns = max(q.Responses[n-1]-q.At, 0)
				}
				if row := r; wanted(e2e) {
					if err := in.Emit(&row, nil); err != nil {
						return err
					}
				}
				if len(q.Responses) > 1 && r.OK && wanted(ttft) {
					row := r
					row.Mode, row.Ns = ttft, max(q.Responses[0]-q.At, 0)
					if err := in.Emit(&row, nil); err != nil {
						return err
					}
				}
			}
		}
		return nil
	},
})
