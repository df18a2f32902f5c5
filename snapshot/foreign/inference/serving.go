package inference

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// vLLM's and SGLang's serving benchmarks descend from one script and share its
// names: ttfts and itls with details, mean_ttft_ms and its like without.
var (
	_ = rows.Register(rows.Format{
		Name: "vLLM bench serve", Tool: "vllm bench serve --save-result [--save-detailed]",
		Seen:    "vLLM 0.1x to 0.3x, by its source (vllm/benchmarks/serve.py)",
		Reads:   "with --save-detailed ttft, itl and e2e of each request (e2e is ttft and all itl: the file has none) and errors; else mean, median, std and percentiles of ttft, tpot, itl and e2el",
		Leaves:  "throughput, goodput, texts; tpot of single requests",
		Samples: "'vllm bench serve --save-result --save-detailed' keeps each request.",
		Doc: func(d *rows.Doc) bool {
			return (d.Has("mean_ttft_ms") || d.Has("mean_e2el_ms")) && !d.Has("mean_e2e_latency_ms")
		},
		ReadDoc: readServing,
	})
	_ = rows.Register(rows.Format{
		Name: "SGLang bench_serving", Tool: "python -m sglang.bench_serving --output-file F [--output-details]",
		Seen:    "SGLang 0.4 to 0.5, by its source (python/sglang/bench_serving.py)",
		Reads:   "with --output-details ttft, itl and e2e of each request (e2e is ttft and all itl) and errors; else mean, median, std and p99 of ttft, tpot, itl and e2e; each line is a run",
		Leaves:  "throughput, accept length, texts",
		Samples: "'--output-details' keeps each request.",
		Doc:     func(d *rows.Doc) bool { return d.Has("mean_e2e_latency_ms") },
		ReadDoc: readServing,
	})
)

func readServing(in *rows.Input, d *rows.Doc) error {
	var s struct {
		Backend   string            `json:"backend"`
		Label     string            `json:"label"`
		Endpoint  string            `json:"endpoint_type"`
		ModelID   string            `json:"model_id"`
		Rate      json.RawMessage   `json:"request_rate"`
		Completed int64             `json:"completed"`
		TTFTs     []rows.Num        `json:"ttfts"`
		ITLs      [][]rows.Num      `json:"itls"`
		Errors    []json.RawMessage `json:"errors"`
	}
	if err := in.Document(d, &s, func() bool { return in.Format.Doc(d) }); err != nil {
		return err
	}
	wanted, err := metrics{"ttfts": ttft, "itls": itl, "e2e": e2e, ttft: ttft, itl: itl, tpot: tpot}.wanted(in)
	if err != nil {
		return err
	}
	r := rows.Row{Label: cmp.Or(s.Label, s.Backend, s.Endpoint), Model: s.ModelID, HasRun: true}
	if rate := rows.TextOf(s.Rate); rate != "" {
		r.Scenario = "request rate " + rate
	}
	if len(s.TTFTs) == 0 {
		return servingStats(in, d, r, s.Completed, wanted)
	}
	if n := int64(len(s.TTFTs)); s.Completed > 0 && n != s.Completed && n != s.Completed+int64(failures(s.Errors)) {
		in.Note("%s: %d requests are said to be completed, %d are in the lists: those were read.", in.Name, s.Completed, n)
	}
	in.Note("Times between the tokens of one request hang together: an interval of itl that takes them as independent is too narrow.")
	for i, first := range s.TTFTs {
		bad := i < len(s.Errors) && rows.TextOf(s.Errors[i]) != ""
		var gaps []rows.Num
		if i < len(s.ITLs) {
			gaps = s.ITLs[i]
		}
		if err := servingRequest(in, d, r, i, first, gaps, bad, wanted); err != nil {
			return err
		}
	}
	return nil
}

func failures(errs []json.RawMessage) (n int) {
	for _, e := range errs {
		if rows.TextOf(e) != "" {
			n++
		}
	}
	return n
}

// servingRequest hands on one request's times. The file has no e2e latency: it
// is the first token's time and those between the others.
func servingRequest(in *rows.Input, d *rows.Doc, r rows.Row, i int, first rows.Num, gaps []rows.Num, bad bool, wanted func(string) bool) error {
	total := first
	for _, g := range gaps {
		total += g
	}
	ofRequest := func(_ int, x *rows.Row) { x.Index, x.OK = int64(i), !bad }
	for _, x := range []struct {
		mode  string
		times []rows.Num
	}{{e2e, []rows.Num{total}}, {ttft, []rows.Num{first}}, {itl, gaps}} {
		if !wanted(x.mode) || bad && x.mode != e2e {
			continue
		}
		r.Mode = x.mode
		if err := in.Times(d, r, x.times, 1e9, ofRequest); err != nil {
			return err
		}
	}
	return nil
}

// servingStats reads mean_ttft_ms, median_ttft_ms, std_ttft_ms, p99_ttft_ms and
// their like.
func servingStats(in *rows.Input, d *rows.Doc, r rows.Row, n int64, wanted func(string) bool) error {
	var all map[string]json.RawMessage
	if err := in.Decode(d, d.Raw, &all); err != nil {
		return err
	}
	for _, m := range []struct{ mode, suffix string }{{e2e, "_e2el_ms"}, {e2e, "_e2e_latency_ms"}, {ttft, "_ttft_ms"}, {tpot, "_tpot_ms"}, {itl, "_itl_ms"}} {
		if !wanted(m.mode) {
			continue
		}
		s := rows.NoStats()
		s.Label, s.Mode = r.Label, m.mode
		if m.mode != itl { // of it n is that of the gaps, which the file does not say
			s.N = n
		}
		for key, raw := range all {
			stat, ok := strings.CutSuffix(key, m.suffix)
			v, err := strconv.ParseFloat(string(raw), 64)
			if !ok || err != nil {
				continue
			}
			s.Stat(stat, v*1e6)
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
