package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/runner/openai"
	"github.com/tailscope/tailscope/runner/plan"
)

// keyVariable holds the API's key: it stands in no file and no argument.
const keyVariable = "TAILSCOPE_API_KEY"

// addServerFlags adds what attach hands on to its worker, as JSON.
func addServerFlags(f *pflag.FlagSet, o *openai.Options) {
	f.StringVar(&o.Model, "served-model", "", "model to ask for; the first of /v1/models unless given")
	f.StringVar(&o.API, "api", "", "completions or chat; the fullest that the server takes unless given")
	f.IntVar(&o.Concurrency, "concurrency", 1, "requests at once of a closed loop")
	f.BoolVar(&o.Together, "together", false, "two servers may be loaded at the same time: they share no device")
	f.BoolVar(&o.NoLoad, "no-load", false, "send nothing: watch somebody else's traffic by metrics and log")
	f.StringArrayVar(&o.Logs, "log", nil, "a server's log: a file, or a command such as 'docker logs --tail 0 -f NAME' (repeatable: of URL, of URL_B)")
	f.StringVar(&o.Trace, "trace-dir", "", "TORCH_TRACE of the first server: its compiles join the timeline")
	f.Float64Var(&o.GraphMiB, "graph-mib", 10, "memory of a captured graph, for the advice on capture sizes")
	f.Float64Var(&o.GraphsMiB, "graphs-mib", 0, "memory that graphs may take, for that advice; 0: as many graphs as now")
	f.DurationVar(&o.Timeout, "request-limit", 10*time.Minute, "how long a request may take; those that try what the server takes, before the first sample, together 5m at most")
}

// newAttachCmd loads or watches servers.
func newAttachCmd() *cobra.Command {
	var o openai.Options
	c := &cobra.Command{
		Use: "attach [URL [URL_B]]", Args: exit.Args(cobra.MaximumNArgs(2)),
		Short: "Measure a server that speaks OpenAI's API, or two against each other",
		Long: "Streams completions from a server and tells the time to the first token and between tokens; reads its /metrics\n" +
			"and its log, and lays what it did over the requests. A second URL is the eager lane: requests are paired, in random\n" +
			"order; one URL twice is an A/A. Without a URL it lists what listens on this machine. The API's key, if there is\n" +
			"one, is read from " + keyVariable + ".",
		Example: "  tailscope attach\n  tailscope attach localhost:8000 --log server.log\n" +
			"  tailscope attach localhost:8000 localhost:8001 --concurrency 8 --duration 2m --json\n  tailscope attach localhost:8000 --no-load --log 'docker logs --tail 0 -f vllm'",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listServers(c)
			}
			o.URLs = args
			return runAttach(c, o)
		},
	}
	addObservedFlags(c, "seed", "slo", "until", "noise", "scenario", "rate", "arrivals", "traffic", "reps", "warmup", "max-new-tokens", "pairing")
	c.Flags().String("config", "", "a preset's name or a file: its scenarios are the prompts")
	addServerFlags(c.Flags(), &o)
	return c
}

// attachConfig is the configuration of an attached session.
func attachConfig(c *cobra.Command, o *openai.Options) (*configs.Config, error) {
	cfg, err := observedConfig(c, "openai", strings.Join(o.URLs, " "))
	if err != nil {
		return nil, err
	}
	cfg.Modes = []string{"e2e_kv"}
	if !c.Flags().Changed("warmup") {
		cfg.Warmup = 1
	}
	name, _ := c.Flags().GetString("config")
	if name == "" {
		name = "default"
	}
	from, err := configs.Load(name)
	if err != nil {
		return nil, exit.Usage(err)
	}
	cfg.Scenarios = from.Scenarios
	if o.OpenLoop = cfg.OpenLoop(); o.NoLoad {
		cfg.Warmup, cfg.Modes = 0, []string{"e2e_kv"}
	}
	cfg.Options = map[string]string{"concurrency": fmt.Sprint(o.Concurrency)}
	return cfg, nil
}

func runAttach(c *cobra.Command, o openai.Options) error {
	for i, u := range o.URLs {
		if p, err := url.Parse(u); err == nil && p.User != nil {
			return exit.Usage(errors.New("a URL with a password would stand in the session folder: give the key in " + keyVariable))
		}
		o.URLs[i] = strings.TrimRight(u, "/")
	}
	cfg, err := attachConfig(c, &o)
	if err != nil {
		return err
	}
	switch two := len(o.URLs) == 2; {
	case o.Concurrency < 1:
		return exit.Usage(errors.New("--concurrency is at least 1"))
	case two && o.OpenLoop && !o.Together && !o.NoLoad:
		return exit.Usage(errors.New("an open loop loads both servers at once: say --together if they share no device, or measure one after the other"))
	case o.Together && two && !c.Flags().Changed("pairing"):
		cfg.Pairing = "concurrent"
	case !hasScreen(c) && cfg.Duration == 0 && cfg.Until == "" && cfg.Reps == 0 && cfg.Traffic == "":
		return exit.Usage(errors.New("this run would not end: give --duration, --until, --reps or --traffic"))
	}
	if !utf8.ValidString(fmt.Sprint(o)) { // JSON would change it in silence
		return exit.Usage(errors.New("a URL, name or path here is not UTF-8, and the worker could not be told it: give the path by another name, as a link"))
	}
	servers, err := json.Marshal(o)
	if err != nil {
		return exit.Usage(err)
	}
	j, err := prepareObserved(c.Context(), cfg, "--servers", string(servers))
	if err != nil {
		return err
	}
	if cfg.Traffic != "" {
		if j.opts.Traffic, err = plan.ReadTraffic(cfg.Traffic, cfg.Arrivals == "recorded"); err != nil {
			return exit.Usage(err)
		}
	}
	return j.show(c.Context(), c)
}

// listServers tells what listens on this machine.
func listServers(c *cobra.Command) error {
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	found := openai.Discover(ctx, os.Getenv(keyVariable))
	if len(found) == 0 {
		return exit.Usage(errors.New("nothing on this machine answers /v1/models: give a URL, as in: tailscope attach http://host:8000"))
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, s := range found {
		fmt.Fprintf(w, "%s\t%s\n", s.URL, s.Identity)
	}
	_ = w.Flush() // a closed stdout is the reader's choice
	fmt.Fprintln(c.OutOrStdout(), "attach to one of them: tailscope attach "+found[0].URL)
	return nil
}
