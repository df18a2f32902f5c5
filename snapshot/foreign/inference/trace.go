package inference

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

var _ = rows.Register(rows.Format{
	Name: "trace", Tool: "ONNX Runtime's profile (enable_profiling), PyTorch's export_chrome_trace, any Chrome trace of ranges",
	Seen:   "ONNX Runtime 1.32 and PyTorch 2.11 (files written here)",
	Reads:  "durations (dur, µs) of named ranges: ONNX Runtime's model_run, PyTorch's ProfilerStep#n (as one name), else user_annotation ranges, else all ranges by name; --where name=…, cat=… take others",
	Leaves: "kernels, memory, flows, arguments, asynchronous ranges",
	Doc: func(d *rows.Doc) bool {
		return d.Has("traceEvents") || d.List() && d.Has("[]", "ph") && (d.Has("[]", "name") || d.Has("[]", "args"))
	},
	ReadDoc: readTrace,
})

type traceEvent struct {
	Phase string    `json:"ph"`
	Name  string    `json:"name"`
	Cat   string    `json:"cat"`
	Dur   *rows.Num `json:"dur"`
	Ts    *rows.Num `json:"ts"`
	Tid   any       `json:"tid"`
	Pid   any       `json:"pid"`
}

func (e *traceEvent) column(c string) string {
	return map[string]string{"name": e.Name, "cat": e.Cat}[c]
}

var stepName = regexp.MustCompile(`^ProfilerStep#\d+$`)

// traceRules are which ranges are read when no filter names any: those of the
// first rule that fits one.
var traceRules = []func(*traceEvent) bool{
	func(e *traceEvent) bool { return e.Cat == "Session" && e.Name == "model_run" },
	func(e *traceEvent) bool { return stepName.MatchString(e.Name) },
	func(e *traceEvent) bool { return e.Cat == "user_annotation" },
	func(*traceEvent) bool { return true },
}

func readTrace(in *rows.Input, d *rows.Doc) error {
	var list []traceEvent
	raw := d.Raw
	if r := d.At("traceEvents"); r != nil {
		raw = r
	} else if !d.List() {
		return rows.ErrOther
	}
	if err := in.Decode(d, raw, &list); err != nil {
		return err
	}
	if err := in.Begin(d, "name", "cat"); err != nil {
		return err
	}
	list = ranges(list)
	keep := traceRules[len(traceRules)-1]
	if !slices.ContainsFunc(in.O.Where, func(f rows.Filter) bool { return f.Column == "name" || f.Column == "cat" }) {
		for _, rule := range traceRules {
			if keep = rule; slices.ContainsFunc(list, func(e traceEvent) bool { return rule(&e) }) {
				break
			}
		}
		note(in, list, keep)
	}
	// The instants of all devices in one file are of one clock: its order is theirs.
	slices.SortStableFunc(list, func(a, b traceEvent) int {
		if a.Ts == nil || b.Ts == nil {
			return 0
		}
		return cmp.Compare(*a.Ts, *b.Ts)
	})
	for i := range list {
		e := &list[i]
		if !keep(e) {
			continue
		}
		ns, err := rows.Latency(float64(*e.Dur), 1e3)
		if err != nil {
			return in.Errorf(d.Line, "dur of %s: %w", rows.Quote(e.Name), err)
		}
		label := e.Name
		if stepName.MatchString(label) {
			label = "ProfilerStep"
		}
		r := rows.Row{Label: label, Run: label, HasRun: true, OK: true, Index: int64(i), Ns: ns}
		if err := in.Emit(&r, e.column); err != nil {
			return err
		}
	}
	return nil
}

// ranges are the complete events, and those whose begin and end are events of
// their own, by thread.
func ranges(list []traceEvent) []traceEvent {
	type thread struct{ pid, tid string }
	open := map[thread][]traceEvent{}
	var out []traceEvent
	for i := range list {
		e := &list[i]
		at := thread{fmt.Sprint(e.Pid), fmt.Sprint(e.Tid)}
		switch {
		case e.Phase == "X" && e.Dur != nil && !e.Dur.Missing():
			out = append(out, *e)
		case e.Phase == "B" && e.Ts != nil:
			open[at] = append(open[at], *e)
		case e.Phase == "E" && e.Ts != nil && len(open[at]) > 0:
			b := open[at][len(open[at])-1]
			open[at] = open[at][:len(open[at])-1]
			dur := *e.Ts - *b.Ts
			b.Dur = &dur
			out = append(out, b)
		}
	}
	return out
}

// note says which ranges are read and which others there are.
func note(in *rows.Input, list []traceEvent, keep func(*traceEvent) bool) {
	seen := map[string]bool{}
	for i := range list {
		if !keep(&list[i]) && len(seen) < 1000 {
			seen[list[i].Cat] = true
		}
	}
	if len(seen) > 0 {
		cats := slices.Sorted(maps.Keys(seen))
		in.Note("%s: ranges of these categories were left alone: %s. --where cat=… or name=… takes them.", in.Name, strings.TrimPrefix(rows.List(cats), ", "))
	}
}
