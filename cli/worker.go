package cli

import (
	"context"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/runner/ort"
)

// newWorkerCmd is the hidden command that the supervisor starts: the ONNX
// Runtime engine over stdin and stdout.
func newWorkerCmd() *cobra.Command {
	var o ort.Options
	c := &cobra.Command{
		Use: "worker", Hidden: true, Args: usageArgs(cobra.NoArgs),
		Short: "The ONNX Runtime engine over stdin and stdout",
		RunE: func(*cobra.Command, []string) error {
			// Started on the CPUs that compute, but not all of it stays on them.
			runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 2))
			// Signals go to the whole group: the supervisor decides.
			return ort.Serve(context.Background(), os.Stdin, os.Stdout, o)
		},
	}
	c.Flags().StringVar(&o.Library, "library", "", "path of the ONNX Runtime library")
	return c
}
