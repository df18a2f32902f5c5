package cli

import (
	"context"
	"encoding/json"
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
	var library, socket, name, trace, servers string
	var once bool
	c := &cobra.Command{
		Use: "worker", Hidden: true, Args: exit.Args(cobra.NoArgs),
		Short: "The ONNX Runtime engine over stdin and stdout",
		RunE: func(*cobra.Command, []string) error {
			if socket != "" {
				return program.Serve(context.Background(), os.Stdin, os.Stdout, socket, name)
			}
			if servers != "" {
				o := openai.Options{Key: os.Getenv(keyVariable)}
				if err := json.Unmarshal([]byte(servers), &o); err != nil {
					return err
				}
				return openai.Serve(context.Background(), os.Stdin, os.Stdout, o)
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
	c.Flags().StringVar(&servers, "servers", "", "load these servers: options of attach as JSON")
	return c
}
