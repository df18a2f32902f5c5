package results

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
)

// NewRecoverCmd finishes the folder of a session that died.
func NewRecoverCmd() *cobra.Command {
	var elsewhere string
	cmd := &cobra.Command{
		Use:   "recover DIR",
		Short: "Finish the folder of a session that died",
		Long: "Writes every file of the session folder DIR from its journal, says to the sample what was\n" +
			"lost, and removes the journal. Do not use it on a session that still runs.",
		Args: exit.Paths(exactlyOne("the folder of a session that died")),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := snapshot.Recover(args[0], elsewhere)
			if errors.Is(err, folder.ErrNothingToRecover) {
				fmt.Fprintln(cmd.OutOrStdout(), "Nothing to do:", err)
				return nil
			}
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s: %d samples, %d events.\n", m.RunID, m.Counts.Samples, sumCounts(m.Counts.Events))
			fmt.Fprintln(out, m.Lost.Sentence)
			return nil
		},
	}
	cmd.Flags().StringVar(&elsewhere, "out", "", "write the files into this new folder and leave DIR as it is, e.g. where DIR's disk is full")
	return cmd
}

func sumCounts(m map[string]uint64) (n uint64) {
	for _, v := range m {
		n += v
	}
	return n
}

// exactlyOne wants one argument and says which.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return exit.Usage(fmt.Errorf("%s takes one argument, %s; see '%s --help'", cmd.CommandPath(), what, cmd.CommandPath()))
		}
		return nil
	}
}
