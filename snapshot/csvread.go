package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxColumns bounds the fields of a line.
const maxColumns = 4096

// splitCSV splits a line of CSV (RFC 4180, without line breaks inside fields)
// into f. Unquoted fields alias line.
func splitCSV(f [][]byte, line []byte) ([][]byte, error) {
	f = f[:0]
	for {
		if len(f) == maxColumns {
			return f, fmt.Errorf("more than %d fields", maxColumns)
		}
		if len(line) > 0 && line[0] == '"' {
			field, rest, more, err := quoted(line[1:])
			if err != nil {
				return f, err
			}
			f = append(f, field)
			if !more {
				return f, nil
			}
			line = rest
			continue
		}
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			return append(f, line), nil
		}
		f = append(f, line[:i])
		line = line[i+1:]
	}
}

// quoted reads a field after its opening quote; more says that another field
// follows.
func quoted(b []byte) (field, rest []byte, more bool, err error) {
	var out []byte
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return nil, nil, false, errOpenQuote
		}
		out = append(out, b[:i]...)
		b = b[i+1:]
		switch {
		case len(b) == 0:
			return out, nil, false, nil
		case b[0] == '"':
			out = append(out, '"')
			b = b[1:]
		case b[0] == ',':
			return out, b[1:], true, nil
		default:
			return nil, nil, false, errors.New("text after a closing quote")
		}
	}
}

var errOpenQuote = errors.New("a quoted field does not end in its line")

// parseMsSlow reads a decimal number times scale as nanoseconds.
func parseMsSlow(s string, scale float64) (int64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", s)
	}
	return checkNs(v * scale)
}
