package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tailscope/tailscope/configs"
)

// runFlag is a flag that sets one key of the configuration.
type runFlag struct {
	name, key, usage string
	boolean          bool
	values           []string // for completion
}

// runFlags are the common flags. A flag beats the file, the file beats the
// preset.
var runFlags = []runFlag{
	{name: "engine", key: "engine", usage: "engine: ort, torch or cmd", values: []string{"ort", "torch", "cmd"}},
	{name: "engine-cmd", key: "engine_cmd", usage: "command line of an engine that speaks the protocol"},
	{name: "provider", key: "provider", usage: "ONNX Runtime provider: auto, cpu, webgpu, cuda, tensorrt, plugin", values: []string{"auto", "cpu", "webgpu", "cuda", "tensorrt", "plugin"}},
	{name: "device", key: "device", usage: "device index, 0-based"},
	{name: "model", key: "model", usage: "builtin:NAME, a file or a folder"},
	{name: "mode", key: "modes", usage: "prefill, kv_decode, e2e_kv, forward, or several with commas (repeatable)", values: []string{"prefill", "kv_decode", "e2e_kv", "forward"}},
	{name: "strategy", key: "strategy", usage: "variable, padded, bucketed, dynamic, kv-bucketed, static-cache, eager, or prefill=…,decode=…",
		values: []string{"variable", "padded", "bucketed", "dynamic", "kv-bucketed", "static-cache", "eager"}},
	{name: "bucket-edges", key: "bucket_edges", usage: "edges of bucketed, e.g. 16,32,64"},
	{name: "kv-edges", key: "kv_edges", usage: "cache lengths of kv-bucketed, e.g. 64,128,256"},
	{name: "eager-inputs", key: "eager_inputs", usage: "same: the eager lane gets padded inputs too; raw: it gets the prompt as it is", values: []string{"same", "raw"}},
	{name: "scenario", key: "scenario", usage: "run only this scenario"},
	{name: "batch", key: "batch", usage: "rows a request"},
	{name: "traffic", key: "traffic", usage: "CSV or JSONL file with arrivals"},
	{name: "pairing", key: "pairing", usage: "interleaved, sequential or concurrent", values: []string{"interleaved", "sequential", "concurrent"}},
	{name: "rate", key: "rate", usage: "open loop: requests per second"},
	{name: "arrivals", key: "arrivals", usage: "poisson, constant, or recorded: the times of the traffic file", values: []string{"poisson", "constant", "recorded"}},
	{name: "slo", key: "slo", usage: "service level, e.g. 50ms"},
	{name: "reps", key: "reps", usage: "repetitions of each prompt; 0: until duration or until"},
	{name: "warmup", key: "warmup", usage: "passes over each prompt before anything counts"},
	{name: "seed", key: "seed", usage: "seed of plan, inputs and lane order"},
	{name: "recompile-limit", key: "recompile_limit", usage: "executables a mode and strategy"},
	{name: "max-new-tokens", key: "max_new_tokens", usage: "decode steps a request"},
	{name: "threads", key: "threads", usage: "engine threads; 0: one for each CPU of the worker's own"},
	{name: "cpus", key: "cpus", usage: "cores the worker is pinned to, e.g. 2-5; auto: all but one that is left to the screen; all: nothing is pinned"},
	{name: "duration", key: "duration", usage: "wall time after loading, e.g. 60s"},
	{name: "request-timeout", key: "request_timeout", usage: "kill the worker when a request takes longer, e.g. 30s; 0: 20 times what its shape took, at least 1m, 10m where it may compile"},
	{name: "until", key: "until", usage: `stop rule, e.g. "p99 within 5 %"`},
	{name: "compile", key: "compile", usage: "inline, background or warmup", values: []string{"inline", "background", "warmup"}},
	{name: "cache-policy", key: "cache.policy", usage: "limit or evict", values: []string{"limit", "evict"}},
	{name: "cache-bytes", key: "cache.max_bytes", usage: "bound of the executables kept, e.g. 2GB"},
	{name: "route", key: "route", usage: "none or churn: send requests to eager when shapes churn", values: []string{"none", "churn"}},
	{name: "capture", key: "capture", usage: "graph capture: auto, on, off", values: []string{"auto", "on", "off"}},
	{name: "check", key: "check", usage: "share of requests whose outputs are compared, 0 to 1"},
	{name: "aa", key: "aa", usage: "the second lane is another, independent eager session", boolean: true},
	{name: "noise", key: "noise", usage: "session folder of an A/A run: differences inside its noise floor print ~"},
	{name: "library", key: "library", usage: "path of the ONNX Runtime library"},
	{name: "python", key: "torch.python", usage: "Python interpreter of the torch engine"},
	{name: "torch-device", key: "torch.device", usage: "cuda, cpu, mps or auto"},
	{name: "torch-dtype", key: "torch.dtype", usage: "float32, float16 or bfloat16"},
	{name: "torch-entry", key: "torch.entry", usage: "file.py:function returning a module and an input maker"},
	{name: "torch-backend", key: "torch.backend", usage: "torch.compile backend"},
	{name: "torch-mode", key: "torch.mode", usage: "torch.compile mode"},
	{name: "attn", key: "torch.attn_implementation", usage: "attention: eager, sdpa, flash_attention_2"},
	{name: "disable-cudagraphs", key: "torch.disable_cudagraphs", usage: "turns Inductor's cudagraph trees off", boolean: true},
	{name: "stance", key: "torch.stance", usage: "torch.compiler.set_stance policy"},
	{name: "nvtx", key: "torch.nvtx", usage: "NVTX ranges around requests and steps", boolean: true},
	{name: "allow-pickle", key: "torch.allow_pickle", usage: "load weights that can run code", boolean: true},
	{name: "gpu-interval", key: "gpu_interval", usage: "time between GPU readings; 0 turns them off"},
	{name: "out", key: "out", usage: "folder for session folders"},
	{name: "max-disk", key: "max_disk", usage: "bound of the session folder, e.g. 20GB"},
}

// joined is a list with commas; given again, it goes on instead of dropping
// what was said before.
type joined string

func (j *joined) String() string { return string(*j) }
func (j *joined) Type() string   { return "string" }

// Set implements pflag.Value.
func (j *joined) Set(s string) error {
	if *j != "" {
		s = string(*j) + "," + s
	}
	*j = joined(s)
	return nil
}

// addRunFlags adds the common flags to a command.
func addRunFlags(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.String("config", "", "a preset's name or a file (default preset: default)")
	_ = c.RegisterFlagCompletionFunc("config", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return configs.Presets(), cobra.ShellCompDirectiveDefault
	})
	for _, rf := range runFlags {
		addRunFlag(c, rf)
	}
	f.Int("profile", 0, "record so many requests with the engine's own profiler, once timing has begun (key P)")
	f.StringArray("dim", nil, "sizes of a symbolic dimension, e.g. batch=1,2,4, seq=1..64 or total=past+seq (repeatable)")
	f.StringArray("input", nil, "what an input holds, e.g. sr=16000, ids=0..500 or x=@x.npy (repeatable); or a folder of recorded inputs")
	f.StringArray("option", nil, "engine option KEY=VALUE (repeatable)")
	f.StringArray("set", nil, "any configuration key, KEY=VALUE (repeatable)")
}

// addRunFlag adds one of the common flags to a command.
func addRunFlag(c *cobra.Command, rf runFlag) {
	f := c.Flags()
	switch {
	case rf.boolean:
		f.Bool(rf.name, false, rf.usage)
	case rf.key == "modes":
		f.Var(new(joined), rf.name, rf.usage)
	default:
		f.String(rf.name, "", rf.usage)
	}
	if rf.values != nil {
		_ = c.RegisterFlagCompletionFunc(rf.name, cobra.FixedCompletions(rf.values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// loadConfig reads preset, file and flags into a valid configuration.
func loadConfig(f *pflag.FlagSet) (*configs.Config, error) {
	name, _ := f.GetString("config")
	if name == "" {
		name = "default"
	}
	cfg, err := configs.Load(name)
	if err != nil {
		return nil, usageError{err}
	}
	if err := setFlags(f, cfg); err != nil {
		return nil, err
	}
	if err := setPairs(f, cfg); err != nil {
		return nil, usageError{err}
	}
	if cfg.EngineCmd != "" && !f.Changed("engine") {
		cfg.Engine = "cmd"
	}
	if err := cfg.Validate(); err != nil {
		return nil, usageError{err}
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
			return usageError{fmt.Errorf("--%s: %w", rf.name, err)}
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
