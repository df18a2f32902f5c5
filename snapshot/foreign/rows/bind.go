package rows

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// sources are the columns that a field is looked for in when nothing maps it.
var sources = map[string][]string{
	"label":        {"lane", "backend", "label"},
	"scenario":     {"scenario"},
	"model":        {"model", "model_name"},
	"quantization": {"quantization", "dtype", "precision"},
	"status":       {"status", "success", "ok", "passed", "status_code", "status-code", "http_status", "failed", "error", "error_code", "error_msg", "error_message", "exception"},
	"mode":         {"mode"},
	"run":          {"run_file", "artifact", "artifact_path", "run_path"},
	"warmup":       {"is_warmup", "warmup"},
}

// latencyNames are the names of latency columns without their units, in order
// of preference.
var latencyNames = []string{"latency", "request_latency", "e2e_latency", "end_to_end_latency", "e2el", "total_latency", "wall", "wall_time", "duration", "elapsed", "elapsed_time",
	"response_time", "inference_time", "execution_time", "run_time", "runtime", "time_taken", "request_duration"}

// mayBeWhole are the names of latencyNames that may also be the time of a whole run.
var mayBeWhole = []string{"total_latency", "wall", "wall_time", "duration", "elapsed", "elapsed_time", "run_time", "runtime", "time_taken", "execution_time"}

// ofMany matches columns that say of how many requests a row is.
var ofMany = regexp.MustCompile(`(?i)^(?:(?:num|total|completed|successful|failed|n)[ _-]?)?(?:requests|transactions|iterations|trans|operations|samples)(?:[ _-]?(?:total|count|completed))?$|^(?:rps|qps|iops)$|(?:requests|transactions?|operations|iterations|req|ops)[ _-]?(?:per|/)[ _-]?s|^(?:transaction|request)[ _-]rate$`)

// statistic matches words of columns that hold no single measurements.
var statistic = regexp.MustCompile(`^(mean|avg|average|median|min|max|std|stddev|p\d+)$`)

// field is the place of a name in Fields.
type field int

const (
	fLatency field = iota
	fLabel
	fScenario
	fModel
	fQuantization
	fStatus
	fMode
	fRun
	fWarmup
	numFields
)

// bind finds the columns of all fields.
func (t *columnReader) bind(header []string) error {
	t.header, t.at, t.strs = header, map[string]int{}, map[string]string{}
	t.recent, t.unit = make([][4]string, len(header)), -1
	for i, h := range header {
		if _, twice := t.at[h]; !twice {
			t.at[h] = i
		}
	}
	t.get = func(c string) string {
		if i, ok := t.at[c]; ok {
			return string(t.fields[i])
		}
		return ""
	}
	if t.spec.Each != nil {
		return t.in.Columns(header...)
	}
	for f := range Fields {
		if err := t.bindField(field(f)); err != nil {
			return err
		}
	}
	if err := t.bindLatency(); err != nil {
		return err
	}
	if t.in.O.Native && t.spec == AsTable.Table {
		t.bindNative()
	}
	return t.bindOptions()
}

// position of a column, -1 if absent.
func (t *columnReader) position(column string) int {
	if i, ok := t.at[column]; ok {
		return i
	}
	return -1
}

func (t *columnReader) bindField(f field) error {
	name := Fields[f]
	t.col[f] = -1
	switch c := t.in.O.Columns[name]; {
	case c == NoColumnWanted && t.position(c) < 0:
		return nil
	case c != "":
		if t.col[f] = t.position(c); t.col[f] < 0 {
			return missing(c, "for "+name, t.header)
		}
		return nil
	}
	if c, ok := t.spec.Columns[name]; ok || t.spec != AsTable.Table {
		t.col[f] = t.position(c)
		return nil
	}
	for _, c := range sources[name] {
		for i, h := range t.header {
			if strings.EqualFold(h, c) {
				t.col[f] = i
				return nil
			}
		}
	}
	return nil
}

func (t *columnReader) bindLatency() (err error) {
	t.in.metric = true
	if t.col[fLatency] < 0 {
		if err := t.findLatency(); err != nil {
			return err
		}
	}
	lat := t.header[t.col[fLatency]]
	if err := t.ofOne(lat); err != nil {
		return err
	}
	unit := t.spec.Unit
	if t.in.O.Columns["latency"] != "" && t.spec != AsTable.Table && t.spec.Columns["latency"] != lat {
		unit = cmp.Or(t.spec.Unit)
	}
	if slices.ContainsFunc(wordsOf(lat), func(w string) bool { return statistic.MatchString(w) }) {
		t.in.Note("%s: the column %s sounds like a statistic: each row counts as one measurement, and quantiles are of rows.", t.in.Name, Quote(lat))
	}
	if _, named := UnitOf(lat); !named && unit == "" && t.in.O.Unit == "" {
		t.unit = slices.IndexFunc(t.header, func(h string) bool {
			return slices.Contains(unitColumns, strings.ToLower(strings.Join(wordsOf(h), "_")))
		})
		if t.unit >= 0 { // each row says its own
			t.in.unitUsed = true
			return nil
		}
	}
	t.scale, err = t.in.Unit(lat, unit)
	return err
}

// unitColumns are the names of columns that hold the unit of a row's latency.
var unitColumns = []string{"unit", "units", "time_unit", "latency_unit", "duration_unit", "metric_unit"}

const besides = "%s: the column %s stands beside %s, so it may be a statistic: each row counts as one measurement, and quantiles are of rows."

// ofOne refuses a column that is the time of many requests, as one beside it says:
// only a user's word makes it a latency.
func (t *columnReader) ofOne(lat string) error {
	if t.spec != AsTable.Table || t.in.O.Columns["latency"] != "" {
		return nil
	}
	i := slices.IndexFunc(t.header, ofMany.MatchString)
	throughput := slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(h, "throughput") })
	switch {
	case i < 0 && throughput >= 0: // a request may have one, too
		t.in.Note(besides, t.in.Name, Quote(lat), Quote(t.header[throughput]))
	case i < 0:
	case slices.Contains(mayBeWhole, baseName(lat)):
		return NoColumn("no latency column: %s stands beside %s, so it is the time of all of them; --latency-column takes a column all the same", Quote(lat), Quote(t.header[i]))
	default:
		t.in.Note(besides, t.in.Name, Quote(lat), Quote(t.header[i]))
	}
	return nil
}

// baseName is a column's name in words without those of units.
func baseName(column string) string {
	words := slices.DeleteFunc(wordsOf(column), func(w string) bool { _, unit := unitWords[w]; return unit })
	return strings.Join(words, "_")
}

// findLatency takes the column whose name without its unit says latency.
func (t *columnReader) findLatency() error {
	base := make([]string, len(t.header))
	for i, h := range t.header {
		base[i] = baseName(h)
	}
	var found []string
	for _, n := range latencyNames {
		for i := range base {
			if base[i] == n {
				if t.col[fLatency] < 0 {
					t.col[fLatency] = i
				}
				found = append(found, t.header[i])
			}
		}
	}
	switch {
	case len(found) > 1:
		t.in.Note("%s: the latency is column %s; --latency-column takes another: %s.", t.in.Name, Quote(found[0]), List(found[1:]))
	case len(found) == 0:
		return t.noLatency()
	}
	return nil
}

func (t *columnReader) noLatency() error {
	if t.delim == 0 { // not text
		return NoColumn("no latency column among %s; name it with --latency-column", List(t.header))
	}
	numbers := 0
	for _, h := range t.header {
		if _, err := textio.ParseScaled(h, 1); err == nil {
			numbers++
		}
	}
	switch {
	case numbers == len(t.header):
		return fmt.Errorf("%w: the first line holds numbers, %s, and no names of columns; put one such as latency_ms above them", ErrNone, List(t.header))
	case len(t.header) == 1 || !t.regular():
		return fmt.Errorf("%w: it is text that begins with %s, which is none of the kinds that are read. %s", ErrNone, Quote(t.header[0]), Cure)
	}
	if s := statistics(t.header); len(s) > 2 {
		return fmt.Errorf("%w: its columns are statistics that some tool computed (%s), not measurements; give it the file that has each request", ErrNone, List(s))
	}
	return NoColumn("no latency column among %s; name it with --latency-column", List(t.header))
}

// statistics are the columns whose names are those of statistics.
func statistics(header []string) (out []string) {
	for _, h := range header {
		if slices.ContainsFunc(wordsOf(h), func(w string) bool { return statistic.MatchString(w) }) {
			out = append(out, h)
		}
	}
	return out
}

// regular tells whether the second line has as many fields as the first, as
// far as the head of the file goes: else it is text with a comma in it.
func (t *columnReader) regular() bool {
	lines := bytes.Split(bytes.TrimSpace(t.in.Text.Head), []byte("\n"))
	if t.in.Text.N >= len(lines) {
		return len(t.in.Text.Head) == HeadSize
	}
	fields, err := textio.SplitDelimited(nil, bytes.TrimRight(lines[t.in.Text.N], "\r"), t.delim)
	return err != nil || len(fields) == len(t.header)
}

func (t *columnReader) bindOptions() error {
	t.by = -1
	o := t.in.O
	if o.By != "" {
		if t.by = t.option(o.By); t.by < 0 {
			return missing(o.By, "to break down by", t.header)
		}
	}
	for _, w := range o.Where {
		i := t.option(w.Column)
		if i < 0 {
			return missing(w.Column, "to filter by", t.header)
		}
		t.where = append(t.where, i)
	}
	if t.col[fRun] < 0 && t.position("nth_in_run") >= 0 {
		for _, c := range []string{"run_id", "generation", "segment"} {
			if i := t.position(c); i >= 0 {
				t.extra = append(t.extra, i)
			}
		}
	}
	return nil
}

// option is the position of a column, or of the field of that name.
func (t *columnReader) option(name string) int {
	if i := t.position(name); i >= 0 {
		return i
	}
	if f := slices.Index(Fields, name); f >= 0 {
		return t.col[f]
	}
	return -1
}
