package results

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/output"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/folder"
)

// NewRecoverCmd finishes the folder of a session that died.
func NewRecoverCmd() *cobra.Command {
	var elsewhere string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "recover DIR",
		Short: "Finish the folder of a session that died",
		Long: "Writes every file of the session folder DIR from its journal, says to the sample what was\n" +
			"lost, and removes the journal. Do not use it on a session that still runs.",
		Args: exit.Paths(exactlyOne("the folder of a session that died")),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := snapshot.Recover(args[0], elsewhere)
			out, dir := cmd.OutOrStdout(), cmp.Or(elsewhere, args[0])
			switch {
			case errors.Is(err, folder.ErrNothingToRecover):
				if asJSON {
					return output.JSON(out, recovered{Schema: recoverSchema, Dir: dir, Nothing: err.Error()})
				}
				fmt.Fprintln(out, "Nothing to do:", err)
				return nil
			case err != nil:
				return err
			case asJSON:
				return output.JSON(out, recovered{recoverSchema, dir, m.RunID, m.Counts.Samples, sumCounts(m.Counts.Events), m.Lost.Sentence, ""})
			}
			fmt.Fprintf(out, "%s: %d samples, %d events.\n", m.RunID, m.Counts.Samples, sumCounts(m.Counts.Events))
			fmt.Fprintln(out, m.Lost.Sentence)
			output.Next("tailscope analyze " + output.Quote(dir))
			return nil
		},
	}
	cmd.Flags().StringVar(&elsewhere, "out", "", "write the files into this new folder and leave DIR as it is, e.g. where DIR's disk is full")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

const recoverSchema = "tailscope.recover/1"

// recovered is what recover --json prints.
type recovered struct {
	Schema  string `json:"schema"`
	Dir     string `json:"dir"`
	RunID   string `json:"run_id,omitempty"`
	Samples uint64 `json:"samples"`
	Events  uint64 `json:"events"`
	Lost    string `json:"lost,omitempty"`
	Nothing string `json:"nothing_to_do,omitempty"`
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
