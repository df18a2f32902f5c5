package foreign

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// maxJSON bounds a JSON file, which is read whole.
const maxJSON = 256 << 20

// RunCompile is what a run file says of compilation.
type RunCompile struct {
	File, Label, Mode string
	Real              string // compiler-real, label-only or not compiled
	Why               string
}

// NoCompileBlock is why a run file without evidence is label-only.
const NoCompileBlock = "no compile block: the label is only a name"

// readRun reads one run_*.json: TR117's shape, an ordered array latencies_ms
// with names beside it, at the top or one object deeper.
func readRun(path, name string, o *Options, info *Info, yield func(*Row) error) error {
	top, err := readObject(path)
	if err != nil {
		return err
	}
	return runRows(top, path, name, o, info, yield)
}

func runRows(top map[string]any, path, name string, o *Options, info *Info, yield func(*Row) error) error {
	list, ok := deep(top, "latencies_ms").([]any)
	if !ok {
		return fmt.Errorf("%s: no array latencies_ms", path)
	}
	fromPath := pathFields(name)
	get := func(column string) string {
		if c := o.Columns[column]; c != "" {
			column = c
		}
		if s, ok := scalar(deep(top, column)); ok {
			return s
		}
		return fromPath[column]
	}
	label := get("label")
	if label == "" {
		label = first(get("lane"), get("backend"), "all")
	}
	r := Row{Label: label, Mode: first(get("mode"), fromPath["mode"]), Scenario: get("scenario"), Model: get("model"),
		Quantization: first(get("quantization"), get("dtype")), Run: name, HasRun: true, File: name, OK: true}
	if s := get("status"); s != "" {
		r.OK = strings.EqualFold(s, "ok")
	}
	if o.By != "" {
		r.By = get(o.By)
	}
	info.Rows += uint64(len(list))
	if !o.Keep(get) {
		info.Filtered += uint64(len(list))
		return nil
	}
	if r.Model != "" {
		info.Models[r.Model] = true
	}
	info.Compiles = append(info.Compiles, judge(top, name, &r))
	return eachLatency(list, path, r, yield)
}

func eachLatency(list []any, path string, r Row, yield func(*Row) error) error {
	for i, v := range list {
		n, ok := v.(json.Number)
		if !ok {
			return fmt.Errorf("%s: latencies_ms[%d] is no number", path, i)
		}
		ns, err := textio.ParseMs([]byte(n.String()))
		if err != nil || ns < 0 {
			return fmt.Errorf("%s: latencies_ms[%d] is no latency: %s", path, i, n)
		}
		row := r
		row.Index, row.Ns = int64(i), ns
		if err := yield(&row); err != nil {
			return err
		}
	}
	return nil
}

// judge holds a run file's compile block against the rule. A label alone is no
// evidence.
func judge(top map[string]any, name string, r *Row) RunCompile {
	ev := stats.Evidence{LabelOnly: NoCompileBlock}
	backend := ""
	if c, ok := top["compile"].(map[string]any); ok {
		ev, backend = evidenceOf(c)
	}
	j := RunCompile{File: name, Label: r.Label, Mode: r.Mode, Real: "label-only"}
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
func evidenceOf(c map[string]any) (ev stats.Evidence, backend string) {
	word := func(keys ...string) string {
		s, _ := scalar(first2(c, keys...))
		return s
	}
	b := stats.Backend{Actual: word("backend"), Requested: first(word("backend_requested", "requested_backend"), "inductor"),
		FallbackFrom: word("fallback_from"), FallbackError: word("fallback_error")}
	counters, _ := first2(c, "dynamo_counters_after_compile", "counters_after_compile").(map[string]any)
	return stats.Evidence{Executables: []stats.Backend{b}, Counted: len(counters) > 0, Compiles: -1}, b.Actual
}

// first2 returns the first of keys that is there and not null.
func first2(m map[string]any, keys ...string) any {
	for _, k := range keys {
		if v := m[k]; v != nil {
			return v
		}
	}
	return nil
}

func first(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

// deep finds a key at the top, or in one of the objects right below it.
func deep(top map[string]any, key string) any {
	if v, ok := top[key]; ok {
		return v
	}
	for _, k := range []string{"config", "run", "params", "metadata", "meta", "request", "result", "results", "summary"} {
		if m, ok := top[k].(map[string]any); ok {
			if v, ok := m[key]; ok {
				return v
			}
		}
	}
	return nil
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
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

func isMode(s string) bool {
	switch s {
	case "prefill", "kv_decode", "e2e_kv", "forward":
		return true
	}
	return false
}

func readObject(path string) (map[string]any, error) {
	v, err := readAny(path)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: not a JSON object", path)
	}
	return m, nil
}

// readAny reads a JSON file of bounded size; a syntax error names its line.
func readAny(path string) (any, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxJSON {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxJSON)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(string(trimBOM(b))))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		at := len(b) // cut short
		if syn := (*json.SyntaxError)(nil); errors.As(err, &syn) {
			at = int(syn.Offset)
		}
		line := 1 + strings.Count(string(b[:min(at, len(b))]), "\n")
		return nil, fmt.Errorf("%s:%d: %w", path, line, err)
	}
	return v, nil
}
