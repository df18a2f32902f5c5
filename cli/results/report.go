package results

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/snapshot"
)

// NewReportCmd writes the report of a recorded session.
func NewReportCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Write report.md and report.html of a session",
		Long:  "Computes the report of the session folder DIR anew from its samples and writes report.md and\nreport.html, one page that needs nothing else, into the folder.",
		Args:  exit.Paths(exactlyOne("a session folder")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := snapshot.Report(args[0]); wrongInput(err) {
				return exit.Usage(err)
			} else if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], "report.md"))
			fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], "report.html"))
			return nil
		},
	}
}
