package cli

import (
	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/machine"
)

// subcommands lists the command tree below the root, in the order of its help.
func subcommands() []*cobra.Command {
	return []*cobra.Command{
		newLiveCmd("live"),
		newRunCmd(),
		newReplayCmd(),
		newAnalyzeCmd(),
		newCompareCmd(),
		newReportCmd(),
		newRecoverCmd(),
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
