package textio

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// maxColumns bounds the fields of a line.
const maxColumns = 4096

// SplitDelimited splits a line (RFC 4180 with any delimiter) into f. Unquoted
// fields alias line. ErrOpenQuote says that a quoted field goes on in the next
// line.
func SplitDelimited(f [][]byte, line []byte, delim byte) ([][]byte, error) {
	f = f[:0]
	for {
		if len(f) == maxColumns {
			return f, fmt.Errorf("more than %d fields", maxColumns)
		}
		if len(line) > 0 && line[0] == '"' {
			field, rest, more, err := quoted(line[1:], delim)
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
		i := bytes.IndexByte(line, delim)
		if i < 0 {
			return append(f, line), nil
		}
		f = append(f, line[:i])
		line = line[i+1:]
	}
}

// quoted reads a field after its opening quote; more says that another field
// follows.
func quoted(b []byte, delim byte) (field, rest []byte, more bool, err error) {
	var out []byte
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return nil, nil, false, ErrOpenQuote
		}
		out = append(out, b[:i]...)
		b = b[i+1:]
		switch {
		case len(b) == 0:
			return out, nil, false, nil
		case b[0] == '"':
			out = append(out, '"')
			b = b[1:]
		case b[0] == delim:
			return out, b[1:], true, nil
		default:
			return nil, nil, false, errors.New("text after a closing quote")
		}
	}
}

// ErrOpenQuote says that a quoted field does not end in its line.
var ErrOpenQuote = errors.New("a quoted field does not end in its line")

// ParseScaled reads a decimal number times scale as nanoseconds.
func ParseScaled(s string, scale float64) (int64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no number", s)
	}
	return CheckNs(v * scale)
}

// ParseMs reads milliseconds with up to six decimals as nanoseconds, exactly;
// other notations are rounded to the nearest nanosecond.
func ParseMs(b []byte) (int64, error) {
	if v, ok := parseMsFast(b); ok {
		return v, nil
	}
	return ParseScaled(string(b), 1e6)
}

// nsLimit bounds a time read from a file: about 31 years.
const nsLimit = 1e18

func parseMsFast(b []byte) (int64, bool) {
	i, neg := 0, false
	if len(b) > 0 && b[0] == '-' {
		neg, i = true, 1
	}
	if len(b)-i == 0 || len(b)-i > 18 {
		return 0, false
	}
	var v int64
	frac, digits := -1, 0
	for ; i < len(b); i++ {
		c := b[i]
		if c == '.' && frac < 0 {
			frac = 0
			continue
		}
		if c < '0' || c > '9' || frac == 6 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
		digits++
		if frac >= 0 {
			frac++
		}
	}
	for k := max(frac, 0); k < 6; k++ {
		if v > nsLimit/10 {
			return 0, false
		}
		v *= 10
	}
	if neg {
		v = -v
	}
	return v, digits > 0
}

// CheckNs turns a float of nanoseconds into an integer.
func CheckNs(v float64) (int64, error) {
	if math.IsNaN(v) || math.Abs(v) > nsLimit {
		return 0, fmt.Errorf("%v ns is no time", v)
	}
	return int64(math.Round(v)), nil
}
