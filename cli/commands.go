package cli

import (
	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/machine"
	"github.com/tailscope/tailscope/cli/results"
)

// subcommands lists the command tree below the root, in the order of its help.
func subcommands() []*cobra.Command {
	return []*cobra.Command{
		newLiveCmd("live"),
		newRunCmd(),
		newTuneCmd(),
		newReplayCmd(),
		results.NewAnalyzeCmd(),
		results.NewCompareCmd(),
		results.NewReportCmd(),
		results.NewRecoverCmd(),
		machine.NewDoctorCmd(),
		machine.NewSetupCmd(),
		machine.NewModelCmd(),
		newConfigCmd(),
		newExamplesCmd(),
		newManCmd(),
		newVersionCmd(),
		newLicensesCmd(),
		newWorkerCmd(),
		newExecCmd(),
		newAttachCmd(),
		newWatchCmd(),
		newBenchCmd(),
	}
}
