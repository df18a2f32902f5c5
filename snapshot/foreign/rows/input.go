package rows

import (
	"cmp"
	"fmt"
	"maps"

	"math/bits"
	"slices"
	"strings"
)

// Input is one file being read. Formats take their text from it and hand rows,
// statistics and notes to it.
type Input struct {
	Path, Name string // as opened; as it was found below the path given
	O          *Options
	Info       *Info
	Format     *Format
	Text       *Text // what follows the head, and the head again

	yield     func(*Row) error
	columns   []string
	serial    int            // of the run, 1-based
	apart     bool           // runs are told apart although the format pools
	labels    map[string]int // to the run that first had it
	last      string         // label
	model     string         // last, in the beginning what no row has
	skipped   map[string]bool
	skippedBy string
	judgedBy  string // column of judged
	judged    map[string]Verdict
	left      map[string]*leftOut
	sizes     [64]uint64  // latencies by their number of bits
	sums      [64]float64 // of those latencies, ns
	metric    bool        // Metric was asked
	unitUsed  bool
	assumed   string // column whose unit was assumed to be ms
	seen      uint64 // rows, before filters
	emitted   uint64
}

// NewInput begins a file.
func NewInput(path, name string, o *Options, info *Info, text *Text, yield func(*Row) error) *Input {
	return &Input{Path: path, Name: Clean(name), O: o, Info: info, Text: text, yield: yield, serial: 1, model: "\n", labels: map[string]int{}, left: map[string]*leftOut{}}
}

// general are names that every row answers to, whatever its file calls them.
var general = []string{"label", "mode", "scenario", "model", "status", "run", "file"}

func (r *Row) general(name string) string {
	switch name {
	case "label", "backend", "lane", "name", "command":
		return r.Label
	case "mode":
		return r.Mode
	case "scenario":
		return r.Scenario
	case "model":
		return r.Model
	case "quantization":
		return r.Quantization
	case "run":
		return r.Run
	case "file":
		return r.File
	case "status":
		if r.OK {
			return "ok"
		}
		return "error"
	}
	return ""
}

// Columns says which columns the file's rows have, before the first is handed
// on. An option that names another is a ColumnError.
func (in *Input) Columns(names ...string) error {
	in.columns = names
	known := slices.Concat(names, general)
	check := func(column, purpose string) error {
		if column == "" || slices.Contains(known, column) || (&Row{Label: "x"}).general(column) != "" {
			return nil
		}
		return fmt.Errorf("%s: %w", in.Path, missing(column, purpose, known))
	}
	for _, w := range in.O.Where {
		if err := check(w.Column, "to filter by"); err != nil {
			return err
		}
	}
	if err := check(in.O.By, "to break down by"); err != nil {
		return err
	}
	for field, c := range in.O.Columns {
		if field != "latency" && c != NoColumnWanted {
			if err := check(c, "for "+field); err != nil {
				return err
			}
		}
	}
	return nil
}

// Metric is which of the times that the file has --latency-column asks for, ""
// for what the format takes by itself.
func (in *Input) Metric(names ...string) (string, error) {
	in.metric = true
	c := in.O.Columns["latency"]
	if c == "" || slices.Contains(names, c) {
		return c, nil
	}
	return "", fmt.Errorf("%s: %w", in.Path, missing(c, "for latency", names))
}

// Unit is the scale of a column: --unit, else what its name says, else that of
// unit; "" is ms, with a note.
func (in *Input) Unit(column, unit string) (float64, error) {
	in.unitUsed = true
	if in.O.Unit != "" {
		return Scale(in.O.Unit)
	}
	if ns, ok := UnitOf(column); ok {
		return ns, nil
	}
	if unit != "" {
		return Scale(unit)
	}
	in.assumed = column
	return 1e6, nil
}

// NextRun begins another run: what follows in the file was measured apart from
// what came before.
func (in *Input) NextRun() { in.serial++ }

// Begin starts a document that is a run of its own and has columns.
func (in *Input) Begin(d *Doc, columns ...string) error {
	if d.N > 1 {
		in.NextRun()
	}
	return in.Columns(columns...)
}

// Document decodes a document into v and begins it. ErrOther: what it holds is
// not is, so that it is of another format after all; nil asks nothing.
func (in *Input) Document(d *Doc, v any, is func() bool, columns ...string) error {
	if err := in.decodeAs(d, v, is); err != nil {
		return err
	}
	return in.Begin(d, columns...)
}

// Record is Document for files in which each document is one row, and all are one run.
func (in *Input) Record(d *Doc, v any, is func() bool, columns ...string) error {
	if err := in.decodeAs(d, v, is); err != nil || d.N > 1 {
		return err
	}
	return in.Columns(columns...)
}

func (in *Input) decodeAs(d *Doc, v any, is func() bool) error {
	err := in.Decode(d, d.Raw, v)
	if err == nil && is != nil && !is() {
		return ErrOther
	}
	return err
}

// Skip remembers a value of a column whose rows are not read unless a filter
// asks for them; it returns false.
func (in *Input) Skip(column, value string) bool {
	if in.skipped == nil {
		in.skipped = map[string]bool{}
	}
	if len(in.skipped) < 100 {
		in.skippedBy = column
		in.skipped[value] = true
	}
	return false
}

// Empty is the error of a file whose rows were all skipped; nil if there were
// none or others.
func (in *Input) Empty() error {
	if in.seen > 0 || len(in.skipped) == 0 {
		return nil
	}
	return in.Errorf(0, "%w: none of what is read by itself is in it; --where %s=… takes one of %s", ErrNone, in.skippedBy, List(slices.Sorted(maps.Keys(in.skipped))))
}

// Seen tells whether a row was handed on.
func (in *Input) Seen() bool { return in.seen > 0 }

// Label is the name of rows whose file names nothing.
func (in *Input) Label() string { return cmp.Or(in.O.Unnamed, "all") }

// Emit filters a row and hands it on. column gives the row's value in a column
// named to Columns.
func (in *Input) Emit(r *Row, column func(string) string) error {
	in.count()
	r.File = in.Name
	get := func(c string) string {
		if column != nil && slices.Contains(in.columns, c) {
			return column(c)
		}
		return r.general(c)
	}
	if len(in.O.Columns) > 0 {
		in.mapped(r, get)
	}
	in.tidy(r)
	if len(in.O.Where) > 0 && !in.O.Keep(get) {
		in.Info.Filtered++
		return nil
	}
	if in.O.By != "" {
		r.By = Clean(get(in.O.By))
	}
	return in.hand(r)
}

// count counts a row, before filters.
func (in *Input) count() {
	in.Info.Rows++
	in.seen++
}

// hand yields a row that is tidy.
func (in *Input) hand(r *Row) error {
	if r.OK && r.Ns >= 0 {
		bit := bits.Len64(uint64(r.Ns)) & 63
		in.sizes[bit]++
		in.sums[bit] += float64(r.Ns)
	}
	in.emitted++
	return in.yield(r)
}

// mapped sets the fields whose column an option names.
func (in *Input) mapped(r *Row, get func(string) string) {
	for field, to := range map[string]*string{"label": &r.Label, "mode": &r.Mode, "scenario": &r.Scenario, "model": &r.Model, "quantization": &r.Quantization} {
		switch c := in.O.Columns[field]; c {
		case "":
		case NoColumnWanted:
			*to = ""
		default:
			*to = get(c)
		}
	}
	if c := in.O.Columns["run"]; c != "" && c != NoColumnWanted {
		r.Run, r.HasRun = get(c), true
	}
	if c := in.O.Columns["warmup"]; c != "" {
		r.Warmup = c != NoColumnWanted && truth(get(c))
	}
	switch c := in.O.Columns["status"]; c {
	case "":
	case NoColumnWanted:
		r.OK = true
	default:
		in.Judge(r, c, get(c))
	}
}

// Judge sets a row's status from the value of a column, and counts what is not
// ok.
func (in *Input) Judge(r *Row, column, value string) {
	v, ok := in.judged[value]
	if !ok || column != in.judgedBy {
		if v = Status(column, value); column != in.judgedBy || len(in.judged) > 1000 {
			in.judgedBy, in.judged = column, map[string]Verdict{}
		}
		in.judged[value] = v
	}
	if r.OK = v == Good; r.OK {
		return
	}
	k := [2]string{column, value}
	if _, ok := in.Info.Statuses[k]; ok || len(in.Info.Statuses) < 12 {
		if in.Info.Statuses == nil {
			in.Info.Statuses = map[[2]string]uint64{}
		}
		in.Info.Statuses[k]++
	}
}

// tidy makes texts safe and labels those of one run.
func (in *Input) tidy(r *Row) {
	for _, s := range [...]*string{&r.Label, &r.Mode, &r.Scenario, &r.Model, &r.Quantization, &r.Run} {
		*s = Clean(*s)
	}
	in.named(r)
}

// named gives a row of clean texts its label, and tells runs apart.
func (in *Input) named(r *Row) {
	if r.Label == "" {
		r.Label = in.Label()
	}
	r.Label = in.serialLabel(r.Label)
	if in.serial > 1 && r.HasRun && in.tellsApart() {
		r.Run = strings.TrimSpace(fmt.Sprintf("%s run %d", r.Run, in.serial))
	}
	if r.Model != in.model && len(in.Info.Models) < 100 {
		in.model = r.Model
		in.Info.Models[r.Model] = true
	}
}

// tellsApart tells whether runs of one label are kept apart.
func (in *Input) tellsApart() bool { return in.Format == nil || !in.Format.Pools || in.apart }

// serialLabel tells a label of a later run from that of an earlier one: nothing
// in the file says that they are runs of one thing.
func (in *Input) serialLabel(label string) string {
	if label == in.last && in.serial == 1 {
		return label
	}
	in.last = label
	at, ok := in.labels[label]
	if !ok && len(in.labels) < 10_000 {
		in.labels[label], at = in.serial, in.serial
	}
	if at == in.serial || at == 0 || !in.tellsApart() {
		return label
	}
	in.Note("%s holds several runs, one after the other, with the same label: the later ones are called (run 2) and so on, not pooled.", in.Name)
	return fmt.Sprintf("%s (run %d)", label, in.serial)
}

// Has tells whether a row of a label was handed on.
func (in *Input) Has(label string) bool { return in.labels[Clean(label)] > 0 }

// Report hands on statistics that a tool computed. What its fields leave
// unsaid is NaN.
func (in *Input) Report(r Reported) error {
	if len(in.Info.Reported) >= 10_000 {
		return in.Errorf(0, "more than 10000 sets of statistics")
	}
	if r.File, r.Tool = in.Name, in.Format.Name; r.nothing() {
		none := NoStats()
		r.Mean, r.Std, r.Min, r.Max, r.Percentiles = none.Mean, none.Std, none.Min, none.Max, none.Percentiles
	}
	r.Label, r.Mode = Clean(cmp.Or(r.Label, in.Label())), Clean(r.Mode)
	r.Label = in.serialLabel(r.Label)
	in.count()
	row := Row{Label: r.Label, Mode: r.Mode, File: r.File, OK: true}
	if !in.O.Keep(row.general) {
		in.Info.Filtered++
		return nil
	}
	in.Info.Reported = append(in.Info.Reported, r)
	return nil
}

// Percentile adds one percentile to the statistics of a file that has one a
// line; 100 is left out.
func (in *Input) Percentile(p, ns float64) error {
	if len(in.Info.Reported) == 0 || in.Info.Reported[len(in.Info.Reported)-1].File != in.Name {
		if err := in.Report(NoStats()); err != nil || len(in.Info.Reported) == 0 {
			return err
		}
	}
	if p < 100 {
		in.Info.Reported[len(in.Info.Reported)-1].Set(p, ns)
	}
	return nil
}

func truth(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "t", "true", "y", "yes":
		return true
	}
	return false
}
