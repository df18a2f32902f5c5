package results

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/folder"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/report"
)

type analyzeFlags struct {
	foreignFlags
	out, by     string
	first, rows int
	json        bool
}

// NewAnalyzeCmd computes statistics of results wherever they come from.
func NewAnalyzeCmd() *cobra.Command {
	f := &analyzeFlags{}
	cmd := &cobra.Command{
		Use:   "analyze PATH…",
		Short: "Statistics of a session, or of the files that thirty other tools write",
		Long: "Reads session folders, folders with run_*.json files, tables with a latency column (CSV, TSV,\n" +
			"Parquet), and what load generators (oha, vegeta, k6, JMeter, Locust, wrk, ab, hey, …), benchmarks\n" +
			"(hyperfine, Google benchmark, JMH, criterion, pytest-benchmark, pyperf, Go, HdrHistogram) and tools\n" +
			"that run models (vLLM, SGLang, AIPerf, GuideLLM, llama-bench, trtexec, onnxruntime_perf_test,\n" +
			"ONNX Runtime's and PyTorch's traces, …) write: docs/formats.md lists each. A file's kind is told by\n" +
			"its content. Prints the tables of TR120's sections 4.1 to 4.4; --out writes them as files with\n" +
			"plots. Requests that failed are counted and left out. Statistics without measurements are shown as\n" +
			"the tool reported them. Labels are names: they are not evidence of compilation.",
		Example: "  tailscope analyze results/tr117_tier3/runs --where model=models/tiny-gpt2 --out analysis\n" +
			"  tailscope analyze metrics.csv --label-column engine --latency-column t_us --by quantization",
		Args: exit.Paths(func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usage(fmt.Errorf("analyze needs at least one path: a session folder, a metrics.csv or a folder with run_*.json files"))
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.OutOrStdout(), args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.out, "out", "", "folder for tables, summary.json, plots and report.md")
	fl.StringVar(&f.by, "by", "", "break down by this column, e.g. quantization")
	fl.IntVar(&f.first, "first", 1, "samples of each run to leave out in the cold-start tables")
	fl.IntVar(&f.rows, "rows", 20, "rows to print of each table, 0 for all")
	fl.BoolVar(&f.json, "json", false, "print JSON instead of tables")
	f.add(fl)
	return cmd
}

func (f *analyzeFlags) options() (foreign.Options, error) {
	o, err := f.foreignFlags.options()
	o.By = f.by
	if err == nil && f.first < 1 {
		err = exit.Usage(fmt.Errorf("--first %d: want 1 or more", f.first))
	}
	return o, err
}

func (f *analyzeFlags) run(w io.Writer, paths []string) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	rep, err := compare.Analyze(paths, o, labels.Options{First: f.first, By: f.by, Source: strings.Join(paths, " ")})
	if err != nil {
		if wrongInput(err) {
			return exit.Usage(err)
		}
		return err
	}
	if len(paths) == 1 && isSession(paths[0]) && f.whole() {
		ownVerdicts(rep, paths[0])
	}
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return fmt.Errorf("the output folder %s cannot be written: %w", f.out, err)
		}
		if err := report.WriteLabels(f.out, rep); err != nil {
			return err
		}
	}
	if f.json {
		return output.JSON(w, rep.Summary())
	}
	rep.WriteText(w, f.rows)
	if f.out != "" {
		fmt.Fprintf(w, "\nWritten to %s\n", filepath.Clean(f.out))
	}
	switch {
	case len(paths) == 1 && isSession(paths[0]):
		output.Next("tailscope report " + output.Quote(paths[0]))
	case len(paths) == 1 && f.out == "":
		output.Next("tailscope analyze " + output.Quote(paths[0]) + " --out DIR, which writes the report and its pictures")
	}
	return nil
}

// whole says whether the flags leave a session as it is: all of its rows, read as its own.
func (f *analyzeFlags) whole() bool {
	for _, name := range f.columns {
		if *name != "" {
			return false
		}
	}
	return len(f.where) == 0 && f.unit == ""
}

// ownVerdicts puts what the session itself says, which rests on its pairs, in the place of what the rows alone allow: one session has one verdict.
func ownVerdicts(rep *labels.Report, path string) {
	s, err := snapshot.Open(path)
	if err != nil {
		return
	}
	c, err := s.Collect() // as the report does: a folder may be of an older version
	if err != nil {
		return
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return plain.Line(*s)
	}
	for i := range rep.Verdicts {
		v := &rep.Verdicts[i]
		k := slices.IndexFunc(c.Modes, func(m folder.ModeResult) bool { return m.Mode.String() == v.Mode })
		if k < 0 {
			continue
		}
		p := &c.Modes[k].Summary.Paradox
		*v = labels.Verdict{Mode: v.Mode, Code: plain.Line(p.Verdict), Points: text(p.Points), Sentence: plain.Line(p.Sentence),
			WinnerMean: text(p.WinnerMean), WinnerP50: text(p.WinnerP50), WinnerP99: text(p.WinnerP99)}
	}
}

// isSession tells a session's folder from a file and a folder of others.
func isSession(path string) bool {
	_, err := os.Stat(filepath.Join(path, "manifest.json"))
	return err == nil
}
