package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailscope/tailscope/cli/exit"
	"github.com/tailscope/tailscope/configs"
)

// given is the value of a flag that names what it takes. A list goes on when
// it is given again instead of dropping what was said before.
type given struct {
	text, arg string
	list      bool
}

func (g *given) String() string { return g.text }

// Type is what the help shows beside the flag.
func (g *given) Type() string { return g.arg }

// Set implements pflag.Value.
func (g *given) Set(s string) error {
	if g.list && g.text != "" {
		s = g.text + "," + s
	}
	g.text = s
	return nil
}

func addRunFlags(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.String("config", "", "`NAME` of a preset, or a file; the preset default if absent")
	_ = c.RegisterFlagCompletionFunc("config", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return configs.Presets(), cobra.ShellCompDirectiveDefault
	})
	for _, rf := range runFlags {
		addRunFlag(c, rf)
	}
	f.Int("profile", 0, "record `N` requests with the engine's own profiler, once timing has begun (key P)")
	f.StringArray("dim", nil, "`NAME=SIZES` of a symbolic dimension, e.g. batch=1,2,4, seq=1..64 or total=past+seq (repeatable)")
	f.StringArray("input", nil, "`NAME=VALUES` that an input holds, e.g. sr=16000, ids=0..500 or x=@x.npy (repeatable); or a folder of recorded inputs")
	f.StringArray("option", nil, "`KEY=VALUE` for the engine or provider, as docs/measurement.md lists them (repeatable)")
	f.StringArray("set", nil, "`KEY=VALUE`: any key of the configuration, e.g. torch.config.layers=2; 'config schema' has them all (repeatable)")
}

func addRunFlag(c *cobra.Command, rf runFlag) {
	f := c.Flags()
	if rf.arg == "" {
		f.Bool(rf.name, false, rf.usage)
	} else {
		f.Var(&given{arg: rf.arg, list: rf.key == "modes"}, rf.name, rf.usage)
	}
	if rf.values != nil {
		_ = c.RegisterFlagCompletionFunc(rf.name, cobra.FixedCompletions(rf.values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// counts are the least and the most of flags that are no keys of a configuration;
// no restarts are one session of run, and a pick of tune that nothing confirms.
var counts = map[string][2]int{"profile": {0, 1_000_000}, "restarts": {0, 100_000}, "fps": {1, 30}}

// isSet reports whether a flag is on that is on or off.
func isSet(c *cobra.Command, name string) bool {
	on, _ := c.Flags().GetBool(name)
	return on
}

// loadConfig reads preset, file and flags into a valid configuration.
func loadConfig(f *pflag.FlagSet) (*configs.Config, error) {
	for name, may := range counts {
		if n, err := f.GetInt(name); err == nil && (n < may[0] || n > may[1]) {
			return nil, exit.Usage(fmt.Errorf("--%s %d is not between %d and %d", name, n, may[0], may[1]))
		}
	}
	name, _ := f.GetString("config")
	if name == "" {
		name = "default"
	}
	cfg, err := configs.Load(name)
	if err != nil {
		return nil, exit.Usage(err)
	}
	if err := setFlags(f, cfg); err != nil {
		return nil, err
	}
	if err := setPairs(f, cfg); err != nil {
		return nil, exit.Usage(err)
	}
	if cfg.EngineCmd != "" && !f.Changed("engine") {
		cfg.Engine = "cmd"
	}
	if err := cfg.Validate(); err != nil {
		return nil, exit.Usage(err)
	}
	return cfg, nil
}

// setFlags applies the common flags that the command has and that were given.
func setFlags(f *pflag.FlagSet, cfg *configs.Config) error {
	for _, rf := range runFlags {
		fl := f.Lookup(rf.name)
		if fl == nil || !fl.Changed {
			continue
		}
		if err := cfg.Set(rf.key, fl.Value.String()); err != nil {
			return exit.Usage(fmt.Errorf("--%s: %w", rf.name, err))
		}
	}
	return nil
}

// setPairs applies --dim, --option and --set.
func setPairs(f *pflag.FlagSet, cfg *configs.Config) error {
	maps := map[string]*map[string]string{"dim": &cfg.Dims, "input": &cfg.Inputs, "option": &cfg.Options}
	for _, flag := range []string{"dim", "input", "option", "set"} {
		pairs, _ := f.GetStringArray(flag)
		for _, pair := range pairs {
			key, value, ok := strings.Cut(pair, "=")
			if flag == "input" && isFolder(pair) {
				cfg.Recorded = pair
				continue
			}
			if !ok || key == "" {
				return fmt.Errorf("--%s %q is not KEY=VALUE", flag, pair)
			}
			if flag == "set" {
				if err := cfg.Set(key, value); err != nil {
					return fmt.Errorf("--set %s: %w", pair, err)
				}
				continue
			}
			m := maps[flag]
			if *m == nil {
				*m = map[string]string{}
			}
			(*m)[key] = value
		}
	}
	return nil
}

func isFolder(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}
