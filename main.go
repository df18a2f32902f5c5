// Command tailscope is a terminal live profiler for compiled inference: it
// runs an eager and an optimized session of the same model side by side and
// shows where the tail comes from. Begin in cli/root.go:
// main.go only calls it.
package main

import (
	"os"

	"github.com/tailscope/tailscope/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
