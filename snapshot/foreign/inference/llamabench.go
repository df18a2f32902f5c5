package inference

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

const llamaSeen = "llama.cpp, builds of 2024 to 2026, by its source (tools/llama-bench/llama-bench.cpp)"

var (
	_ = rows.Register(rows.Format{
		Name: "llama-bench JSON", Tool: "llama-bench -o json or -o jsonl",
		Seen:   llamaSeen,
		Reads:  "samples_ns of each test, labelled pp512, tg128 or pp512+tg128 as llama-bench prints them, and d where it has a depth; the model as model",
		Leaves: "tokens per second, system data; an older file without samples_ns is shown as avg_ns and stddev_ns",
		Doc:    func(d *rows.Doc) bool { return d.Has("avg_ns") || d.Has("[]", "avg_ns") },
		ReadDoc: func(in *rows.Input, d *rows.Doc) error {
			var list []llamaTest
			if !d.List() {
				list = make([]llamaTest, 1)
				if err := in.Decode(d, d.Raw, &list[0]); err != nil {
					return err
				}
			} else if err := in.Decode(d, d.Raw, &list); err != nil {
				return err
			}
			if err := in.Columns("n_prompt", "n_gen", "n_depth", "n_batch", "model_type"); err != nil {
				return err
			}
			for i := range list {
				if err := list[i].read(in, d); err != nil {
					return err
				}
			}
			return nil
		},
	})
	_ = rows.Register(rows.Format{
		Name: "llama-bench CSV", Tool: "llama-bench -o csv",
		Seen:    llamaSeen,
		Reads:   "avg_ns and stddev_ns of each test",
		Leaves:  "all else",
		Samples: "'llama-bench -o json' keeps each repetition.",
		Table: &rows.Table{
			Header: [][]string{{"avg_ns", "stddev_ns", "n_prompt", "n_gen"}},
			Each: func(in *rows.Input, line int, get func(string) string) error {
				t := llamaTest{Prompt: rows.Whole(get("n_prompt")), Gen: rows.Whole(get("n_gen")), Depth: rows.Whole(get("n_depth"))}
				s := rows.NoStats()
				s.Label = t.label()
				mean, err := strconv.ParseFloat(get("avg_ns"), 64)
				std, err2 := strconv.ParseFloat(get("stddev_ns"), 64)
				if err := errors.Join(err, err2); err != nil {
					return errors.New("avg_ns and stddev_ns are no numbers")
				}
				s.Mean, s.Std = mean, std
				return in.Report(s)
			},
		},
	})
)

type llamaTest struct {
	Model   string     `json:"model_filename"`
	Type    string     `json:"model_type"`
	Prompt  int64      `json:"n_prompt"`
	Gen     int64      `json:"n_gen"`
	Depth   int64      `json:"n_depth"`
	Batch   int64      `json:"n_batch"`
	Mean    *rows.Num  `json:"avg_ns"`
	Std     *rows.Num  `json:"stddev_ns"`
	Samples []rows.Num `json:"samples_ns"`
}

func (t *llamaTest) label() string {
	var s string
	switch {
	case t.Prompt > 0 && t.Gen > 0:
		s = fmt.Sprintf("pp%d+tg%d", t.Prompt, t.Gen)
	case t.Gen > 0:
		s = fmt.Sprintf("tg%d", t.Gen)
	default:
		s = fmt.Sprintf("pp%d", t.Prompt)
	}
	if t.Depth > 0 {
		s += fmt.Sprintf(" d%d", t.Depth)
	}
	return s
}

func (t *llamaTest) column(c string) string {
	raw, err := json.Marshal(map[string]any{"n_prompt": t.Prompt, "n_gen": t.Gen, "n_depth": t.Depth, "n_batch": t.Batch, "model_type": t.Type}[c])
	if err != nil {
		return ""
	}
	return rows.TextOf(raw)
}

func (t *llamaTest) read(in *rows.Input, d *rows.Doc) error {
	if t.Mean == nil {
		return rows.ErrOther
	}
	if len(t.Samples) == 0 {
		s := rows.NoStats()
		s.Label, s.Mean, s.Std = t.label(), rows.Ns(t.Mean, 1), rows.Ns(t.Std, 1)
		return in.Report(s)
	}
	for i, v := range t.Samples {
		ns, err := rows.Latency(float64(v), 1)
		if err != nil {
			return in.Errorf(d.Line, "samples_ns[%d]: %w", i, err)
		}
		r := rows.Row{Label: t.label(), Model: t.Model, Run: t.label(), HasRun: true, OK: true, Index: int64(i), Ns: ns}
		if err := in.Emit(&r, t.column); err != nil {
			return err
		}
	}
	return nil
}
