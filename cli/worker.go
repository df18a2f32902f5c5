package cli

import (
	"context"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/cli/machine"
	"github.com/tailscope/tailscope/runner/openai"
	"github.com/tailscope/tailscope/runner/program"
	"github.com/tailscope/tailscope/runner/torchtrace"
)

// newWorkerCmd is the hidden command that the supervisor starts: the ONNX
// Runtime engine over stdin and stdout.
func newWorkerCmd() *cobra.Command {
	var library string
	var socket, name, trace string
	var once bool
	var servers openai.Options
	c := &cobra.Command{
		Use: "worker", Hidden: true, Args: exit.Args(cobra.NoArgs),
		Short: "The ONNX Runtime engine over stdin and stdout",
		RunE: func(*cobra.Command, []string) error {
			if socket != "" {
				return program.Serve(context.Background(), os.Stdin, os.Stdout, socket, name)
			}
			if len(servers.URLs) > 0 {
				servers.Key = os.Getenv(keyVariable)
				return openai.Serve(context.Background(), os.Stdin, os.Stdout, servers)
			}
			if trace != "" {
				return torchtrace.Serve(context.Background(), os.Stdin, os.Stdout, trace, once)
			}
			// Started on the CPUs that compute, but not all of it stays on them.
			runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 2))
			// Signals go to the whole group: the supervisor decides.
			return machine.ServeORT(library)
		},
	}
	c.Flags().StringVar(&library, "library", "", "path of the ONNX Runtime library")
	c.Flags().StringVar(&socket, "exec", "", "observe a program that reports to this socket")
	c.Flags().StringVar(&name, "name", "", "what to call the program")
	c.Flags().StringVar(&trace, "trace", "", "watch this folder of TORCH_TRACE")
	c.Flags().BoolVar(&once, "once", false, "read what is there and end")
	addServerFlags(c.Flags(), &servers)
	c.Flags().StringArrayVar(&servers.URLs, "url", nil, "load this server")
	c.Flags().BoolVar(&servers.OpenLoop, "open-loop", false, "requests come with the time they are due")
	return c
}
