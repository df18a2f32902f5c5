package inference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

var _ = rows.Register(rows.Format{
	Name: "run file", Tool: "TR117's and tailscope's run_<n>.json; one a file or one a line",
	Seen:    "tailscope, and TR117's published shape",
	Reads:   "latencies_ms in order, and beside it or one object deeper scenario, backend or lane, mode, model, quantization, status and the compile block; names that are missing from the path …/runs/<scenario>/<backend>/<quantization>",
	Leaves:  "what else stands beside them",
	Pools:   true,
	Doc:     deepRaw,
	ReadDoc: readRun,
})

// nests are the objects in which the values of a run file may stand.
var nests = []string{"config", "run", "params", "metadata", "meta", "request", "result", "results", "summary"}

func deepRaw(d *rows.Doc) bool {
	return d.Has("latencies_ms") || slices.ContainsFunc(nests, func(k string) bool { return d.Has(k, "latencies_ms") })
}

// runFile is a run file with its nested objects.
type runFile struct {
	top    map[string]json.RawMessage
	nested []map[string]json.RawMessage
	path   map[string]string
}

func parseRun(in *rows.Input, d *rows.Doc) (*runFile, error) {
	f := &runFile{path: pathFields(in.Name)}
	if err := in.Decode(d, d.Raw, &f.top); err != nil {
		return nil, err
	}
	for _, k := range nests {
		var m map[string]json.RawMessage
		if json.Unmarshal(f.top[k], &m) == nil && m != nil {
			f.nested = append(f.nested, m)
		}
	}
	return f, nil
}

func (f *runFile) raw(key string) json.RawMessage {
	if v, ok := f.top[key]; ok {
		return v
	}
	for _, m := range f.nested {
		if v, ok := m[key]; ok {
			return v
		}
	}
	return nil
}

func (f *runFile) get(key string) string {
	if raw := f.raw(key); len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
		if s := rows.TextOf(raw); s != "" {
			return s
		}
	}
	return f.path[key]
}

func (f *runFile) columns() []string {
	out := []string{"scenario", "backend", "quantization", "dtype", "lane", "mode", "model", "status"}
	for _, m := range append(f.nested, f.top) {
		for k, raw := range m {
			if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func readRun(in *rows.Input, d *rows.Doc) error {
	if !deepRaw(d) {
		return rows.ErrOther
	}
	f, err := parseRun(in, d)
	if err != nil {
		return err
	}
	var list []json.Number
	if err := in.Decode(d, f.raw("latencies_ms"), &list); err != nil {
		return err
	}
	if err := in.Columns(f.columns()...); err != nil {
		return err
	}
	r := rows.Row{Label: cmp.Or(f.get("label"), f.get("lane"), f.get("backend"), in.Label()), Mode: f.get("mode"), Scenario: f.get("scenario"),
		Model: f.get("model"), Quantization: cmp.Or(f.get("quantization"), f.get("dtype")), Run: in.Name, HasRun: true, OK: true}
	if d.N > 1 {
		r.Run = fmt.Sprintf("%s #%d", in.Name, d.N)
	}
	if s := f.get("status"); s != "" {
		in.Judge(&r, "status", s)
	}
	kept := in.Info.Filtered
	for i, n := range list {
		ns, err := textio.ParseMs([]byte(n.String()))
		if err != nil || ns < 0 {
			return in.Errorf(0, "latencies_ms[%d] is no latency: %s", i, rows.Quote(n.String()))
		}
		row := r
		row.Index, row.Ns = int64(i), ns
		if err := in.Emit(&row, f.get); err != nil {
			return err
		}
	}
	if in.Info.Filtered == kept {
		in.Info.Compiles = append(in.Info.Compiles, judge(f.raw("compile"), in.Name, &r))
	}
	return nil
}

// judge holds a run file's compile block against the rule. A label alone is no
// evidence.
func judge(raw json.RawMessage, name string, r *rows.Row) rows.RunCompile {
	ev := stats.Evidence{LabelOnly: rows.NoCompileBlock}
	backend := ""
	var c map[string]json.RawMessage
	if json.Unmarshal(raw, &c) == nil && c != nil {
		ev, backend = evidenceOf(c)
	}
	j := rows.RunCompile{File: name, Label: r.Label, Mode: r.Mode, Real: "label-only"}
	real, why := stats.CompilerReal(&ev)
	j.Why = why
	if real == stats.RealYes {
		j.Real, j.Why = "compiler-real", fmt.Sprintf("backend %s, %s", backend, why)
	}
	return j
}

// evidenceOf reads a compile block: the compiler's backend on record, a
// snapshot of its counters after compilation. Where the block does not say what
// was asked for, it was torch's default.
func evidenceOf(c map[string]json.RawMessage) (ev stats.Evidence, backend string) {
	word := func(key string) string { return rows.Clean(rows.TextOf(c[key])) }
	b := stats.Backend{Actual: word("backend"), Requested: cmp.Or(word("backend_requested"), word("requested_backend"), "inductor"),
		FallbackFrom: word("fallback_from"), FallbackError: word("fallback_error")}
	var counters map[string]json.RawMessage
	for _, k := range []string{"counters_after_compile", "dynamo_counters_after_compile"} {
		var m map[string]json.RawMessage
		if json.Unmarshal(c[k], &m) == nil && len(m) > 0 {
			counters = m
		}
	}
	return stats.Evidence{Executables: []stats.Backend{b}, Counted: len(counters) > 0, Compiles: -1}, b.Actual
}

// pathFields reads names from …/<mode>/runs/<scenario>/<backend>/<quantization>[/<model>]/run_<n>.json.
func pathFields(name string) map[string]string {
	parts := strings.Split(filepath.ToSlash(name), "/")
	out := map[string]string{}
	for i, p := range parts {
		if p != "runs" {
			continue
		}
		if i > 0 {
			out["mode"] = parts[i-1]
			if !isMode(parts[i-1]) {
				delete(out, "mode")
			}
		}
		for k, f := range []string{"scenario", "backend", "quantization", "model"} {
			if at := i + 1 + k; at < len(parts)-1 {
				out[f] = parts[at]
			}
		}
	}
	if len(out) == 0 && len(parts) >= 4 { // the tree was given below its runs folder
		for k, f := range []string{"scenario", "backend", "quantization"} {
			out[f] = parts[k]
		}
	}
	return out
}

func isMode(s string) bool { return slices.Contains(stats.ModeNames(), s) }
