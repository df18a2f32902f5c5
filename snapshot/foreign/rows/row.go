package rows

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// Row is one measurement. Strings may be kept.
type Row struct {
	Label        string // what is compared: lane, backend, command, …
	Mode         string // of tailscope, or which of several times of a request it is: e2e, ttft, itl, …
	Scenario     string
	Model        string
	Quantization string
	By           string // value of the column asked for by Options.By
	Run          string // names the run inside File; "" if all rows of File are one
	HasRun       bool   // the order of rows inside Run is known to be one run
	File         string // as it was found below the path given
	Index        int64  // 0-based position in its list, or 1-based line
	Ns           int64  // latency
	OK           bool   // status ok
	Warmup       bool
	Native       *stats.Sample // what a metrics.csv of tailscope says, with Options.Native; valid until yield returns
}

// Reported are statistics that a tool computed itself; its samples are gone.
// Times are ns; NaN: not reported.
type Reported struct {
	Label, Mode, File   string
	Tool                string // name of the format
	N                   int64  // 0: not reported
	Mean, Std, Min, Max float64
	Percentiles         map[string]float64 // "p50", "p99.9" to ns
	Errors              int64              // requests that failed, where reported
}

// RunCompile is what a run file says of compilation.
type RunCompile struct {
	File, Label, Mode string
	Real              string // compiler-real, label-only or not compiled
	Why               string
}

// Filter keeps rows whose column has (or, with Not, has not) a value.
type Filter struct {
	Column, Value string
	Not           bool
}

// ParseFilter reads "column=value" or "column!=value".
func ParseFilter(s string) (Filter, error) {
	if k, v, ok := strings.Cut(s, "!="); ok && k != "" {
		return Filter{Column: strings.TrimSpace(k), Value: strings.TrimSpace(v), Not: true}, nil
	}
	if k, v, ok := strings.Cut(s, "="); ok && k != "" {
		return Filter{Column: strings.TrimSpace(k), Value: strings.TrimSpace(v)}, nil
	}
	return Filter{}, fmt.Errorf("filter %q: want column=value or column!=value", s)
}

func (f *Filter) keeps(value string) bool {
	return (value == f.Value || Clean(value) == f.Value) != f.Not
}

// Options say how to read.
type Options struct {
	Columns map[string]string // of Fields to column; NoColumnWanted: the field is read from none
	Unit    string            // of the latency column: ns, us, ms or s; "": from the column's name, else ms
	Where   []Filter
	By      string // column whose value goes into Row.By
	Native  bool   // read all columns of tailscope's own metrics.csv into Row.Native
	Unnamed string // label of rows that name nothing; "": all
}

// Fields that Options.Columns can map, in the order of help texts.
var Fields = []string{"latency", "label", "scenario", "model", "quantization", "status", "mode", "run", "warmup"}

// NoColumnWanted as a column's name leaves the field alone.
const NoColumnWanted = "none"

// Keep applies the filters to named values.
func (o *Options) Keep(get func(column string) string) bool {
	for i := range o.Where {
		if !o.Where[i].keeps(get(o.Where[i].Column)) {
			return false
		}
	}
	return true
}

// Info is what was found out besides rows.
type Info struct {
	Format   string
	Files    int
	Rows     uint64 // before filters
	Filtered uint64 // left out by filters
	Models   map[string]bool
	Compiles []RunCompile // of run files
	Reported []Reported   // results that hold no single measurements
	Notes    []string
	Statuses map[[2]string]uint64 // column and value to rows, of those that are not ok
}

// WhyEmpty says what the rows were that are not ok; "" if there were none.
func (info *Info) WhyEmpty() string {
	var seen []string
	for s, n := range info.Statuses {
		seen = append(seen, fmt.Sprintf("%s is %s in %s", Short(s[0], 40), Quote(s[1]), stats.Counted(n, "row")))
	}
	if len(seen) == 0 {
		return ""
	}
	return sorted(seen, "; ") + ". A status of none of them is known to be ok: --status-column names another column, --status-column none leaves it alone"
}

// ErrNone says that a path holds nothing to analyse.
var ErrNone = errors.New("no result found")

// ColumnError says that an option names a column that the input does not have.
type ColumnError struct{ text string }

func (e ColumnError) Error() string { return e.text }

// NoColumn returns a ColumnError with a formatted sentence.
func NoColumn(format string, args ...any) error { return ColumnError{fmt.Sprintf(format, args...)} }

// NoCompileBlock is why a run file without evidence is label-only.
const NoCompileBlock = "no compile block: the label is only a name"
