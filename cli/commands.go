package cli

import "github.com/spf13/cobra"

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
		newDoctorCmd(),
		newSetupCmd(),
		newModelCmd(),
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
