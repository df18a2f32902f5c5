package rows

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	fast "github.com/segmentio/encoding/json"
	"github.com/tailscope/tailscope/stats"
)

type leftOut struct {
	n    uint64
	line int
	text string
}

// Note adds a sentence, once.
func (in *Input) Note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(in.Info.Notes, s) && len(in.Info.Notes) < 100 {
		in.Info.Notes = append(in.Info.Notes, s)
	}
}

// Leave counts a part of the file that is left out; why completes "lines were
// left out: ".
func (in *Input) Leave(line int, why, text string) {
	l := in.left[why]
	if l == nil {
		l = &leftOut{line: line, text: text}
		in.left[why] = l
	}
	l.n++
}

// Errorf makes an error that names the file, and the line where it is not 0.
func (in *Input) Errorf(line int, format string, args ...any) error {
	at := in.Path
	if line > 0 {
		at = fmt.Sprintf("%s:%d", in.Path, line)
	}
	return fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...))
}

// Decode decodes a document, or a part of one; an error names file and line.
func (in *Input) Decode(d *Doc, raw json.RawMessage, v any) error {
	if fast.Unmarshal(raw, v) == nil {
		return nil
	}
	err := json.Unmarshal(raw, v) // of the two the one whose errors say where
	if err == nil {
		return nil
	}
	at := 0
	if syn := (*json.SyntaxError)(nil); errors.As(err, &syn) {
		at = int(syn.Offset)
	}
	typ := (*json.UnmarshalTypeError)(nil)
	if errors.As(err, &typ) {
		at = int(typ.Offset)
		err = fmt.Errorf("%s is a %s, which it cannot be", cmp.Or(typ.Field, "the value"), typ.Value)
	}
	return in.Errorf(d.Line+bytes.Count(raw[:min(at, len(raw))], []byte("\n")), "%w", err)
}

// Finish writes the notes that are known at the end.
func (in *Input) Finish() {
	for why, l := range in.left {
		what := stats.Counted(l.n, "line") + " were"
		if l.n == 1 {
			what = "1 line was"
		}
		at := ""
		if l.line > 0 {
			at = fmt.Sprintf(" (line %d%s)", l.line, map[bool]string{true: " is the first"}[l.n > 1])
		}
		in.Note("%s: %s left out%s: %s%s.", in.Name, what, at, why, map[bool]string{true: ", " + Quote(l.text)}[l.text != ""])
	}
	if in.O.Unit != "" && !in.unitUsed {
		in.Note("%s: --unit was not used, %s says its unit itself.", in.Name, in.Format.Name)
	}
	if in.O.Columns["latency"] != "" && !in.metric {
		in.Note("%s: --latency-column was not used, %s has one kind of time.", in.Name, in.Format.Name)
	}
	in.plausible()
	if s := in.Format.Samples; s != "" && len(in.Info.Reported) > 0 && in.emitted == 0 {
		in.Note("%s holds the statistics that the tool computed, no measurements: they are shown as reported, without intervals, and never pooled. %s", in.Name, s)
	}
}

// plausible notes a unit that was assumed, and sizes that no request has.
func (in *Input) plausible() {
	var n, seen uint64
	for _, c := range in.sizes {
		n += c
	}
	at := 0
	for ; at < len(in.sizes) && seen*2 < n; at++ {
		seen += in.sizes[at]
	}
	if n == 0 {
		return
	}
	if zero := in.sizes[0]; zero > 0 {
		in.Note("%s: %d of %d latencies are 0: shorter than the clock of the tool, or not measured.", in.Name, zero, n)
	}
	ns := in.sums[at-1] / float64(in.sizes[at-1]) // the mean of those with as many bits as the median
	odd := ns < 50e3 || ns > 120e9
	switch size := about(ns); {
	case in.assumed != "" && odd:
		in.Note("%s: the column %s names no unit and was read as ms, which makes the median about %s. If that is not so, give --unit s, us or ns.", in.Name, Quote(in.assumed), size)
	case in.assumed != "":
		in.Note("%s: the column %s names no unit and was read as ms; --unit says otherwise.", in.Name, Quote(in.assumed))
	case ns > 3*3600e9:
		in.Note("%s: a median of about %s is an unlikely size for a latency; is the unit right? --unit says otherwise.", in.Name, size)
	case ns < 200:
		in.Note("%s: latencies are kept in whole ns, and the median is about %s: the last digits are rounded.", in.Name, size)
	}
}

func about(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.0f µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.0f ms", ns/1e6)
	}
	return fmt.Sprintf("%.0f s", ns/1e9)
}
