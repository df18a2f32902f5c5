package about

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
)

// licensesFile is written by scripts/licenses: a line a module with path, SPDX
// identifier and number of its text, separated by tabs; then the texts, each
// after a line "--- NUMBER".
//
//go:embed licenses.txt
var licensesFile string

type license struct{ module, spdx, text string }

// licenses reads licensesFile.
func licenses() (list []license) {
	table, rest, _ := strings.Cut(licensesFile, "\n\n--- ")
	texts := map[string]string{}
	for part := range strings.SplitSeq(rest, "\n--- ") {
		number, text, _ := strings.Cut(part, "\n")
		texts[number] = strings.TrimSpace(text)
	}
	for line := range strings.SplitSeq(table, "\n") {
		if f := strings.Split(line, "\t"); len(f) == 3 {
			list = append(list, license{f[0], f[1], texts[f[2]]})
		}
	}
	return list
}

// NewLicensesCmd lists the licences of everything that is linked or embedded.
func NewLicensesCmd() *cobra.Command {
	var texts, asJSON bool
	c := &cobra.Command{
		Use: "licenses", Args: exit.NoArguments,
		Short: "The licences of everything linked into or embedded in this program",
		Long: "Lists each Go module that a release links on any of its platforms, with its version here and its licence;\n" +
			"with --texts their full texts. ONNX Runtime, PyTorch and the driver's libraries are loaded when they are\n" +
			"there, and are neither linked nor embedded.",
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON {
				return output.JSON(c.OutOrStdout(), licensesJSON(texts))
			}
			printLicenses(c.OutOrStdout(), texts)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&texts, "texts", false, "print the texts too")
	return c
}

// linkedVersions are the versions of the modules that this program links.
func linkedVersions() map[string]string {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
		versions["Go standard library"] = info.GoVersion
	}
	return versions
}

// licenseEntry is one module of licenses --json.
type licenseEntry struct {
	Module  string `json:"module"`
	Version string `json:"version"` // "": linked on another platform only
	License string `json:"license"` // SPDX
	Text    string `json:"text,omitempty"`
}

func licensesJSON(texts bool) any {
	versions, list := linkedVersions(), []licenseEntry{}
	for _, l := range licenses() {
		e := licenseEntry{Module: l.module, Version: versions[l.module], License: l.spdx}
		if texts {
			e.Text = l.text
		}
		list = append(list, e)
	}
	return struct {
		Schema  string         `json:"schema"`
		Modules []licenseEntry `json:"modules"`
	}{"tailscope.licenses/1", list}
}

func printLicenses(w io.Writer, texts bool) {
	versions := linkedVersions()
	list := licenses()
	for _, l := range list {
		fmt.Fprintf(w, "%-44s %-38s %s\n", l.module, cmp.Or(versions[l.module], "-"), l.spdx) // -: another platform's
	}
	said := map[string]bool{}
	for _, l := range list {
		if texts && !said[l.text] {
			said[l.text] = true
			fmt.Fprintf(w, "\n%s\n%s (%s)\n\n%s\n", strings.Repeat("=", 80), l.module, l.spdx, l.text)
		}
	}
}
