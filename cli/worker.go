package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"tailscope/runner/ort"
)

// newWorkerCmd is the hidden command that the supervisor starts: the ONNX
// Runtime engine over stdin and stdout.
func newWorkerCmd() *cobra.Command {
	var o ort.Options
	c := &cobra.Command{
		Use: "worker", Hidden: true, Args: usageArgs(cobra.NoArgs),
		Short: "The ONNX Runtime engine over stdin and stdout",
		RunE: func(*cobra.Command, []string) error {
			// Signals go to the whole group: the supervisor decides.
			return ort.Serve(context.Background(), os.Stdin, os.Stdout, o)
		},
	}
	c.Flags().StringVar(&o.Library, "library", "", "path of the ONNX Runtime library")
	return c
}
