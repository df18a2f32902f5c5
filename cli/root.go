package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/about"
	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/machine"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/cli/results"
	"github.com/tailscope/tailscope/runner/guard"
	"github.com/tailscope/tailscope/runner/plain"
	"github.com/tailscope/tailscope/runner/sys"
)

// Main runs the program with the arguments after its name and returns the
// exit code: 0 well, 1 a gate or the run failed, 2 usage or configuration.
func Main(args []string) int {
	ctx, e := watchSignals(len(args) > 0 && args[0] == "worker")
	root := newRootCmd()
	root.SetArgs(args)
	out := plain.Writer(os.Stdout)
	root.SetOut(out)
	root.SetErr(output.Stderr)
	var err error
	p := guard.Catch("tailscope "+strings.Join(args[:min(len(args), 1)], ""), func() { err = root.ExecuteContext(ctx) })
	if p == nil {
		p = e.panicked.Load()
	}
	if err == nil && out.Err() != nil && !errors.Is(out.Err(), syscall.EIO) { // EIO: the terminal is gone
		err = fmt.Errorf("the result could not be printed: %w", out.Err())
	}
	switch {
	case p != nil:
		e.restore()
		fmt.Fprintf(os.Stderr, "tailscope: %v\n%s", p, p.Stack)
		return exit.Failed
	case errors.Is(err, tea.ErrInterrupted), errors.Is(err, syscall.EPIPE): // EPIPE: who reads has had enough
		return exit.OK
	case err != nil:
		fmt.Fprintln(output.Stderr, "tailscope: "+strings.TrimSpace(err.Error()))
	}
	return exit.Code(err)
}

// newRootCmd builds the command tree. Without a subcommand it is the live
// screen.
func newRootCmd() *cobra.Command {
	root := newLiveCmd("tailscope")
	root.Short = "A terminal live profiler for compiled inference"
	root.Long = "tailscope runs an eager and an optimized session of the same model side by side,\n" +
		"streams every latency into live histograms and quantile panels, and says why each\n" +
		"tail sample was slow. Without a subcommand it opens the live screen."
	root.Version = about.VersionLine(sys.ThisBuild())
	root.SetVersionTemplate("{{.Version}}\n")
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exit.Usage(fmt.Errorf("%w; see '%s --help'", nearestFlag(c, err), c.CommandPath()))
	})
	root.SetUsageTemplate(helpTemplate(root))
	root.AddCommand(subcommands()...)
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return exit.Usage(fmt.Errorf("there is no command %q%s; see '%s help'", args[0], nearestCommand(c, args[0]), c.Name()))
	}
	return root
}

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
		about.NewExamplesCmd(),
		about.NewManCmd(),
		about.NewVersionCmd(),
		about.NewLicensesCmd(),
		newWorkerCmd(),
		newExecCmd(),
		newAttachCmd(),
		newWatchCmd(),
		newBenchCmd(),
	}
}
