package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/snapshot/compare"
	"github.com/tailscope/tailscope/snapshot/foreign"
	"github.com/tailscope/tailscope/snapshot/labels"
	"github.com/tailscope/tailscope/snapshot/report"
)

// analyzeFlags are the flags of analyze.
type analyzeFlags struct {
	out, unit, by string
	where         []string
	columns       map[string]*string
	first, rows   int
	json          bool
}

// newAnalyzeCmd computes statistics of results wherever they come from.
func newAnalyzeCmd() *cobra.Command {
	f := &analyzeFlags{columns: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "analyze PATH…",
		Short: "Statistics of a session, a metrics.csv, or a tree of run_*.json files",
		Long: "Reads session folders, CSV files with a latency column, folders with run_*.json files, and what\n" +
			"hyperfine, oha, vegeta, onnxruntime_perf_test and Google benchmark write. Prints the tables of\n" +
			"TR120's sections 4.1 to 4.4; --out writes them as files with plots. Rows with a status other than\n" +
			"ok are counted and left out. Labels are names: they are not evidence of compilation.",
		Example: "  tailscope analyze results/tr117_tier3/runs --where model=models/tiny-gpt2 --out analysis\n" +
			"  tailscope analyze metrics.csv --label-column engine --latency-column t_us --by quantization",
		Args: pathArgs(func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("analyze needs at least one path: a session folder, a metrics.csv or a folder with run_*.json files")}
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.OutOrStdout(), args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.out, "out", "", "folder for tables, summary.json, plots and report.md")
	fl.StringArrayVar(&f.where, "where", nil, "keep only rows with COLUMN=VALUE (or COLUMN!=VALUE); may be repeated")
	fl.StringVar(&f.by, "by", "", "break down by this column, e.g. quantization")
	fl.IntVar(&f.first, "first", 1, "samples of each run to leave out in the cold-start tables")
	fl.StringVar(&f.unit, "unit", "", "unit of the latency column: ns, us, ms or s (default: from its name, else ms)")
	fl.IntVar(&f.rows, "rows", 20, "rows to print of each table, 0 for all")
	fl.BoolVar(&f.json, "json", false, "print JSON instead of tables")
	for _, name := range foreign.Fields {
		f.columns[name] = fl.String(name+"-column", "", "name of the column with the "+name)
	}
	return cmd
}

func (f *analyzeFlags) options() (foreign.Options, error) {
	o := foreign.Options{Columns: map[string]string{}, Unit: f.unit, By: f.by}
	for k, v := range f.columns {
		if *v != "" {
			o.Columns[k] = *v
		}
	}
	for _, w := range f.where {
		x, err := foreign.ParseFilter(w)
		if err != nil {
			return o, usageError{err}
		}
		o.Where = append(o.Where, x)
	}
	if f.first < 1 {
		return o, usageError{fmt.Errorf("--first %d: want 1 or more", f.first)}
	}
	return o, nil
}

func (f *analyzeFlags) run(w io.Writer, paths []string) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	rep, err := compare.Analyze(paths, o, labels.Options{First: f.first, By: f.by, Source: strings.Join(paths, " ")})
	if err != nil {
		if wrongInput(err) {
			return usageError{err}
		}
		return err
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
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(rep.Summary())
	}
	rep.WriteText(w, f.rows)
	if f.out != "" {
		fmt.Fprintf(w, "\nWritten to %s\n", filepath.Clean(f.out))
	}
	return nil
}
