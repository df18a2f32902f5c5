package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// Table says how a kind of table is known and which columns it is read from.
type Table struct {
	Header  func(has func(columns ...string) bool) bool // whether a header line is of it
	Line    func(fields [][]byte) []string              // of files without a header: the columns if the first line fits, else nil
	Columns map[string]string                           // of Fields to column
	Unit    string                                      // of the latency column, where its name says none
	Label   string
	Lenient bool // lines that do not fit are left out and counted, else they are errors

	Keep func(in *Input, get func(column string) string) bool            // rows of the kind read; nil: all
	Row  func(in *Input, r *Row, get func(column string) string)         // what no column says
	Each func(in *Input, line int, get func(column string) string) error // reads a line itself: statistics, or a unit of its own
}

// AsTable is the reader of a table of no known format, by its columns' names.
var AsTable = Format{Name: "table", Tool: "CSV, TSV or any delimiter, with a header",
	Seen:   "written by hand, pandas and spreadsheets",
	Reads:  "the latency column, known by its name (latency, duration, elapsed, response_time, wall …, in any unit the name says) or by --latency-column; label, scenario, model, status, warm-up, mode and run by their names or flags",
	Leaves: "columns that no flag names; lines that begin with #; rows without a latency, counted",
	Pools:  true, Table: &Table{}}

// sources are the columns that a field is looked for in when nothing maps it.
var sources = map[string][]string{
	"label":        {"lane", "backend", "label"},
	"scenario":     {"scenario"},
	"model":        {"model", "model_name"},
	"quantization": {"quantization", "dtype", "precision"},
	"status":       {"status", "success", "ok", "passed", "status_code", "status-code", "http_status", "failed", "error"},
	"mode":         {"mode"},
	"run":          {"run_file", "artifact", "artifact_path", "run_path"},
	"warmup":       {"is_warmup", "warmup"},
}

// latencyNames are the names of latency columns without their units, in order
// of preference.
var latencyNames = []string{"latency", "request_latency", "e2e_latency", "total_latency", "wall", "wall_time", "duration", "elapsed", "elapsed_time",
	"response_time", "inference_time", "execution_time", "run_time", "runtime", "time_taken", "request_duration"}

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

// columnReader turns lines of fields into rows.
type columnReader struct {
	in      *Input
	spec    *Table
	header  []string
	at      map[string]int // column to position
	col     [numFields]int // position of a field's column; absent: -1
	recent  [][4]string    // texts of each column's last values, of which few are usual
	turn    uint8
	r       Row
	by      int
	where   []int
	extra   []int // generation, segment: part of the run
	native  []int // positions of nativeColumns; nil: not asked for, or another tool's table
	own     stats.Sample
	scale   float64
	delim   byte
	strs    map[string]string
	fields  [][]byte
	runKey  []byte
	line    int
	get     func(string) string
	verdict map[string]Verdict
}

// ReadTable reads text in columns.
func ReadTable(in *Input) error {
	first, err := firstLine(in.Text)
	if err != nil {
		return in.Errorf(0, "the file has no line with content")
	}
	delim := delimiterOf(first)
	fields, err := textio.SplitDelimited(nil, first, delim)
	if err != nil {
		return in.Errorf(in.Text.N, "%w", err)
	}
	f, header := tableOf(fields)
	t := &columnReader{in: in, spec: f.Table, delim: delim, line: in.Text.N}
	in.Format, in.Info.Format = f, f.Name
	if err := t.bind(header); err != nil {
		return in.Errorf(in.Text.N, "%w", err)
	}
	if f.Table.Line != nil {
		if err := t.take(fields); err != nil {
			return in.Errorf(in.Text.N, "%w", err)
		}
	}
	if err := t.lines(bytes.Clone(first), delim); err != nil {
		return err
	}
	if !in.Seen() && len(in.left) == 0 {
		return in.Errorf(0, "%w: the table has no row, its columns are %s", ErrNone, List(header))
	}
	return nil
}

// firstLine is the first line that is neither blank nor a comment.
func firstLine(t *Text) ([]byte, error) {
	for {
		line, err := t.Next()
		if err != nil {
			return nil, err
		}
		if s := bytes.TrimSpace(line); len(s) > 0 && s[0] != '#' && !bytes.HasPrefix(s, []byte("sep=")) {
			return line, nil
		}
	}
}

// delimiterOf is the separator that a line has most of; a comma if none.
func delimiterOf(line []byte) byte {
	best, delim := 0, byte(',')
	for _, d := range []byte{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte{d}); n > best {
			best, delim = n, d
		}
	}
	return delim
}

// tableOf is the format of a table by its first line, and its columns.
func tableOf(fields [][]byte) (*Format, []string) {
	var header []string
	for _, f := range fields {
		header = append(header, strings.TrimSpace(string(f)))
	}
	for _, f := range formats {
		if f.Table == nil || !f.Table.claims(fields) {
			continue
		}
		if f.Table.Line != nil {
			header = f.Table.Line(fields)
		}
		return f, header
	}
	return &AsTable, header
}

// claims tells whether a first line is one of this table.
func (t *Table) claims(fields [][]byte) bool {
	if t.Line != nil {
		return t.Line(fields) != nil
	}
	return t.Header != nil && t.Header(func(columns ...string) bool {
		for _, c := range columns {
			if !slices.ContainsFunc(fields, func(f []byte) bool { return strings.TrimSpace(string(f)) == c }) {
				return false
			}
		}
		return true
	})
}

// bind finds the columns of all fields.
func (t *columnReader) bind(header []string) error {
	t.header, t.at, t.strs, t.verdict = header, map[string]int{}, map[string]string{}, map[string]Verdict{}
	t.recent = make([][4]string, len(header))
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
	unit := t.spec.Unit
	if t.in.O.Columns["latency"] != "" && t.spec != AsTable.Table && t.spec.Columns["latency"] != lat {
		unit = First(t.spec.Unit)
	}
	t.scale, err = t.in.Unit(lat, unit)
	return err
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
	return NoColumn("no latency column among %s; name it with --latency-column", List(t.header))
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

// lines reads all lines that follow. A second header begins another run.
func (t *columnReader) lines(header []byte, delim byte) error {
	for {
		line, err := t.in.Text.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		t.line = t.in.Text.N
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if line[0] == header[0] && bytes.Equal(line, header) && t.spec.Line == nil {
			t.in.NextRun()
			t.in.apart = true
			continue
		}
		if t.fields, err = textio.SplitDelimited(t.fields, line, delim); errors.Is(err, textio.ErrOpenQuote) {
			line, err = t.join(line, delim)
		}
		if err == nil {
			err = t.take(t.fields)
		}
		switch {
		case err == nil:
		case t.spec.Lenient && !errors.Is(err, errYield):
			t.in.Leave(t.line, "no measurement", string(line[:min(len(line), 200)]))
		case errors.Is(err, errYield):
			return errors.Unwrap(err)
		default:
			return t.in.Errorf(t.line, "%w", err)
		}
	}
}

// join adds the lines that follow to one whose quoted field is not closed.
func (t *columnReader) join(line []byte, delim byte) ([]byte, error) {
	all := bytes.Clone(line)
	for range 1000 {
		next, err := t.in.Text.Next()
		if err != nil {
			return all, textio.ErrOpenQuote
		}
		all = append(append(all, '\n'), next...)
		if t.fields, err = textio.SplitDelimited(t.fields, all, delim); !errors.Is(err, textio.ErrOpenQuote) {
			return all, err
		}
	}
	return all, textio.ErrOpenQuote
}

// errYield wraps what the taker of rows returned: not the file's fault.
var errYield = errors.New("")

type yieldError struct{ error }

func (e yieldError) Is(target error) bool { return target == errYield }
func (e yieldError) Unwrap() error        { return e.error }

// take reads one line's fields.
func (t *columnReader) take(fields [][]byte) error {
	t.fields = fields
	if len(fields) != len(t.header) {
		return fmt.Errorf("%d fields, the header has %d", len(fields), len(t.header))
	}
	if t.spec.Each != nil {
		return t.spec.Each(t.in, t.line, t.get)
	}
	if t.spec.Line != nil && t.spec.Line(fields) == nil {
		return errors.New("the line is unlike those before it")
	}
	if t.spec.Keep != nil && !t.spec.Keep(t.in, t.get) {
		return nil
	}
	t.r = Row{}
	keep, err := t.row(&t.r)
	if err != nil {
		return err
	}
	t.in.Info.Rows++
	t.in.seen++
	if !keep {
		t.in.Info.Filtered++
		return nil
	}
	if err := t.in.hand(&t.r); err != nil {
		return yieldError{err}
	}
	return nil
}

func (t *columnReader) row(r *Row) (keep bool, err error) {
	for i, c := range t.where {
		if !t.in.O.Where[i].keeps(string(t.fields[c])) {
			return false, nil
		}
	}
	r.OK = true
	if c := t.col[fStatus]; c >= 0 {
		t.judge(r, c)
	}
	r.Label, r.Mode, r.Scenario = t.text(fLabel), t.text(fMode), t.text(fScenario)
	r.Model, r.Quantization = t.text(fModel), t.text(fQuantization)
	if r.Label == "" {
		r.Label = t.spec.Label
	}
	if c := t.col[fWarmup]; c >= 0 {
		r.Warmup = truth(t.text(fWarmup))
	}
	if t.by >= 0 {
		r.By = t.str(t.fields[t.by])
	}
	t.run(r)
	r.File, r.Index = t.in.Name, int64(t.line)
	if t.spec.Row != nil {
		t.spec.Row(t.in, r, t.get)
	}
	lat := t.fields[t.col[fLatency]]
	switch r.Ns, err = t.time(lat); {
	case err == nil:
	case absent(lat) && !r.OK:
		r.Ns = 0 // a failed row may have no latency
	case absent(lat):
		t.in.Leave(t.line, "no latency", "")
		return false, nil
	default:
		return false, fmt.Errorf("%s: %w", Clean(t.header[t.col[fLatency]]), err)
	}
	if t.native != nil {
		if err := t.sample(r); err != nil {
			return false, err
		}
	}
	if t.spec.Row != nil {
		t.in.tidy(r)
	} else { // every text is of str
		t.in.named(r)
	}
	return true, nil
}

func absent(b []byte) bool {
	switch strings.ToLower(string(b)) {
	case "", "nan", "null", "none", "na", "n/a", "-":
		return true
	}
	return false
}

// judge sets the row's status from a column's value.
func (t *columnReader) judge(r *Row, c int) {
	b := t.fields[c]
	if r.OK = len(b) == 2 && (string(b) == "ok" || string(b) == "OK"); r.OK {
		return
	}
	v, ok := t.verdict[string(b)]
	if !ok {
		v = Status(t.header[c], string(b))
		if len(t.verdict) < 1000 {
			t.verdict[string(b)] = v
		}
	}
	if r.OK = v == Good; !r.OK {
		t.in.bad(t.header[c], t.str(b))
	}
}

// run names the row's run: what a column says, or tailscope's generation and
// segment.
func (t *columnReader) run(r *Row) {
	if t.col[fRun] >= 0 {
		r.Run, r.HasRun = t.text(fRun), true
		return
	}
	if len(t.extra) == 0 {
		r.HasRun = t.spec != AsTable.Table // a tool's own file is one run
		return
	}
	t.runKey = t.runKey[:0]
	for _, c := range t.extra {
		t.runKey = append(append(t.runKey, t.fields[c]...), '/')
	}
	r.Run, r.HasRun = t.str(t.runKey[:len(t.runKey)-1]), true
}

func (t *columnReader) text(f field) string {
	c := t.col[f]
	if c < 0 {
		return ""
	}
	b, recent := t.fields[c], &t.recent[c]
	for i := range recent {
		if len(b) > 0 && string(b) == recent[i] {
			return recent[i]
		}
	}
	v := t.str(b)
	t.turn++
	recent[t.turn%4] = v
	return v
}

// str returns b as a string that is safe to print, allocated once a distinct
// value.
func (t *columnReader) str(b []byte) string {
	if s, ok := t.strs[string(b)]; ok {
		return s
	}
	if len(t.strs) > 1<<16 {
		clear(t.strs)
	}
	s := Clean(string(b))
	t.strs[string(b)] = s
	return s
}

func (t *columnReader) time(b []byte) (ns int64, err error) {
	if t.delim == ';' && bytes.IndexByte(b, ',') >= 0 && bytes.IndexByte(b, '.') < 0 {
		b = bytes.Replace(b, []byte{','}, []byte{'.'}, 1)
	}
	if t.scale == 1e6 {
		ns, err = textio.ParseMs(b)
	} else {
		ns, err = textio.ParseScaled(strings.TrimSpace(string(b)), t.scale)
	}
	if err == nil && ns < 0 {
		err = errors.New("a latency is negative")
	}
	return ns, err
}
