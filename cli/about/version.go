package about

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/machine"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/sys"
)

// versionReport is tailscope version --json.
type versionReport struct {
	Schema string `json:"schema"`
	sys.Build
	ORT ortFound `json:"onnx_runtime"`
}

// ortFound is the library that a run here would load.
type ortFound struct {
	BuiltIn   bool     `json:"built_in"` // the engine, not the library
	Version   string   `json:"version,omitempty"`
	Path      string   `json:"path,omitempty"`
	Providers []string `json:"providers"` // libraries of providers beside it
	Problem   string   `json:"problem,omitempty"`
}

// NewVersionCmd says what this program was built from and what it would load.
func NewVersionCmd() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Args: exit.NoArguments,
		Short: "Version, commit, date, Go, and the ONNX Runtime that would be loaded",
		RunE: func(c *cobra.Command, _ []string) error {
			r := versionReport{"tailscope.version/1", sys.ThisBuild(), findORT()}
			if asJSON {
				return output.JSON(c.OutOrStdout(), r)
			}
			printVersion(c.OutOrStdout(), r)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// findORT looks for the library and loads nothing.
func findORT() ortFound {
	f := ortFound{BuiltIn: machine.OrtBuiltIn, Providers: []string{}}
	if !machine.OrtBuiltIn {
		f.Problem = exit.ErrNoORT.Error()
		return f
	}
	for _, c := range provision.Search(provision.Options{}) {
		if c.Err != nil {
			continue
		}
		f.Version, f.Path = c.Version, c.Path
		libs, _ := filepath.Glob(filepath.Join(filepath.Dir(c.Path), "*onnxruntime_providers_*"))
		for _, lib := range libs {
			f.Providers = append(f.Providers, filepath.Base(lib))
		}
		return f
	}
	f.Problem = provision.ErrNotFound.Error() + "; a run fetches it, or 'tailscope setup'"
	return f
}

func printVersion(w io.Writer, r versionReport) {
	fmt.Fprintln(w, VersionLine(r.Build))
	if r.ORT.Problem != "" {
		fmt.Fprintln(w, "ONNX Runtime: "+r.ORT.Problem)
		return
	}
	fmt.Fprintf(w, "ONNX Runtime %s, %s\n", r.ORT.Version, r.ORT.Path)
	if len(r.ORT.Providers) > 0 {
		fmt.Fprintln(w, "beside it: "+strings.Join(r.ORT.Providers, ", "))
	}
}

// VersionLine is the build on a line.
func VersionLine(b sys.Build) string {
	parts := []string{"tailscope " + b.Version}
	if b.Commit != "" {
		commit := "commit " + b.Commit[:min(len(b.Commit), 12)]
		if b.Modified {
			commit += " with changes"
		}
		parts = append(parts, commit+" of "+b.Date)
	}
	cgo := "with cgo"
	if !b.CGO {
		cgo = "without cgo"
	}
	return strings.Join(append(parts, b.Go, b.OS+"/"+b.Arch, cgo), ", ")
}
