package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tailscope/runner/onnxmodel"
)

func newModelCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "model",
		Short: "The built-in models; what is in a model file",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(newModelBuildCmd(), newModelInspectCmd())
	return cmd
}

func newModelBuildCmd() *cobra.Command {
	var out string
	var names []string
	long := "Builds models with random weights from a seed, in the layout of Hugging Face Optimum.\n\n"
	for _, b := range onnxmodel.Builtins() {
		names = append(names, b.Name)
		long += fmt.Sprintf("  %-10s %s\n", b.Name, b.Doc)
	}
	cmd := &cobra.Command{
		Use:       "build NAME…",
		Short:     "Builds built-in models, into the cache or into a folder",
		Long:      long + "\nThe path of each model goes to standard output.",
		ValidArgs: names,
		Args:      modelNames(names),
		RunE: func(c *cobra.Command, args []string) error {
			for _, name := range args {
				if err := buildModel(c, name, out); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder that gets a subfolder for each model; the cache if absent")
	return cmd
}

func modelNames(names []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError{fmt.Errorf("model build: name a model: %s", strings.Join(names, ", "))}
		}
		for _, a := range args {
			if !slices.Contains(names, a) {
				return usageError{fmt.Errorf("no built-in model %q; there are %s", a, strings.Join(names, ", "))}
			}
		}
		return nil
	}
}

func buildModel(c *cobra.Command, name, out string) error {
	bar := newModelProgress(c.ErrOrStderr(), "building "+name)
	defer bar.done()
	if out == "" {
		path, err := onnxmodel.EnsureBuiltinProgress(name, bar.set)
		if err == nil {
			fmt.Fprintln(c.OutOrStdout(), path)
		}
		return err
	}
	dir := filepath.Join(out, name)
	if err := onnxmodel.BuildBuiltin(name, dir, bar.set); err != nil {
		return fmt.Errorf("build model %q: %w", name, err)
	}
	fmt.Fprintln(c.OutOrStdout(), filepath.Join(dir, "model.onnx"))
	return nil
}

// modelProgress is one line on a terminal, rewritten at most ten times a second;
// elsewhere it is silent.
type modelProgress struct {
	w     io.Writer
	label string
	tty   bool
	last  time.Time
	shown bool
}

func newModelProgress(w io.Writer, label string) *modelProgress {
	f, ok := w.(*os.File)
	return &modelProgress{w: w, label: label, tty: ok && term.IsTerminal(int(f.Fd())), last: time.Now()}
}

func (p *modelProgress) set(done, total int64) {
	if !p.tty || total == 0 || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(p.w, "\r%s  %3d %%  %s of %s ", p.label, 100*done/total, sizeText(done), sizeText(total))
}

func (p *modelProgress) done() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func newModelInspectCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "What is in a model, and what can be done with it",
		Long:  "Prints inputs, outputs, symbolic dimensions, operators and sizes of an ONNX file or a folder\nof Hugging Face Optimum, and which modes and strategies it allows. builtin:NAME works too.",
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(c, args); err != nil {
				return usageError{fmt.Errorf("model inspect: %w", err)}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return inspectModel(c, args[0], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func inspectModel(c *cobra.Command, model string, asJSON bool) error {
	path, err := onnxmodel.Resolve(model)
	if err != nil {
		return usageError{err}
	}
	info, err := onnxmodel.Inspect(path)
	if errors.Is(err, os.ErrNotExist) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(info)
	}
	printModel(c.OutOrStdout(), info)
	return nil
}

func printModel(out io.Writer, i *onnxmodel.Info) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	defer w.Flush()
	row := func(k, v string) {
		if v != "" {
			fmt.Fprintf(w, "%s\t%s\n", k, v)
		}
	}
	row("model", i.Path)
	row("layout", layoutText(i))
	row("made by", i.Producer)
	row("opset", opsetText(i))
	row("size", fmt.Sprintf("%s, %s weights, %s", sizeText(i.Bytes), countText(i.Weights), orDash(i.DType)))
	for _, x := range i.ExternalFiles {
		row("weights in", fmt.Sprintf("%s (%s)", x.Name, sizeText(x.Bytes)))
	}
	row("sizes", lmText(i))
	row("dimensions", strings.Join(i.Dims, ", "))
	printPorts(w, "inputs", i.Inputs)
	printPorts(w, "outputs", i.Outputs)
	row("operators", operatorsText(i))
	printAllowed(w, "modes", i.Modes)
	for _, phase := range []string{"prefill", "decode", "forward"} {
		printAllowed(w, phase+" by", i.Strategies[phase])
	}
	row("tokenizer", i.Tokenizer)
	for _, n := range i.Notes {
		row("note", n)
	}
}

func layoutText(i *onnxmodel.Info) string {
	s := map[string]string{
		onnxmodel.LayoutSingle: "one graph", onnxmodel.LayoutMerged: "merged decoder with use_cache_branch",
		onnxmodel.LayoutPair: "decoder_model.onnx and decoder_with_past_model.onnx",
	}[i.Layout]
	if i.Kind == onnxmodel.KindCausalLM {
		return "causal language model, " + s
	}
	return "any model, " + s
}

func opsetText(i *onnxmodel.Info) string {
	var parts []string
	for domain, v := range i.Opsets {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %d", domain, v)))
	}
	sort.Strings(parts)
	return fmt.Sprintf("%s (IR version %d)", strings.Join(parts, ", "), i.IRVersion)
}

func lmText(i *onnxmodel.Info) string {
	if i.Kind != onnxmodel.KindCausalLM {
		return ""
	}
	from := "from the graph"
	if i.Config != "" {
		from = "from the graph and config.json"
	}
	return fmt.Sprintf("%s layers, %s heads, %s of keys and values, head width %s, width %s, vocabulary %s, positions %s (%s)",
		sizeOrDash(i.Layers), sizeOrDash(i.Heads), sizeOrDash(i.KVHeads), sizeOrDash(i.HeadDim), sizeOrDash(i.Width), sizeOrDash(i.Vocab), sizeOrDash(i.MaxPositions), from)
}

// printPorts prints a list; more than maxPorts are cut, the number of all is said.
func printPorts(w io.Writer, label string, list []onnxmodel.Port) {
	const maxPorts = 12
	for n, p := range list {
		if n == maxPorts {
			fmt.Fprintf(w, "\t… %d in all; --json prints them\n", len(list))
			return
		}
		fmt.Fprintf(w, "%s\t%s\n", label, p)
		label = ""
	}
}

func operatorsText(i *onnxmodel.Info) string {
	names := make([]string, 0, len(i.Operators))
	for n := range i.Operators {
		names = append(names, n)
	}
	sort.Slice(names, func(a, b int) bool {
		if x, y := i.Operators[names[a]], i.Operators[names[b]]; x != y {
			return x > y
		}
		return names[a] < names[b]
	})
	s := fmt.Sprintf("%d nodes:", i.Nodes)
	for n, name := range names {
		if n == 12 {
			return s + fmt.Sprintf(" and %d kinds more", len(names)-n)
		}
		s += fmt.Sprintf(" %s %d", name, i.Operators[name])
	}
	return s
}

func printAllowed(w io.Writer, label string, list []onnxmodel.Allowed) {
	for _, a := range list {
		mark, why := "yes", ""
		if !a.OK {
			mark, why = "no: ", a.Why
		}
		fmt.Fprintf(w, "%s\t%-12s %s%s\n", label, a.Name, mark, why)
		label = ""
	}
}

func sizeOrDash(v int) string {
	if v == 0 {
		return "—"
	}
	return fmt.Sprint(v)
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

func countText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f billion", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f million", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}

func sizeText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}
