package about

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
)

// example is a job and the commands that do it, as typed, in an empty folder;
// later ones use what earlier ones left. A test runs them all.
type example struct {
	Job      string   `json:"job"`
	Commands []string `json:"commands"`
}

var examples = []example{
	{"Watch eager against optimized, and press p (padding) to see the tail go", []string{"tailscope"}},
	{"Know what this machine can run", []string{"tailscope doctor"}},
	{"The controlled, repeatable run, without a screen", []string{"tailscope run --config root_cause_prefill_only --reps 3 --seed 7 --out variable"}},
	{"The same with a cure, and what it changed", []string{
		"tailscope run --config root_cause_padded --reps 3 --seed 7 --out padded",
		"tailscope compare variable/* padded/*"}},
	{"Fail a CI job when the tail grows", []string{
		"tailscope compare variable/* padded/* --gate 'optimized.errors <= 0' --gate 'ratio(optimized.p99_ms) <= 10' --junit gates.xml"}},
	{"A report to send on, one file", []string{"tailscope report padded/*"}},
	{"Figures of a session, or of what another tool wrote", []string{
		"tailscope analyze variable/* padded/*", "tailscope analyze variable/*/prefill/metrics.csv --json"}},
	{"Go through a recorded session; a screen of it as text", []string{
		"tailscope replay variable/*", "tailscope replay variable/* --print 120x40"}},
	{"How large the noise is here: eager against eager, then what is beyond it", []string{
		"tailscope run --aa --duration 3s --out noise", "tailscope run --duration 3s --noise noise/* --out beyond"}},
	{"A model of your own, exported to ONNX", []string{
		"tailscope model build default --out models", "tailscope model inspect models/default", "tailscope run --model models/default --duration 3s --out mine"}},
}

// NewExamplesCmd prints the commonest jobs.
func NewExamplesCmd() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "examples", Args: exit.NoArguments,
		Short: "The ten commonest jobs, as commands to copy",
		RunE: func(c *cobra.Command, _ []string) error {
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(examples)
			}
			printExamples(c.OutOrStdout())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printExamples(w io.Writer) {
	for i, e := range examples {
		fmt.Fprintf(w, "%2d. %s\n      %s\n", i+1, e.Job, strings.Join(e.Commands, "\n      "))
	}
}
