package inference

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "trtexec times", Tool: "trtexec --exportTimes=F",
	Seen:   "TensorRT 8 to 10, by its source (samples/common/sampleReporting.cpp)",
	Reads:  "latencyMs of each query (H2D, compute and D2H together); --latency-column takes another: computeMs, h2dMs, d2hMs, endToEndMs",
	Leaves: "instants; the first queries are in it, with whatever they waited for",
	Doc:    func(d *rows.Doc) bool { return d.Has("[]", "latencyMs") && d.Has("[]", "computeMs") },
	ReadDoc: func(in *rows.Input, d *rows.Doc) error {
		var list []map[string]json.RawMessage
		if err := in.Document(d, &list, func() bool { return len(list) > 0 }); err != nil {
			return err
		}
		var times []string
		for _, k := range slices.Sorted(maps.Keys(list[0])) {
			if strings.HasSuffix(k, "Ms") && !strings.HasPrefix(k, "start") && !strings.HasPrefix(k, "end") || k == "endToEndMs" {
				times = append(times, k)
			}
		}
		metric, err := in.Metric(times...)
		if err != nil {
			return err
		}
		values := make([]rows.Num, len(list))
		for i, m := range list {
			if err := in.Decode(d, orNull(m[cmp.Or(metric, "latencyMs")]), &values[i]); err != nil {
				return err
			}
		}
		return in.Times(d, rows.Row{}, values, 1e6, nil)
	},
})

func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}
