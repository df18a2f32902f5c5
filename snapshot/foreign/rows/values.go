package rows

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// Num is a number of a JSON file: NaN where it is null or absent (after None).
type Num float64

// UnmarshalJSON reads a number or null.
func (n *Num) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Num(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("%s is no number", Quote(string(b)))
	}
	*n = Num(v)
	return nil
}

// Missing tells whether there is no number.
func (n Num) Missing() bool { return math.IsNaN(float64(n)) }

// Ns is n times scale in ns, NaN where n is missing or nil.
func Ns(n *Num, scale float64) float64 {
	if n == nil {
		return math.NaN()
	}
	return float64(*n) * scale
}

// Number is a decimal number times scale; NaN if it is none.
func Number(s string, scale float64) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return math.NaN()
	}
	return v * scale
}

// Whole is a whole number; 0 if it is none.
func Whole(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Digits tells whether a field is nothing but digits.
func Digits(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "0123456789")) == 0 }

// NoStats is Reported with every number missing.
func NoStats() Reported {
	nan := math.NaN()
	return Reported{Mean: nan, Std: nan, Min: nan, Max: nan, Percentiles: map[string]float64{}}
}

// Set sets a percentile unless it is missing; p is 0 to 100.
func (r *Reported) Set(p, ns float64) {
	if !math.IsNaN(ns) && len(r.Percentiles) < 100 {
		r.Percentiles["p"+strconv.FormatFloat(p, 'f', -1, 64)] = ns
	}
}

// Stat sets a statistic by one of its usual names, as mean, std, min, max, median
// and p99.9; another name sets nothing.
func (r *Reported) Stat(name string, ns float64) {
	switch name {
	case "mean", "avg", "average":
		r.Mean = ns
	case "std", "stddev", "stdev", "std_dev":
		r.Std = ns
	case "min":
		r.Min = ns
	case "max":
		r.Max = ns
	case "median", "med":
		r.Set(50, ns)
	default:
		if p, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64); err == nil && name[0] == 'p' && p >= 0 && p <= 100 {
			r.Set(p, ns)
		}
	}
}

// Empty tells whether no time is known.
func (r *Reported) Empty() bool {
	return math.IsNaN(r.Mean) && math.IsNaN(r.Min) && math.IsNaN(r.Max) && len(r.Percentiles) == 0
}

// nothing tells whether every request failed and every time is 0, as tools print
// it that measured none.
func (r *Reported) nothing() bool {
	some := func(ns float64) bool { return ns > 0 }
	if r.N > 0 || r.Errors == 0 {
		return false
	}
	for _, ns := range r.Percentiles {
		if some(ns) {
			return false
		}
	}
	return !some(r.Mean) && !some(r.Min) && !some(r.Max)
}

// Latency is v times scale as nanoseconds.
func Latency(v, scale float64) (int64, error) {
	ns, err := textio.CheckNs(v * scale)
	if err == nil && ns < 0 {
		err = errors.New("a latency is negative")
	}
	return ns, err
}

// Times hands on a list of times of one run, as rows like r; each, if not nil,
// completes a row. A missing time is counted as left out.
func (in *Input) Times(d *Doc, r Row, times []Num, scale float64, each func(i int, r *Row)) error {
	r.HasRun = true
	for i, v := range times {
		row := r
		row.Index, row.OK = int64(i), true
		if each != nil {
			each(i, &row)
		}
		var err error
		switch {
		case !v.Missing():
			if row.Ns, err = Latency(float64(v), scale); err != nil {
				return in.Errorf(d.Line, "%s[%d]: %w", cmp.Or(r.Mode, "latencies"), i, err)
			}
		case row.OK:
			in.Leave(d.Line, "no latency", "")
			continue
		}
		if err := in.Emit(&row, nil); err != nil {
			return err
		}
	}
	return nil
}

// TextOf is a JSON value as text: a string as it is, null as nothing.
func TextOf(raw json.RawMessage) string {
	var s string
	n := len(raw)
	switch {
	case n == 0 || string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	case bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw):
		return string(raw[1 : n-1])
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}
