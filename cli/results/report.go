package results

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/snapshot"
)

// NewReportCmd writes the report of recorded sessions.
func NewReportCmd() *cobra.Command {
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "report DIR [DIR…]",
		Short: "Write report.md and report.html of a session, or several on one page",
		Long: "Computes the report of the session folder DIR anew from its samples and writes report.md and\n" +
			"report.html, one page that needs nothing else, into the folder. Of several folders it writes\n" +
			"sessions.md and sessions.html into --out: side by side, each compared with the first.",
		Example: "  tailscope report out/20261128_165653\n  tailscope report variable/* padded/* --out both",
		Args: exit.Paths(func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit.Usage(fmt.Errorf("%s takes a session folder, or several; see '%s --help'", cmd.CommandPath(), cmd.CommandPath()))
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && out != "" {
				return exit.Usage(errors.New("report: --out is of several sessions; one has its report in its own folder"))
			}
			files, err := writeReports(args, out)
			if wrongInput(err) {
				return exit.Usage(err)
			} else if err != nil {
				return err
			}
			if err := printFiles(cmd.OutOrStdout(), files, asJSON); err != nil || asJSON {
				return err
			}
			output.Next("look at it in a browser: " + files[1])
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "`DIR` for the page of several sessions (default: here)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func writeReports(dirs []string, out string) ([]string, error) {
	if len(dirs) > 1 {
		return []string{filepath.Join(out, "sessions.md"), filepath.Join(out, "sessions.html")}, snapshot.ReportSeveral(dirs, filepath.Clean(out))
	}
	return []string{filepath.Join(dirs[0], "report.md"), filepath.Join(dirs[0], "report.html")}, snapshot.Report(dirs[0])
}

// printFiles lists files that were written.
func printFiles(w io.Writer, files []string, asJSON bool) error {
	if asJSON {
		return output.JSON(w, struct {
			Schema string   `json:"schema"`
			Files  []string `json:"files"`
		}{"tailscope.report/1", files})
	}
	for _, f := range files {
		fmt.Fprintln(w, f)
	}
	return nil
}
