package labels

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// reported are statistics that other tools computed, as they reported them.
func (r *Report) reported() Table {
	t := Table{Name: "reported", Title: "As the tool reported it: no measurements to check, no intervals",
		Header: []string{"mode", "backend", "n", "errors", "mean_ms", "std_ms", "min_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p99.9_ms", "max_ms", "more", "format", "file"}}
	shown := []string{"p50", "p90", "p95", "p99", "p99.9"}
	for i := range r.Reported {
		x := &r.Reported[i]
		row := []string{x.Mode, x.Label, count(x.N), count(x.Errors), num(ms(x.Mean)), num(ms(x.Std)), num(ms(x.Min))}
		var more []string
		for _, p := range slices.Sorted(maps.Keys(x.Percentiles)) {
			if slices.Contains([]string{"p25", "p75", "p97.5", "p98", "p99.99"}, p) {
				more = append(more, p+" "+short(num(ms(x.Percentiles[p]))))
			}
		}
		for _, p := range shown {
			cell := ""
			if v, ok := x.Percentiles[p]; ok {
				cell = num(ms(v))
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, append(row, num(ms(x.Max)), strings.Join(more, ", "), x.Tool, x.File))
	}
	return t
}

// reportedJSON is Reported in ms, null where something was not reported.
func (r *Report) reportedJSON() []map[string]any {
	out := []map[string]any{}
	for i := range r.Reported {
		x := &r.Reported[i]
		p := map[string]stats.Num{}
		for k, v := range x.Percentiles {
			p[k+"_ms"] = ms(v)
		}
		m := map[string]any{"mode": x.Mode, "backend": x.Label, "file": x.File, "format": x.Tool, "n": nil, "errors": x.Errors, "mean_ms": ms(x.Mean),
			"std_ms": ms(x.Std), "min_ms": ms(x.Min), "max_ms": ms(x.Max), "percentiles": p}
		if x.N > 0 {
			m["n"] = x.N
		}
		out = append(out, m)
	}
	return out
}

// count prints a number that may not have been reported.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
