package openai

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// point is one series of an exposition.
type point struct {
	name   string
	labels map[string]string
	value  float64
}

// ParseMetrics reads Prometheus' text format. Lines that are none are left
// out: half of a page is better than none.
func ParseMetrics(text string) []point {
	var out []point
	for line := range strings.Lines(text) {
		if p, ok := parsePoint(strings.TrimSpace(line)); ok {
			out = append(out, p)
		}
	}
	return out
}

func parsePoint(line string) (p point, ok bool) {
	if line == "" || line[0] == '#' {
		return p, false
	}
	i := strings.IndexAny(line, "{ \t")
	if i <= 0 {
		return p, false
	}
	p.name, line = line[:i], line[i:]
	if line[0] == '{' {
		if p.labels, line, ok = parseLabels(line[1:]); !ok {
			return p, false
		}
	}
	value, _, _ := strings.Cut(strings.TrimSpace(line), " ") // a timestamp may follow
	v, err := strconv.ParseFloat(value, 64)
	p.value = v
	return p, err == nil
}

// parseLabels reads name="value",… up to the brace and returns the rest.
func parseLabels(s string) (map[string]string, string, bool) {
	labels := map[string]string{}
	for {
		s = strings.TrimLeft(s, ", \t")
		if rest, done := strings.CutPrefix(s, "}"); done {
			return labels, rest, true
		}
		name, rest, found := strings.Cut(s, "=")
		if !found || !strings.HasPrefix(rest, `"`) {
			return nil, "", false
		}
		var b strings.Builder
		i := 1
		for ; i < len(rest) && rest[i] != '"'; i++ {
			if rest[i] == '\\' && i+1 < len(rest) {
				i++
				if rest[i] == 'n' {
					b.WriteByte('\n')
					continue
				}
			}
			b.WriteByte(rest[i])
		}
		if i >= len(rest) {
			return nil, "", false
		}
		labels[strings.TrimSpace(name)], s = b.String(), rest[i+1:]
	}
}

// What is read of a page, by the name that tailscope gives it. names are
// tried in order; a series counts where its labels are those of where.
type metric struct {
	is    string
	kind  byte // g gauge, c counter, h histogram
	names []string
	where string // label=value, or nothing
}

// metricTable holds the names of vLLM, SGLang, TGI, TEI and Triton.
var metricTable = []metric{
	{"running", 'g', []string{"vllm:num_requests_running", "sglang:num_running_reqs", "tgi_batch_current_size"}, ""},
	{"waiting", 'g', []string{"vllm:num_requests_waiting", "sglang:num_queue_reqs", "tgi_queue_size", "te_queue_size", "nv_inference_pending_request_count"}, ""},
	{"kv", 'g', []string{"vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"}, ""},
	{"preemptions", 'c', []string{"vllm:num_preemptions_total", "vllm:num_preemptions", "sglang:num_retracted_reqs"}, ""},
	{"graph passes", 'c', []string{"sglang:cuda_graph_passes_total"}, "mode=decode_cuda_graph"},
	{"eager passes", 'c', []string{"sglang:cuda_graph_passes_total"}, "mode=decode_none"},
	{"graph iterations", 'c', []string{"vllm:cudagraph_iterations_total", "vllm:cudagraph_iterations"}, "runtime_mode=FULL"},
	{"eager iterations", 'c', []string{"vllm:cudagraph_iterations_total", "vllm:cudagraph_iterations"}, "runtime_mode=NONE"},
	{"tokens a step", 'h', []string{"vllm:iteration_tokens_total", "tgi_batch_next_size", "te_batch_next_tokens"}, ""},
	{"ttft", 'h', []string{"vllm:time_to_first_token_seconds", "sglang:time_to_first_token_seconds"}, ""},
	{"itl", 'h', []string{"vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds", "sglang:inter_token_latency_seconds", "sglang:time_per_output_token_seconds", "tgi_request_mean_time_per_token_duration"}, ""},
	{"e2e", 'h', []string{"vllm:e2e_request_latency_seconds", "sglang:e2e_request_latency_seconds", "tgi_request_duration", "te_request_duration"}, ""},
	{"forward", 'h', []string{"tgi_batch_forward_duration", "te_embed_inference_duration"}, ""},
	{"first response in ms", 'h', []string{"nv_inference_first_response_histogram_ms"}, ""},
	{"requests", 'c', []string{"vllm:request_success_total", "sglang:num_requests_total", "tgi_request_success", "te_request_success", "nv_inference_request_success"}, ""},
	{"start", 'g', []string{"process_start_time_seconds"}, ""},
}

// serverOf names the server whose series a page holds.
func serverOf(points []point) string {
	for _, p := range points {
		for prefix, name := range map[string]string{"vllm:": "vllm", "sglang:": "sglang", "tgi_": "tgi", "te_": "tei", "nv_": "triton"} {
			if strings.HasPrefix(p.name, prefix) {
				return name
			}
		}
	}
	return ""
}

// Buckets is a histogram as exported: counts are cumulative up to each edge.
type Buckets struct {
	Edges  []float64 // ascending; the last may be +Inf
	Counts []float64
}

// Page is what one reading of /metrics said.
type Page struct {
	Values map[string]float64
	Hists  map[string]Buckets
}

// ReadPage finds the table's metrics on a page. Several series of one name
// (engines, models) are added up; a share is their largest.
func ReadPage(text string) Page {
	pg := Page{Values: map[string]float64{}, Hists: map[string]Buckets{}}
	by := map[string][]point{}
	for _, p := range ParseMetrics(text) {
		by[p.name] = append(by[p.name], p)
	}
	for _, m := range metricTable {
		for _, name := range m.names {
			if m.kind == 'h' {
				if h, ok := histOf(by[name+"_bucket"]); ok {
					pg.Hists[m.is] = h
					break
				}
				continue
			}
			if v, ok := sumOf(by[name], m); ok {
				pg.Values[m.is] = v
				break
			}
		}
	}
	return pg
}

func sumOf(points []point, m metric) (sum float64, ok bool) {
	key, value, cond := strings.Cut(m.where, "=")
	for _, p := range points {
		if cond && p.labels[key] != value || math.IsNaN(p.value) {
			continue
		}
		if ok = true; m.is == "kv" {
			sum = max(sum, p.value)
		} else {
			sum += p.value
		}
	}
	return sum, ok
}

func histOf(points []point) (Buckets, bool) {
	at := map[float64]float64{}
	for _, p := range points {
		if le, err := strconv.ParseFloat(p.labels["le"], 64); err == nil && !math.IsNaN(p.value) {
			at[le] += p.value
		}
	}
	b := Buckets{Edges: slices.Sorted(maps.Keys(at))}
	for _, le := range b.Edges {
		b.Counts = append(b.Counts, at[le])
	}
	return b, len(b.Edges) > 0
}

// Since is what came between two readings: counts a bucket, not cumulative.
// A server that was restarted begins anew.
func (b Buckets) Since(before Buckets) Buckets {
	d := Buckets{Edges: b.Edges, Counts: make([]float64, len(b.Edges))}
	restarted := !slices.Equal(b.Edges, before.Edges)
	for i := range b.Counts {
		restarted = restarted || b.Counts[i] < before.Counts[i]
	}
	prev := 0.0
	for i, c := range b.Counts {
		if !restarted {
			c -= before.Counts[i]
		}
		d.Counts[i], prev = c-prev, c
	}
	return d
}

// N is the number of observations of a Since.
func (b Buckets) N() float64 {
	n := 0.0
	for _, c := range b.Counts {
		n += c
	}
	return n
}

// Quantile is the bucket that holds the q-quantile of a Since: the true value
// lies above lo and at or below hi. No precision is made up between them.
func (b Buckets) Quantile(q float64) (lo, hi float64, ok bool) {
	n := b.N()
	if n <= 0 {
		return 0, 0, false
	}
	left := q * n
	for i, c := range b.Counts {
		if left -= c; left <= 0 && c > 0 {
			if i > 0 {
				lo = b.Edges[i-1]
			}
			return lo, b.Edges[i], true
		}
	}
	return b.Edges[max(len(b.Edges)-2, 0)], b.Edges[len(b.Edges)-1], true
}
