package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/snapshot"
	"github.com/tailscope/tailscope/snapshot/journal"
	"github.com/tailscope/tailscope/stats"
)

// newWatchCmd tails TORCH_TRACE.
func newWatchCmd() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use: "watch DIR", Args: exit.Paths(exit.Args(cobra.ExactArgs(1))),
		Short: "Follow TORCH_TRACE of any torch process: compiles and their reasons, as they happen",
		Long: "Start any program or server with TORCH_TRACE=DIR in its environment and watch DIR: compiles, recompiles with their\n" +
			"reasons, graph breaks, CUDA graph recordings, autotunes, cache hits, of every process and rank. Traces hold the\n" +
			"code of models: it is read past and kept in no file. Finished traces are read with --once.",
		Example: "  TORCH_TRACE=/tmp/tt python app.py & tailscope watch /tmp/tt\n  tailscope watch /tmp/tt --once --json",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := observedConfig(c, "watch", filepath.Base(filepath.Clean(args[0])))
			if err != nil {
				return err
			}
			flags := []string{"--trace", args[0]}
			if once {
				flags = append(flags, "--once")
			}
			j, err := prepareObserved(c.Context(), cfg, flags...)
			if err != nil {
				return err
			}
			if err := j.show(c.Context(), c); err != nil {
				return err
			}
			if !isSet(c, "json") {
				printCompiles(os.Stdout, j.opts.Dir)
			}
			return nil
		},
	}
	addObservedFlags(c)
	c.Flags().BoolVar(&once, "once", false, "read what is there and end")
	return c
}

// compiled sums up the events of one function.
type compiled struct {
	function            string
	compiles, recompile int
	ns                  int64
	reason              string
}

// printCompiles is the table that exec and watch end with: what was compiled,
// how often, for how long, and the last reason.
func printCompiles(out io.Writer, dir string) {
	rec, err := snapshot.Open(dir)
	if err != nil {
		return // the folder was said
	}
	by := map[string]*compiled{}
	_, err = rec.Records(func(r *journal.Record) error {
		if e := &r.Event; r.Kind == journal.KindEvent && (e.Kind == stats.KindCompile || e.Kind == stats.KindRecompile) {
			addCompile(by, e)
		}
		return nil
	})
	if err != nil || len(by) == 0 {
		return
	}
	all := slices.SortedFunc(maps.Values(by), func(a, b *compiled) int { return cmp.Or(cmp.Compare(b.ns, a.ns), cmp.Compare(a.function, b.function)) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "function\tcompiles\trecompiles\tseconds\tlast reason")
	for _, c := range all {
		fmt.Fprintf(w, "%s\t%d\t%d\t%.1f\t%s\n", c.function, c.compiles, c.recompile, float64(c.ns)/1e9, c.reason)
	}
	_ = w.Flush() // a closed stdout is the reader's choice
}

func addCompile(by map[string]*compiled, e *stats.Event) {
	f, _ := e.Extra["function"].(string)
	c := by[f]
	if c == nil {
		c = &compiled{function: f, reason: strings.TrimPrefix(e.Reason, f+": ")}
		by[f] = c
	}
	c.ns += e.DurNs
	if e.Kind == stats.KindCompile {
		c.compiles++
		return
	}
	c.recompile, c.reason = c.recompile+1, strings.TrimPrefix(e.Reason, f+": ")
}
