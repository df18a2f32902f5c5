package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
	"github.com/tailscope/tailscope/stats"
)

// Table says how a kind of table is known and which columns it is read from.
type Table struct {
	Header  [][]string                     // sets of columns, any of which tells it
	Line    func(fields [][]byte) []string // of files without a header: the columns if the first line fits, else nil
	Columns map[string]string              // of Fields to column
	Unit    string                         // of the latency column, where its name says none
	Label   string
	Lenient bool // lines that do not fit are left out and counted, else they are errors

	Keep func(in *Input, get func(column string) string) bool            // rows of the kind read; nil: all
	Good func(in *Input, get func(column string) string) error           // nil for a row that is kept, else why it cannot be read
	Row  func(in *Input, r *Row, get func(column string) string)         // what no column says
	Each func(in *Input, line int, get func(column string) string) error // reads a line itself: statistics, or a unit of its own
}

// AsTable is the reader of a table of no known format, by its columns' names.
var AsTable = Format{Name: "table", Tool: "CSV, TSV or any delimiter, with a header",
	Seen:   "written by hand, pandas and spreadsheets",
	Reads:  "the latency column, known by its name (latency, duration, elapsed, response_time, wall …, in any unit the name says) or by --latency-column; label, scenario, model, status, warm-up, mode and run by their names or flags",
	Leaves: "columns that no flag names; lines that begin with #; rows without a latency, counted",
	Pools:  true, Table: &Table{}}

// columnReader turns lines of fields into rows.
type columnReader struct {
	in     *Input
	spec   *Table
	header []string
	at     map[string]int // column to position
	col    [numFields]int // position of a field's column; absent: -1
	recent [][4]string    // texts of each column's last values, of which few are usual
	turn   uint8
	r      Row
	values map[string]json.RawMessage // of a JSON record
	by     int
	where  []int
	extra  []int // generation, segment: part of the run
	native []int // positions of nativeColumns; nil: not asked for, or another tool's table
	own    stats.Sample
	scale  float64
	unit   int // position of the column with each row's unit; -1: all have scale
	delim  byte
	strs   map[string]string
	fields [][]byte
	runKey []byte
	line   int
	get    func(string) string
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
	if !in.Seen() && len(in.left)+len(in.skipped) == 0 {
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
	return slices.ContainsFunc(t.Header, func(columns []string) bool {
		for _, c := range columns {
			if !slices.ContainsFunc(fields, func(f []byte) bool { return strings.TrimSpace(string(f)) == c }) {
				return false
			}
		}
		return true
	})
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
