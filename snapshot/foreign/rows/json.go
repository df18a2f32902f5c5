package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxJSON bounds a JSON document, which is read whole.
const maxJSON = 1 << 30

// ReadJSON reads a file of JSON documents: one, one a line, or one after the
// other.
func ReadJSON(in *Input) error {
	s := docs{in: in}
	var f *Format
	for {
		d, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if f != nil {
			if err = f.ReadDoc(in, d); err == nil {
				continue
			}
			if !errors.Is(err, ErrOther) {
				return err
			}
		}
		if f = FormatOf(d); f == nil && d.N == 1 {
			f = asRecords(in, d)
		}
		if f == nil {
			return unknown(in, d)
		}
		in.Format, in.Info.Format = f, f.Name
		if err := f.ReadDoc(in, d); errors.Is(err, ErrOther) {
			return unknown(in, d)
		} else if err != nil {
			return err
		}
	}
}

// FormatOf is the format that a document is of; nil if none is known.
func FormatOf(d *Doc) *Format {
	for _, f := range formats {
		if f.Doc != nil && f.Doc(d) {
			return f
		}
	}
	return nil
}

// unknown is the sentence of a document of no format.
func unknown(in *Input, d *Doc) error {
	what := "a JSON value"
	keys := d.Keys()
	slices.Sort(keys)
	switch {
	case len(keys) > 0 && d.List():
		what = "a JSON list of objects with " + List(keys)
	case len(keys) > 0:
		what = "a JSON object with " + List(keys)
	case d.List():
		what = "a JSON list"
	}
	if d.N > 1 {
		return in.Errorf(d.Line, "document %d of the file is %s, which is none of the kinds that are read; nothing of the file was used", d.N, what)
	}
	return in.Errorf(0, "%w: it holds %s, which is none of the kinds that are read. %s", ErrNone, what, Cure)
}

// Cure says what can be read.
const Cure = "Known are session folders, folders with run_*.json files, tables with a latency column (CSV, TSV, Parquet) and the formats that docs/formats.md lists"

// docs takes a file's documents apart. Lines that are whole documents are the
// usual case and are taken as they stand; else a decoder finds the ends.
type docs struct {
	in   *Input
	n    int
	dec  *json.Decoder
	lead int // lines before what the decoder reads
	got  lineCount
}

// lineCount counts lines of what passes.
type lineCount struct {
	r     io.Reader
	n     int64
	marks []int64 // offsets of line ends
}

func (c *lineCount) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	for i, x := range b[:n] {
		if x == '\n' {
			c.marks = append(c.marks, c.n+int64(i))
		}
	}
	c.n += int64(n)
	return n, err
}

// line is that of an offset; ends before it are forgotten.
func (c *lineCount) line(offset int64, lead *int) int {
	i, _ := slices.BinarySearch(c.marks, offset)
	*lead += i
	c.marks = c.marks[i:]
	return *lead + 1
}

func (s *docs) next() (*Doc, error) {
	for s.dec == nil {
		line, err := s.in.Text.Next()
		if err != nil {
			return nil, err
		}
		t := bytes.TrimSpace(line)
		if len(t) == 0 {
			continue
		}
		if whole(t) && (s.n > 0 || json.Valid(t)) {
			s.n++
			return &Doc{Raw: t, Line: s.in.Text.N, N: s.n}, nil
		}
		s.lead = s.in.Text.N - 1
		s.got.r = io.LimitReader(io.MultiReader(bytes.NewReader(append(bytes.Clone(line), '\n')), s.in.Text), maxJSON)
		s.dec = json.NewDecoder(&s.got)
	}
	var raw json.RawMessage
	err := s.dec.Decode(&raw)
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		at := s.got.n
		if syn := (*json.SyntaxError)(nil); errors.As(err, &syn) {
			at = syn.Offset
		} else if s.got.n >= maxJSON {
			err = fmt.Errorf("the file is larger than %d bytes", maxJSON)
		}
		return nil, s.in.Errorf(s.got.line(at, &s.lead), "%w", err)
	}
	s.n++
	return &Doc{Raw: raw, Line: s.got.line(s.dec.InputOffset()-int64(len(raw)), &s.lead), N: s.n}, nil
}

func whole(t []byte) bool {
	first, last := t[0], t[len(t)-1]
	return first == '{' && last == '}' || first == '[' && last == ']'
}
