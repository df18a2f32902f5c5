package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
	rest []byte // what dec reads
	lead int    // lines before it
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
		if t = strict(t); whole(t) && (s.n > 0 || json.Valid(t)) {
			s.n++
			return &Doc{Raw: t, Line: s.in.Text.N, N: s.n}, nil
		}
		s.lead = s.in.Text.N - 1
		first := append(bytes.Clone(line), '\n')
		rest, err := s.in.Text.All(maxJSON)
		if err != nil {
			return nil, s.in.Errorf(0, "%w", err)
		}
		s.rest = closed(strict(append(first, rest...)))
		s.dec = json.NewDecoder(bytes.NewReader(s.rest))
	}
	var raw json.RawMessage
	err := s.dec.Decode(&raw)
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		at := int64(len(s.rest)) // cut short
		if syn := (*json.SyntaxError)(nil); errors.As(err, &syn) {
			at = s.dec.InputOffset() + syn.Offset
		}
		if s.lastLine() {
			s.in.Leave(s.line(int64(len(bytes.TrimSpace(s.rest)))), "the last line is cut short", string(bytes.TrimSpace(s.rest[s.dec.InputOffset():])))
			return nil, io.EOF
		}
		return nil, s.in.Errorf(s.line(at), "%w", err)
	}
	s.n++
	return &Doc{Raw: raw, Line: s.line(s.dec.InputOffset() - int64(len(raw))), N: s.n}, nil
}

// lastLine tells whether what could not be read is the last line of several, cut
// short, as a tool leaves it that was stopped.
func (s *docs) lastLine() bool {
	left := bytes.TrimSpace(s.rest[s.dec.InputOffset():])
	if s.n == 0 || s.lead+bytes.Count(s.rest, []byte("\n")) < 2 || bytes.Contains(left, []byte("\n")) {
		return false
	}
	var raw json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(left)).Decode(&raw), io.ErrUnexpectedEOF)
}

// line is that of an offset in rest.
func (s *docs) line(at int64) int {
	return s.lead + 1 + bytes.Count(s.rest[:min(max(at, 0), int64(len(s.rest)))], []byte("\n"))
}

func whole(t []byte) bool {
	first, last := t[0], t[len(t)-1]
	return first == '{' && last == '}' || first == '[' && last == ']'
}

// notJSON are numbers that Python and C++ write and JSON does not know.
var notJSON = []string{"-Infinity", "Infinity", "NaN", "-nan", "nan", "-inf", "inf"}

// strict writes null for them, outside of texts.
func strict(b []byte) []byte {
	if !bytes.Contains(b, []byte("NaN")) && !bytes.Contains(b, []byte("Infinity")) && !bytes.Contains(b, []byte("nan")) && !bytes.Contains(b, []byte("inf")) {
		return b
	}
	out := make([]byte, 0, len(b)+16)
	inText := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case inText && c == '\\' && i+1 < len(b):
			out = append(out, c)
			i++
			c = b[i]
		case c == '"':
			inText = !inText
		case !inText && (c == 'N' || c == 'I' || c == '-' || c == 'n' || c == 'i'):
			if w := wordAt(b[i:]); w > 0 {
				out = append(out, "null"...)
				i += w - 1
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

// wordAt is the length of a word of notJSON that b begins with, 0 if none.
func wordAt(b []byte) int {
	for _, w := range notJSON {
		if bytes.HasPrefix(b, []byte(w)) && (len(b) == len(w) || bytes.IndexByte([]byte(",]} \t\r\n"), b[len(w)]) >= 0) {
			return len(w)
		}
	}
	return 0
}

// closed ends the list of a trace, which its writer may leave open.
func closed(b []byte) []byte {
	t := bytes.TrimRight(b, " \t\r\n,")
	if len(t) == 0 || bytes.TrimLeft(t, " \t\r\n")[0] != '[' || t[len(t)-1] != '}' || !bytes.Contains(t[:min(len(t), 4096)], []byte(`"ph"`)) {
		return b
	}
	return append(bytes.Clone(t), ']')
}
