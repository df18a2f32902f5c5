package inference

import (
	"strconv"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "onnxruntime_perf_test", Tool: "onnxruntime_perf_test -p F or its result file argument",
	Seen:   "ONNX Runtime 1.2x, by its source (test/perftest/performance_runner.cc)",
	Reads:  "model, seconds of each run and its index; the file is opened to append, so an index of 0 begins another run; a column more before the index, of the submission delay, is left alone",
	Leaves: "working set, CPU usage, the statistics in words after the runs; lines that are no measurement, counted",
	Table: &rows.Table{
		Unit: "s", Lenient: true,
		Columns: map[string]string{"latency": "seconds", "label": "model", "model": "model"},
		Line:    perfTestLine,
		Row: func(in *rows.Input, r *rows.Row, get func(string) string) {
			if get("index") == "0" && in.Seen() {
				in.NextRun()
			}
			r.HasRun = true
		},
	},
})

// perfTestLine: model, seconds, peak working set, CPU usage, index; newer ones
// have a time before the seconds.
func perfTestLine(f [][]byte) []string {
	n := len(f)
	if n != 5 && n != 6 || !rows.Digits(f[n-1]) || !rows.Digits(f[n-2]) || !rows.Digits(f[n-3]) {
		return nil
	}
	for _, b := range f[1 : n-3] {
		if _, err := strconv.ParseFloat(string(b), 64); err != nil {
			return nil
		}
	}
	if n == 6 {
		return []string{"model", "submission_seconds", "seconds", "peak_working_set", "cpu_usage", "index"}
	}
	return []string{"model", "seconds", "peak_working_set", "cpu_usage", "index"}
}
