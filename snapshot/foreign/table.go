package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// candidates are the column names a field goes by when no flag maps it, in
// order of preference.
var candidates = map[string][]string{
	"latency":      {"latency_ms", "latency_us", "latency_ns", "latency_s", "latency", "wall_ms", "wall_ns", "duration_ms", "elapsed_ms"},
	"label":        {"lane", "backend", "label"},
	"scenario":     {"scenario"},
	"model":        {"model", "model_name"},
	"quantization": {"quantization", "dtype", "precision"},
	"status":       {"status"},
	"mode":         {"mode"},
	"run":          {"run_file", "artifact", "artifact_path", "run_path"},
	"warmup":       {"is_warmup", "warmup"},
}

// tableReader reads rows of a CSV file with a header.
type tableReader struct {
	l      *textio.Lines
	name   string
	o      *Options
	info   *Info
	header []string
	col    map[string]int // field to position; absent: -1
	by     int
	where  []int
	extra  []int // generation, segment: part of the run
	native []int // positions of nativeColumns; nil: not asked for, or another tool's table
	own    stats.Sample
	scale  float64
	strs   map[string]string
	fields [][]byte
	runKey []byte
}

func readTable(l *textio.Lines, first []byte, name string, o *Options, info *Info, yield func(*Row) error) error {
	fields, err := textio.SplitCSV(nil, first)
	if err != nil {
		return l.Errorf("%v", err)
	}
	switch {
	case isVegetaCSV(fields):
		return vegetaCSV(l, fields, name, o, info, yield)
	case isPerfTest(fields):
		return perfTest(l, first, name, o, info, yield)
	case string(fields[0]) == "request-start" && bytes.Contains(first, []byte("request-duration")):
		return ohaCSV(l, name, o, info, yield)
	}
	t := &tableReader{l: l, name: name, o: o, info: info, strs: map[string]string{}, col: map[string]int{}}
	for _, f := range fields {
		t.header = append(t.header, strings.TrimSpace(string(f)))
	}
	if err := t.bind(); err != nil {
		return l.Errorf("%w", err)
	}
	info.Format = "metrics.csv"
	return t.rows(yield)
}

// position of a column, -1 if absent.
func (t *tableReader) position(column string) int {
	for i, h := range t.header {
		if h == column {
			return i
		}
	}
	return -1
}

// bind finds the columns of all fields.
func (t *tableReader) bind() error {
	for _, f := range Fields {
		t.col[f] = -1
		if c := t.o.Columns[f]; c != "" {
			if t.col[f] = t.position(c); t.col[f] < 0 {
				return NoColumn("there is no column %q for %s; columns are %s", c, f, strings.Join(t.header, ", "))
			}
			continue
		}
		for _, c := range candidates[f] {
			if t.col[f] = t.position(c); t.col[f] >= 0 {
				break
			}
		}
	}
	lat := t.col["latency"]
	if lat < 0 {
		return fmt.Errorf("no latency column among %s; name it with --latency-column", strings.Join(t.header, ", "))
	}
	unit := t.o.Unit
	if unit == "" {
		unit = unitOf(t.header[lat])
	}
	var err error
	if t.scale, err = scale(unit); err != nil {
		return err
	}
	if t.o.Native {
		t.bindNative()
	}
	t.by = -1
	if t.o.By != "" {
		if t.by = t.position(t.o.By); t.by < 0 {
			return NoColumn("there is no column %q to break down by; columns are %s", t.o.By, strings.Join(t.header, ", "))
		}
	}
	for _, w := range t.o.Where {
		i := t.position(w.Column)
		if i < 0 {
			return NoColumn("there is no column %q to filter by; columns are %s", w.Column, strings.Join(t.header, ", "))
		}
		t.where = append(t.where, i)
	}
	if t.col["run"] < 0 && t.position("nth_in_run") >= 0 {
		for _, c := range []string{"run_id", "generation", "segment"} {
			if i := t.position(c); i >= 0 {
				t.extra = append(t.extra, i)
			}
		}
	}
	return nil
}

func (t *tableReader) rows(yield func(*Row) error) error {
	var r Row
	for {
		line, err := t.l.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		keep, err := t.row(line, &r)
		if err != nil {
			return t.l.Errorf("%v", err)
		}
		t.info.Rows++
		if !keep {
			t.info.Filtered++
			continue
		}
		if err := yield(&r); err != nil {
			return err
		}
	}
}

func (t *tableReader) row(line []byte, r *Row) (keep bool, err error) {
	if t.fields, err = textio.SplitCSV(t.fields, line); err != nil {
		return false, err
	}
	if len(t.fields) != len(t.header) {
		return false, fmt.Errorf("%d fields, the header has %d", len(t.fields), len(t.header))
	}
	for i, c := range t.where {
		if f := &t.o.Where[i]; (string(t.fields[c]) == f.Value) == f.Not {
			return false, nil
		}
	}
	r.OK = true
	if c := t.col["status"]; c >= 0 {
		r.OK = isOK(t.fields[c])
	}
	lat := t.fields[t.col["latency"]]
	if r.Ns, err = t.time(lat); err != nil {
		if r.OK || len(lat) > 0 {
			return false, fmt.Errorf("%s: %w", t.header[t.col["latency"]], err)
		}
		r.Ns = 0 // a failed row may have no latency
	}
	r.Label, r.Mode, r.Scenario = t.get("label"), t.get("mode"), t.get("scenario")
	r.Model, r.Quantization = t.get("model"), t.get("quantization")
	if r.Label == "" {
		r.Label = "all"
	}
	r.Warmup = false
	if c := t.col["warmup"]; c >= 0 {
		r.Warmup = isTrue(t.fields[c])
	}
	r.By = ""
	if t.by >= 0 {
		r.By = t.str(t.fields[t.by])
	}
	t.run(r)
	if r.Native = nil; t.native != nil {
		if err := t.sample(r); err != nil {
			return false, err
		}
	}
	r.File, r.Index = t.name, int64(t.l.N)
	if r.Model != "" && len(t.info.Models) < 100 && !t.info.Models[r.Model] {
		t.info.Models[r.Model] = true
	}
	return true, nil
}

// run names the row's run: what a column says, or tailscope's generation and
// segment.
func (t *tableReader) run(r *Row) {
	r.Run, r.HasRun = "", false
	if c := t.col["run"]; c >= 0 {
		r.Run, r.HasRun = t.str(t.fields[c]), true
		return
	}
	if len(t.extra) == 0 {
		return
	}
	t.runKey = t.runKey[:0]
	for _, c := range t.extra {
		t.runKey = append(append(t.runKey, t.fields[c]...), '/')
	}
	r.Run, r.HasRun = t.str(t.runKey[:len(t.runKey)-1]), true
}

func (t *tableReader) get(field string) string {
	if c := t.col[field]; c >= 0 {
		return t.str(t.fields[c])
	}
	return ""
}

// str returns b as a string, allocated once a distinct value.
func (t *tableReader) str(b []byte) string {
	if s, ok := t.strs[string(b)]; ok {
		return s
	}
	if len(t.strs) > 1<<16 {
		clear(t.strs)
	}
	s := string(b)
	t.strs[s] = s
	return s
}

func (t *tableReader) time(b []byte) (ns int64, err error) {
	if t.scale == 1e6 {
		ns, err = textio.ParseMs(b)
	} else {
		ns, err = textio.ParseScaled(string(b), t.scale)
	}
	if err == nil && ns < 0 {
		err = errors.New("a latency is negative")
	}
	return ns, err
}

func isOK(b []byte) bool { return len(b) == 2 && (b[0]|0x20) == 'o' && (b[1]|0x20) == 'k' }

func isTrue(b []byte) bool {
	v, err := strconv.ParseBool(string(bytes.ToLower(b)))
	return err == nil && v
}
