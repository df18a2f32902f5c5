package machine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/onnxmodel"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

func NewModelCmd() *cobra.Command {
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
	var out, dtype string
	var names []string
	long := "Builds models with random weights from a seed, in the layout of Hugging Face Optimum.\n\n"
	for _, b := range onnxmodel.Builtins() {
		names = append(names, b.Name)
		long += fmt.Sprintf("  %-10s %s\n", b.Name, b.Doc)
	}
	cmd := &cobra.Command{
		Use:       "build NAME…",
		Short:     "Builds built-in models, into the cache or into a folder",
		Long:      long + "\nThe path of each model goes to standard output. bfloat16 runs on CUDA only.",
		ValidArgs: names,
		Args:      modelNames(names),
		RunE: func(c *cobra.Command, args []string) error {
			for _, name := range args {
				if dtype != "" {
					name += "-" + dtype
				}
				if err := buildModel(c, name, out); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dtype, "dtype", "", "type of the weights: "+strings.Join(onnxmodel.DTypes, ", ")+"; runs name the model builtin:NAME-TYPE")
	cmd.Flags().StringVar(&out, "out", "", "folder that gets a subfolder for each model; the cache if absent")
	return cmd
}

func modelNames(names []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exit.Usage(fmt.Errorf("model build: name a model: %s", strings.Join(names, ", ")))
		}
		for _, a := range args {
			if !slices.Contains(names, a) {
				return exit.Usage(fmt.Errorf("no built-in model %q; there are %s", a, strings.Join(names, ", ")))
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
	path := filepath.Join(dir, "model.onnx")
	fmt.Fprintln(c.OutOrStdout(), path)
	output.Next("tailscope --model " + output.Quote(path))
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
	f, ok := output.File(w)
	if ok {
		w = f // its own escapes pass
	}
	return &modelProgress{w: w, label: label, tty: ok && term.IsTerminal(int(f.Fd())), last: time.Now()}
}

func (p *modelProgress) set(done, total int64) {
	if !p.tty || total == 0 || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(p.w, "\r%s  %3d %%  %s of %s ", p.label, 100*done/total, output.Size(done), output.Size(total))
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
				return exit.Usage(fmt.Errorf("model inspect: %w", err))
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
		return exit.Usage(err)
	}
	info, err := onnxmodel.Inspect(path)
	if errors.Is(err, os.ErrNotExist) {
		return exit.Usage(err)
	}
	if err != nil {
		return err
	}
	if info.Kind == onnxmodel.KindCausalLM {
		tryPadding(c, info, path)
	}
	if asJSON {
		return output.JSON(c.OutOrStdout(), info)
	}
	printModel(c.OutOrStdout(), info)
	return nil
}

// tryPadding takes back what a trial on the model itself does not confirm, and
// says what it found. Without a library nothing is tried, and that is said.
func tryPadding(c *cobra.Command, info *onnxmodel.Info, path string) {
	library, err := provision.Find(provision.Options{})
	if err != nil {
		info.Notes = append(info.Notes, "padding was not tried: there is no ONNX Runtime ('tailscope setup' brings it)")
		return
	}
	if err := confirmPadding(c.Context(), info, library, path); err != nil {
		info.Notes = append(info.Notes, "padding could not be tried: "+err.Error())
	}
}
