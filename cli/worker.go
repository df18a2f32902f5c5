package cli

import (
	"context"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/runner/program"
)

// newWorkerCmd is the hidden command that the supervisor starts: the ONNX
// Runtime engine over stdin and stdout.
func newWorkerCmd() *cobra.Command {
	var library string
	var socket, name string
	c := &cobra.Command{
		Use: "worker", Hidden: true, Args: usageArgs(cobra.NoArgs),
		Short: "The ONNX Runtime engine over stdin and stdout",
		RunE: func(*cobra.Command, []string) error {
			if socket != "" {
				return program.Serve(context.Background(), os.Stdin, os.Stdout, socket, name)
			}
			// Started on the CPUs that compute, but not all of it stays on them.
			runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 2))
			// Signals go to the whole group: the supervisor decides.
			return serveORT(library)
		},
	}
	c.Flags().StringVar(&library, "library", "", "path of the ONNX Runtime library")
	c.Flags().StringVar(&socket, "exec", "", "observe a program that reports to this socket")
	c.Flags().StringVar(&name, "name", "", "what to call the program")
	return c
}
