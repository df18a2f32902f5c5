// Package foreign reads measurements that any tool wrote: CSV files with a
// latency column, trees of run_*.json files, hyperfine, oha, vegeta,
// onnxruntime_perf_test and Google benchmark. It turns each measurement into a
// Row and hands it on at once, so that files of any size stream in bounded
// memory.
//
// It promises errors with file and line, never a panic, and that a label is
// passed on as what it is: a name, not evidence of what ran.
package foreign

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// Row is one measurement. Strings may be kept.
type Row struct {
	Label        string // what is compared: lane, backend, command, …
	Mode         string
	Scenario     string
	Model        string
	Quantization string
	By           string // value of the column asked for by Options.By
	Run          string // names the run inside File; "" if all rows of File are one
	HasRun       bool   // the order of rows inside Run is known to be one run
	File         string // as it was found below the path given
	Index        int64  // 0-based position in latencies_ms, or 1-based line
	Ns           int64  // latency
	OK           bool   // status ok
	Warmup       bool
	Native       *stats.Sample // what a metrics.csv of tailscope says, with Options.Native; valid until yield returns
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

func (f *Filter) keeps(value string) bool { return (value == f.Value) != f.Not }

// Options say how to read.
type Options struct {
	Columns map[string]string // field (latency, label, scenario, model, quantization, status, mode, run, warmup) to column
	Unit    string            // of the latency column: ns, us, ms or s; "": from the column's name, else ms
	Where   []Filter
	By      string // column whose value goes into Row.By
	Native  bool   // read all columns of tailscope's own metrics.csv into Row.Native
}

// Fields that Options.Columns can map, in the order of help texts.
var Fields = []string{"latency", "label", "scenario", "model", "quantization", "status", "mode", "run", "warmup"}

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
}

// Reported are statistics that a tool computed itself; its samples are gone.
type Reported struct {
	Label       string
	File        string
	N           int64
	MeanNs      float64
	MinNs       float64
	MaxNs       float64
	Percentiles map[string]float64 // "p50" to ns
}

// ErrNone says that a path holds nothing to analyse.
var ErrNone = errors.New("no result found: want a session folder, a metrics.csv, a folder with run_*.json files, or a file of hyperfine, oha, vegeta, onnxruntime_perf_test or Google benchmark")

// ColumnError says that an option names a column that the input does not have.
type ColumnError struct{ text string }

func (e ColumnError) Error() string { return e.text }

// NoColumn returns a ColumnError with a formatted sentence.
func NoColumn(format string, args ...any) error { return ColumnError{fmt.Sprintf(format, args...)} }

// Read reads path, a file or a folder, and hands each row to yield. The Row is
// valid until yield returns; its strings may be kept.
func Read(path string, o Options, yield func(*Row) error) (*Info, error) {
	info := &Info{Models: map[string]bool{}}
	fi, err := os.Stat(path)
	if err != nil {
		return info, err
	}
	if !fi.IsDir() {
		info.Files = 1
		return info, readFile(path, path, &o, info, yield)
	}
	runs, tables, err := find(path)
	if err != nil {
		return info, err
	}
	if len(runs) > 0 {
		info.Format, info.Files = "run files", len(runs)
		if len(tables) > 0 {
			info.Notes = append(info.Notes, fmt.Sprintf("%s holds run files and %s: the run files were read, the table holds the same measurements without their order.", path, tables[0]))
		}
		for _, r := range runs {
			if err := readRun(filepath.Join(path, r), r, &o, info, yield); err != nil {
				return info, err
			}
		}
		return info, nil
	}
	for _, t := range tables {
		info.Files++
		if err := readFile(filepath.Join(path, t), t, &o, info, yield); err != nil {
			return info, err
		}
	}
	if info.Files == 0 {
		return info, fmt.Errorf("%s: %w", path, ErrNone)
	}
	return info, nil
}

// maxFiles bounds the files of a tree.
const maxFiles = 200_000

// find lists the run files and metrics.csv files below dir, in order. Links
// are not followed, so nothing outside dir is read.
func find(dir string) (runs, tables []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case strings.HasPrefix(name, "run_") && strings.HasSuffix(name, ".json"):
			runs = append(runs, rel)
		case name == "metrics.csv":
			tables = append(tables, rel)
		}
		if len(runs)+len(tables) > maxFiles {
			return fmt.Errorf("%s holds more than %d result files", dir, maxFiles)
		}
		return nil
	})
	return runs, tables, err
}

// readFile finds out the format of a file from its beginning and reads it.
func readFile(path, name string, o *Options, info *Info, yield func(*Row) error) error {
	l, err := textio.OpenLines(path)
	if err != nil {
		return err
	}
	defer l.Close()
	first, err := l.Next()
	if err != nil {
		return fmt.Errorf("%s: the file is empty", path)
	}
	first = trimBOM(first)
	trimmed := strings.TrimSpace(string(first[:min(len(first), 1<<16)]))
	switch {
	case strings.HasPrefix(trimmed, "{") && isVegeta(first):
		return vegetaJSON(l, first, name, o, info, yield)
	case strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") || trimmed == "":
		return readJSON(path, name, o, info, yield)
	}
	return readTable(l, first, name, o, info, yield)
}

func trimBOM(b []byte) []byte {
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		return b[3:]
	}
	return b
}

// scale is the number of nanoseconds in a unit.
func scale(unit string) (float64, error) {
	switch unit {
	case "ns":
		return 1, nil
	case "us", "µs":
		return 1e3, nil
	case "ms":
		return 1e6, nil
	case "s":
		return 1e9, nil
	}
	return 0, fmt.Errorf("unit %q: want ns, us, ms or s", unit)
}

// unitOf is the unit a column's name ends in, ms if none.
func unitOf(column string) string {
	for _, u := range []string{"ns", "us", "ms", "s"} {
		if strings.HasSuffix(column, "_"+u) {
			return u
		}
	}
	return "ms"
}

// Keep applies the filters to named values.
func (o *Options) Keep(get func(column string) string) bool {
	for i := range o.Where {
		if !o.Where[i].keeps(get(o.Where[i].Column)) {
			return false
		}
	}
	return true
}
