package machine

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/ort/provision"
)

// NewSetupCmd puts ONNX Runtime into the user's cache.
func NewSetupCmd() *cobra.Command {
	var from, sum string
	var cpu, asJSON bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Put ONNX Runtime in place",
		Long: "Puts ONNX Runtime into the user's cache, where every later start finds it. Without --from it asks\n" +
			"npm for version " + provision.Version + ". On a machine with an NVIDIA driver it brings the CUDA provider too, as pip's\n" +
			"onnxruntime-gpu wheel or from npm, and CUDA's own libraries where none are found; it says first how many\n" +
			"megabytes that is, and --cpu leaves it out. --from takes a folder, a libonnxruntime.so, a release archive (.tgz), an npm\n" +
			"tarball, a wheel, or an http(s) URL of one of these; provider libraries for CUDA and TensorRT that lie\n" +
			"beside it come along. " + provision.EnvLibrary + " names a library, or a folder with one, for one run, without\n" +
			"this command: the better way to an installed onnxruntime-gpu, whose provider finds CUDA relative to its folder.",
		Args: exit.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("from") && from == "" {
				return exit.Usage(errors.New("setup: --from is empty: give a path or a URL"))
			}
			if sum != "" && from == "" {
				return exit.Usage(errors.New("setup: --sha256 is of what --from names; npm's package has a known one"))
			}
			opts := provision.Options{Progress: output.Stderr, SHA256: sum}
			put := func() (string, error) { return provision.Setup(c.Context(), from, opts) }
			if from == "" && !cpu && provision.Driver() {
				put = func() (string, error) { return provision.SetupCUDA(c.Context(), opts) }
			}
			path, err := put()
			if errors.Is(err, os.ErrNotExist) && from != "" {
				return exit.Usage(err)
			}
			if err != nil {
				return err
			}
			lib, err := provision.Check(path)
			if err != nil {
				return err
			}
			if asJSON {
				return output.JSON(c.OutOrStdout(), map[string]any{"schema": "tailscope.setup/1", "version": lib.Version, "path": lib.Path, "beside": besides(path)})
			}
			fmt.Fprintf(c.OutOrStdout(), "ONNX Runtime %s: %s\n", cmp.Or(lib.Version, "—"), lib.Path)
			if beside := besides(path); len(beside) > 0 {
				fmt.Fprintln(c.OutOrStdout(), "With it:", strings.Join(beside, ", "))
			}
			if named := os.Getenv(provision.EnvLibrary); named != "" {
				fmt.Fprintf(c.ErrOrStderr(), "Note: %s=%s is set and comes first.\n", provision.EnvLibrary, named)
			}
			output.Next("tailscope doctor")
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&cpu, "cpu", false, "leave the CUDA provider out")
	cmd.Flags().StringVar(&from, "from", "", "folder, .so, .tgz, npm tarball, wheel, or URL")
	cmd.Flags().StringVar(&sum, "sha256", "", "SHA-256 of the file or URL of --from, in hex; a plain http URL needs it")
	return cmd
}

// besides lists the other libraries in a library's folder.
func besides(path string) []string {
	names := []string{}
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			names = append(names, e.Name())
		}
	}
	return names
}
