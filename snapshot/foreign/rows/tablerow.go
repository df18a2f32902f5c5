package rows

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/tailscope/tailscope/snapshot/internal/textio"
)

// errYield wraps what the taker of rows returned: not the file's fault.
var errYield = errors.New("")

type yieldError struct{ error }

func (e yieldError) Is(target error) bool { return target == errYield }

func (e yieldError) Unwrap() error { return e.error }

// take reads one line's fields.
func (t *columnReader) take(fields [][]byte) error {
	t.fields = fields
	if len(fields) != len(t.header) {
		return fmt.Errorf("%d fields, the header has %d", len(fields), len(t.header))
	}
	if t.spec.Each != nil {
		return t.spec.Each(t.in, t.line, t.get)
	}
	if t.spec.Line != nil && t.spec.Line(fields) == nil {
		return errors.New("the line is unlike those before it")
	}
	if t.spec.Keep != nil && !t.spec.Keep(t.in, t.get) {
		return nil
	}
	if !t.kept() {
		t.in.count()
		t.in.Info.Filtered++
		return nil
	}
	t.r = Row{}
	if there, err := t.row(&t.r); err != nil || !there {
		return err
	}
	t.in.count()
	if err := t.in.hand(&t.r); err != nil {
		return yieldError{err}
	}
	return nil
}

// kept applies the filters to a line.
func (t *columnReader) kept() bool {
	for i, c := range t.where {
		if !t.in.O.Where[i].keeps(string(t.fields[c])) {
			return false
		}
	}
	return true
}

// row makes a row of a line; there is none where the latency is missing, which is counted.
func (t *columnReader) row(r *Row) (there bool, err error) {
	r.OK = true
	if c := t.col[fStatus]; c >= 0 {
		t.judge(r, c)
	}
	r.Label, r.Mode, r.Scenario = t.text(fLabel), t.text(fMode), t.text(fScenario)
	r.Model, r.Quantization = t.text(fModel), t.text(fQuantization)
	if r.Label == "" {
		r.Label = t.spec.Label
	}
	if c := t.col[fWarmup]; c >= 0 {
		r.Warmup = truth(t.text(fWarmup))
	}
	if t.by >= 0 {
		r.By = t.str(t.fields[t.by])
	}
	t.run(r)
	r.File, r.Index = t.in.Name, int64(t.line)
	if t.spec.Good != nil {
		if err := t.spec.Good(t.in, t.get); err != nil {
			return false, err
		}
	}
	if t.spec.Row != nil {
		t.spec.Row(t.in, r, t.get)
	}
	lat := bytes.TrimSpace(t.fields[t.col[fLatency]])
	switch r.Ns, err = t.time(lat); {
	case err == nil:
	case absent(lat) && !r.OK:
		r.Ns = 0 // a failed row may have no latency
	case absent(lat):
		t.in.Leave(t.line, "no latency", "")
		return false, nil
	default:
		return false, fmt.Errorf("%s: %w", Clean(t.header[t.col[fLatency]]), err)
	}
	if t.native != nil {
		if err := t.sample(r); err != nil {
			return false, err
		}
	}
	if t.spec.Row != nil {
		t.in.tidy(r)
	} else { // every text is of str
		t.in.named(r)
	}
	return true, nil
}

func absent(b []byte) bool {
	switch strings.ToLower(string(b)) {
	case "", "nan", "null", "none", "na", "n/a", "-":
		return true
	}
	return false
}

// judge sets the row's status from a column's value.
func (t *columnReader) judge(r *Row, c int) {
	b := t.fields[c]
	if r.OK = len(b) == 2 && (string(b) == "ok" || string(b) == "OK"); r.OK {
		return
	}
	t.in.Judge(r, t.header[c], t.str(b))
}

// run names the row's run: what a column says, or tailscope's generation and
// segment.
func (t *columnReader) run(r *Row) {
	if t.col[fRun] >= 0 {
		r.Run, r.HasRun = t.text(fRun), true
		return
	}
	if len(t.extra) == 0 {
		r.HasRun = t.spec != AsTable.Table // a tool's own file is one run
		return
	}
	t.runKey = t.runKey[:0]
	for _, c := range t.extra {
		t.runKey = append(append(t.runKey, t.fields[c]...), '/')
	}
	r.Run, r.HasRun = t.str(t.runKey[:len(t.runKey)-1]), true
}

func (t *columnReader) text(f field) string {
	c := t.col[f]
	if c < 0 {
		return ""
	}
	b, recent := t.fields[c], &t.recent[c]
	for i := range recent {
		if len(b) > 0 && string(b) == recent[i] {
			return recent[i]
		}
	}
	v := t.str(b)
	t.turn++
	recent[t.turn%4] = v
	return v
}

// str returns b as a string that is safe to print, allocated once a distinct
// value.
func (t *columnReader) str(b []byte) string {
	if s, ok := t.strs[string(b)]; ok {
		return s
	}
	if len(t.strs) > 1<<16 {
		clear(t.strs)
	}
	s := Clean(string(b))
	t.strs[string(b)] = s
	return s
}

func (t *columnReader) time(b []byte) (ns int64, err error) {
	if t.unit >= 0 && !absent(b) {
		if t.scale, err = Scale(string(t.fields[t.unit])); err != nil {
			return 0, err
		}
	}
	if t.delim == ';' && bytes.IndexByte(b, ',') >= 0 && bytes.IndexByte(b, '.') < 0 {
		b = bytes.Replace(b, []byte{','}, []byte{'.'}, 1)
	}
	if t.scale == 1e6 {
		ns, err = textio.ParseMs(b)
	} else {
		ns, err = textio.ParseScaled(string(b), t.scale)
	}
	if err != nil {
		if v, scale, ok := withUnit(string(b)); ok {
			ns, err = textio.ParseScaled(v, scale)
		}
	}
	if err == nil && ns < 0 {
		err = errors.New("a latency is negative")
	}
	return ns, err
}

// withUnit takes a value apart that has its unit with it, as 12ms or 1.5 s.
func withUnit(s string) (number string, ns float64, ok bool) {
	i := strings.LastIndexAny(s, "0123456789.") + 1
	ns, ok = unitWords[strings.ToLower(strings.TrimSpace(s[i:]))]
	return s[:i], ns, ok && i > 0
}
