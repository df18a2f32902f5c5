package micro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const hyperfineSeen = "hyperfine 1.15 (files written here)"

var (
	_ = rows.Register(rows.Format{
		Name: "hyperfine JSON", Tool: "hyperfine --export-json F",
		Seen:   hyperfineSeen,
		Reads:  "times of each command in seconds; exit_codes other than 0 are failures; parameters are columns; a file without times is shown as its statistics",
		Leaves: "user and system time; warm-ups, which hyperfine does not write",
		Doc: func(d *rows.Doc) bool {
			return d.Has("results", "[]", "command") && (d.Has("results", "[]", "times") || d.Has("results", "[]", "mean"))
		},
		ReadDoc: readHyperfine,
	})
	_ = rows.Register(rows.Format{
		Name: "hyperfine CSV", Tool: "hyperfine --export-csv F",
		Seen:    hyperfineSeen,
		Reads:   "mean, stddev, median, min and max of each command, in seconds: statistics, not samples",
		Leaves:  "user and system time; how many runs there were is not in the file",
		Samples: "'hyperfine --export-json F' keeps each run.",
		Table: &rows.Table{
			Header: [][]string{{"command", "mean", "stddev", "median", "min", "max"}},
			Each: func(in *rows.Input, _ int, get func(string) string) error {
				s := rows.NoStats()
				s.Label, s.Mean, s.Std = get("command"), rows.Number(get("mean"), 1e9), rows.Number(get("stddev"), 1e9)
				s.Min, s.Max = rows.Number(get("min"), 1e9), rows.Number(get("max"), 1e9)
				s.Set(50, rows.Number(get("median"), 1e9))
				if s.Empty() {
					return errors.New("no statistics")
				}
				return in.Report(s)
			}},
	})
	_ = rows.Register(rows.Format{
		Name: "hyperfine's tables", Tool: "hyperfine --export-markdown, --export-asciidoc, --export-orgmode, and its screen",
		Seen:   hyperfineSeen,
		Reads:  "nothing: refused, with the option that writes JSON",
		Leaves: "everything",
		Head: func(head []byte) bool {
			head = head[:min(len(head), 4096)]
			table := bytes.Contains(head, []byte("| Command")) && bytes.Contains(head, []byte("| Mean [")) || bytes.Contains(head, []byte("| Command ")) && bytes.Contains(head, []byte(" Mean ["))
			return table || bytes.Contains(head, []byte("Time (mean ± σ):")) || bytes.Contains(head, []byte("Time (abs ≡):"))
		},
		Read: func(in *rows.Input) error {
			return in.Errorf(0, "%w: it is hyperfine's table for reading; 'hyperfine --export-json F' writes what can be analysed", rows.ErrNone)
		},
	})
)

func readHyperfine(in *rows.Input, d *rows.Doc) error {
	var v struct {
		Results []struct {
			Command    string                     `json:"command"`
			Times      []rows.Num                 `json:"times"`
			ExitCodes  []*int                     `json:"exit_codes"`
			Parameters map[string]json.RawMessage `json:"parameters"`
			Mean       *rows.Num                  `json:"mean"`
			Std        *rows.Num                  `json:"stddev"`
			Median     *rows.Num                  `json:"median"`
			Min        *rows.Num                  `json:"min"`
			Max        *rows.Num                  `json:"max"`
		} `json:"results"`
	}
	if err := in.Decode(d, d.Raw, &v); err != nil {
		return err
	}
	if v.Results == nil {
		return rows.ErrOther
	}
	columns := map[string]json.RawMessage{}
	for i := range v.Results {
		maps.Copy(columns, v.Results[i].Parameters)
	}
	if err := in.Begin(d, slices.Sorted(maps.Keys(columns))...); err != nil {
		return err
	}
	for i, x := range v.Results {
		if len(x.Times) == 0 {
			s := rows.NoStats()
			s.Label, s.Mean, s.Std, s.Min, s.Max = x.Command, rows.Ns(x.Mean, 1e9), rows.Ns(x.Std, 1e9), rows.Ns(x.Min, 1e9), rows.Ns(x.Max, 1e9)
			if s.Set(50, rows.Ns(x.Median, 1e9)); s.Empty() {
				return in.Errorf(d.Line, "results[%d] has no times", i)
			}
			if err := in.Report(s); err != nil {
				return err
			}
			continue
		}
		for k, t := range x.Times {
			if t.Missing() {
				in.Leave(d.Line, "no time", x.Command)
				continue
			}
			ns, err := rows.Latency(float64(t), 1e9)
			if err != nil {
				return in.Errorf(d.Line, "results[%d].times[%d]: %w", i, k, err)
			}
			r := rows.Row{Label: x.Command, Run: x.Command, HasRun: true, Index: int64(k), OK: true, Ns: ns}
			if k < len(x.ExitCodes) {
				code := "none: a signal"
				if c := x.ExitCodes[k]; c != nil {
					code = fmt.Sprint(*c)
				}
				in.Judge(&r, "exit code", code)
			}
			if err := in.Emit(&r, func(c string) string { return rows.TextOf(x.Parameters[c]) }); err != nil {
				return err
			}
		}
	}
	return nil
}
