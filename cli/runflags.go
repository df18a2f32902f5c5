package cli

import (
	"slices"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/stats"
)

// runFlag is a flag that sets one key of the configuration.
type runFlag struct {
	name, key string
	arg       string   // what it takes; "" for one that is on or off
	usage     string   // one line
	values    []string // for completion
	group     string
}

// flagGroup is a subject: the help lists its flags below its name.
type flagGroup struct {
	name  string
	flags []runFlag
}

// Subjects of flags, in the order of the help. The few that matter come first.
const (
	groupWhat     = "What runs"
	groupLong     = "How long"
	groupShapes   = "Shapes and compiles"
	groupRequests = "Requests and load"
	groupTrust    = "What makes it trustworthy"
	groupMachine  = "Machine and files"
	groupTorch    = "PyTorch"
	groupRest     = "Screen and output"
)

// strategyWords stand alone for all phases of a request.
var strategyWords = stats.StrategyWords(stats.DecodePhase, "")

func list(words []string) string { return strings.Join(words, ", ") }

// flagGroups are the common flags. A flag beats the file, the file beats the
// preset.
var flagGroups = []flagGroup{
	{groupWhat, []runFlag{
		{name: "model", key: "model", arg: "MODEL", usage: "builtin:NAME, a file or a folder"},
		{name: "strategy", key: "strategy", arg: "WORD", usage: "how shapes reach the optimized lane: " + list(strategyWords) + ", or prefill=…,decode=…", values: strategyWords},
		{name: "mode", key: "modes", arg: "WORD", usage: list(stats.ModeNames()) + ", or several with commas (repeatable)", values: stats.ModeNames()},
		{name: "engine", key: "engine", arg: "WORD", usage: "ort, torch or cmd", values: []string{"ort", "torch", "cmd"}},
		{name: "provider", key: "provider", arg: "WORD", usage: "ONNX Runtime's: " + list(configs.ProviderWords()), values: configs.ProviderWords()},
		{name: "engine-cmd", key: "engine_cmd", arg: "COMMAND", usage: "an engine that speaks docs/protocol.md"},
		{name: "engine-env", key: "engine_env", arg: "NAMES", usage: "variables that the worker gets beside the customary ones, e.g. HF_TOKEN"},
		{name: "scenario", key: "scenario", arg: "NAME", usage: "run only this scenario"},
		{name: "device", key: "device", arg: "N", usage: "device index, from 0"},
	}},
	{groupLong, []runFlag{
		{name: "duration", key: "duration", arg: "TIME", usage: "wall time after loading, e.g. 60s"},
		{name: "reps", key: "reps", arg: "N", usage: "repetitions of each prompt; 0: until duration or until"},
		{name: "until", key: "until", arg: "RULE", usage: `stop rule, e.g. "p99 within 5 %"`},
		{name: "warmup", key: "warmup", arg: "N", usage: "passes over each prompt before anything counts"},
		{name: "seed", key: "seed", arg: "N", usage: "of plan, inputs and lane order"},
		{name: "request-timeout", key: "request_timeout", arg: "TIME", usage: "kill the worker when a request takes longer, e.g. 30s; 0: 20 times what its shape took, at least 1m, 10m where it may compile"},
	}},
	{groupShapes, []runFlag{
		{name: "bucket-edges", key: "bucket_edges", arg: "LIST", usage: "lengths that bucketed pads to, e.g. 16,32,64; powers of two unless given"},
		{name: "kv-edges", key: "kv_edges", arg: "LIST", usage: "cache lengths that kv-bucketed pads to, e.g. 64,128,256"},
		{name: "eager-inputs", key: "eager_inputs", arg: "WORD", usage: "same: the eager lane gets padded inputs too; raw: it gets the prompt as it is", values: []string{"same", "raw"}},
		{name: "recompile-limit", key: "recompile_limit", arg: "N", usage: "executables a mode and strategy may have; what is beyond runs eager"},
		{name: "compile", key: "compile", arg: "WHEN", usage: "a new shape compiles inline: inside its request; background: beside, eager until then; warmup: before anything counts", values: []string{"inline", "background", "warmup"}},
		{name: "cache-policy", key: "cache.policy", arg: "WORD", usage: "at the limit: limit runs new shapes eager, evict drops the executable that was used least recently", values: []string{"limit", "evict"}},
		{name: "cache-bytes", key: "cache.max_bytes", arg: "SIZE", usage: "bound of the executables kept, e.g. 2GB"},
		{name: "route", key: "route", arg: "WORD", usage: "churn: requests of the optimized lane run eager while many shapes are new; none: never", values: []string{"none", "churn"}},
		{name: "capture", key: "capture", arg: "WORD", usage: "record an executable's launches as one graph: auto, on, off", values: []string{"auto", "on", "off"}},
	}},
	{groupRequests, []runFlag{
		{name: "batch", key: "batch", arg: "N", usage: "rows a request"},
		{name: "max-new-tokens", key: "max_new_tokens", arg: "N", usage: "decode steps a request"},
		{name: "pairing", key: "pairing", arg: "WORD", usage: "interleaved: each request in both lanes, order random; sequential; concurrent", values: []string{"interleaved", "sequential", "concurrent"}},
		{name: "rate", key: "rate", arg: "N", usage: "open loop: requests a second, however long each takes"},
		{name: "arrivals", key: "arrivals", arg: "WORD", usage: "poisson, constant, or recorded: the times of the traffic file", values: []string{"poisson", "constant", "recorded"}},
		{name: "traffic", key: "traffic", arg: "FILE", usage: "CSV or JSONL file with arrivals, or conversations as ShareGPT's"},
		{name: "slo", key: "slo", arg: "TIME", usage: "service level objective: a latency not to exceed, e.g. 50ms"},
	}},
	{groupTrust, []runFlag{
		{name: "aa", key: "aa", usage: "A/A: the second lane is another, independent eager session; what differs is noise"},
		{name: "noise", key: "noise", arg: "DIR", usage: "session of an A/A run: differences inside its noise floor print ~; none: without this machine's own either"},
		{name: "check", key: "check", arg: "SHARE", usage: "share of requests whose outputs are compared, 0 to 1"},
	}},
	{groupMachine, []runFlag{
		{name: "out", key: "out", arg: "DIR", usage: "folder for session folders"},
		{name: "anonymous", key: "anonymous", usage: "leave home folder, user and host out of the session folder"},
		{name: "max-disk", key: "max_disk", arg: "SIZE", usage: "bound of the session folder, e.g. 20GB"},
		{name: "threads", key: "threads", arg: "N", usage: "the engine's; 0: one for each CPU of the worker's own"},
		{name: "cpus", key: "cpus", arg: "LIST", usage: "cores the worker is pinned to, e.g. 2-5; auto: all but one that is left to the screen; all: nothing is pinned"},
		{name: "library", key: "library", arg: "FILE", usage: "the ONNX Runtime library"},
		{name: "gpu-interval", key: "gpu_interval", arg: "TIME", usage: "between GPU readings; 0 turns them off"},
	}},
	{groupTorch, []runFlag{
		{name: "python", key: "torch.python", arg: "FILE", usage: "the interpreter"},
		{name: "torch-device", key: "torch.device", arg: "WORD", usage: "cuda, cpu, mps or auto"},
		{name: "torch-dtype", key: "torch.dtype", arg: "WORD", usage: "float32, float16 or bfloat16"},
		{name: "torch-entry", key: "torch.entry", arg: "FILE:NAME", usage: "file.py:function that returns a module and an input maker"},
		{name: "torch-backend", key: "torch.backend", arg: "WORD", usage: "torch.compile's backend"},
		{name: "torch-mode", key: "torch.mode", arg: "WORD", usage: "torch.compile's mode: default, reduce-overhead, max-autotune"},
		{name: "attn", key: "torch.attn_implementation", arg: "WORD", usage: "attention: eager, sdpa, flash_attention_2"},
		{name: "disable-cudagraphs", key: "torch.disable_cudagraphs", usage: "turns Inductor's cudagraph trees off"},
		{name: "stance", key: "torch.stance", arg: "WORD", usage: "what a new shape does (torch.compiler.set_stance): default compiles, force_eager, eager_on_recompile, fail_on_recompile, eager_then_compile",
			values: []string{"default", "force_eager", "eager_on_recompile", "fail_on_recompile", "eager_then_compile"}},
		{name: "nvtx", key: "torch.nvtx", usage: "NVTX ranges around requests and steps"},
		{name: "allow-pickle", key: "torch.allow_pickle", usage: "load weights that can run code"},
	}},
}

// otherGroups places flags that set no key.
var otherGroups = map[string]string{"config": groupWhat, "dim": groupWhat, "input": groupWhat, "profile": groupTrust, "option": groupMachine, "set": groupMachine}

// runFlags are the flags of all groups.
var runFlags = func() (all []runFlag) {
	for _, g := range flagGroups {
		for _, f := range g.flags {
			f.group = g.name
			all = append(all, f)
		}
	}
	return slices.Clip(all)
}()
