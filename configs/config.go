package configs

import "time"

// Config says what to run. Its YAML form is documented by the schema that
// "tailscope config schema" prints.
type Config struct {
	Name        string   `yaml:"name,omitempty" json:"name,omitempty" jsonschema:"name of this configuration"`
	Extends     string   `yaml:"extends,omitempty" json:"extends,omitempty" jsonschema:"preset that this file starts from; default if absent"`
	Engine      string   `yaml:"engine" json:"engine" jsonschema:"ort, torch or cmd"`
	EngineCmd   string   `yaml:"engine_cmd,omitempty" json:"engine_cmd,omitempty" jsonschema:"command line of an engine that speaks the protocol"`
	EngineEnv   []string `yaml:"engine_env,omitempty" json:"engine_env,omitempty" jsonschema:"environment variables that the worker gets beside the customary ones; such as HF_TOKEN, since names that sound like a secret are left out"`
	Anonymous   bool     `yaml:"anonymous,omitempty" json:"anonymous,omitempty" jsonschema:"leave the home folder, the user and the host out of the session folder"`
	Provider    string   `yaml:"provider" json:"provider" jsonschema:"auto, cpu, webgpu, cuda, tensorrt, or plugin with the option plugin.library"`
	Device      int      `yaml:"device" json:"device" jsonschema:"device index, 0-based"`
	Model       string   `yaml:"model" json:"model" jsonschema:"builtin:NAME, a file or a folder"`
	Modes       []string `yaml:"modes" json:"modes" jsonschema:"prefill, kv_decode, e2e_kv, or forward; run one after the other"`
	Strategy    string   `yaml:"strategy" json:"strategy" jsonschema:"variable, padded, bucketed, dynamic, eager, kv-bucketed, static-cache, chunked, or one a phase: prefill=padded,decode=eager"`
	BucketEdges []int    `yaml:"bucket_edges,omitempty" json:"bucket_edges,omitempty" jsonschema:"edges of bucketed, ascending tokens; powers of two unless given"`
	KVEdges     []int    `yaml:"kv_edges,omitempty" json:"kv_edges,omitempty" jsonschema:"edges of kv-bucketed, ascending cache lengths; powers of two unless given"`
	EagerInputs string   `yaml:"eager_inputs" json:"eager_inputs" jsonschema:"same: the eager lane gets the padded inputs too; raw: it gets the prompt as it is"`

	Scenarios    []Scenario        `yaml:"scenarios" json:"scenarios" jsonschema:"named sets of prompts"`
	Scenario     string            `yaml:"scenario,omitempty" json:"scenario,omitempty" jsonschema:"run only this scenario"`
	Batch        int               `yaml:"batch" json:"batch" jsonschema:"rows a request"`
	Dims         map[string]string `yaml:"dims,omitempty" json:"dims,omitempty" jsonschema:"forward: values of a symbolic dimension, as 1,2,4 or 1..64, or made of others, as past+seq"`
	Inputs       map[string]string `yaml:"inputs,omitempty" json:"inputs,omitempty" jsonschema:"forward: what an input holds: a number, a list, LO..HI, text, @FILE.npy or @FILE.npz"`
	Recorded     string            `yaml:"recorded,omitempty" json:"recorded,omitempty" jsonschema:"forward: a folder of recorded inputs (npz files, or test_data_set_* of ONNX), replayed in turn"`
	Traffic      string            `yaml:"traffic,omitempty" json:"traffic,omitempty" jsonschema:"CSV or JSONL file with arrivals, or conversations as those of ShareGPT"`
	MaxNewTokens int               `yaml:"max_new_tokens" json:"max_new_tokens" jsonschema:"decode steps a request"`

	Pairing  string   `yaml:"pairing" json:"pairing" jsonschema:"interleaved, sequential or concurrent"`
	Rate     float64  `yaml:"rate,omitempty" json:"rate,omitempty" jsonschema:"open loop: requests per second; 0 is a closed loop"`
	Arrivals string   `yaml:"arrivals,omitempty" json:"arrivals,omitempty" jsonschema:"poisson or constant; recorded: the times of the traffic file"`
	SLO      Duration `yaml:"slo,omitempty" json:"slo,omitempty" jsonschema:"service level: latency not to exceed, e.g. 50ms"`

	Reps           int      `yaml:"reps" json:"reps" jsonschema:"repetitions of each prompt; 0 runs until duration or until"`
	Warmup         int      `yaml:"warmup" json:"warmup" jsonschema:"passes over each prompt, per lane and mode, before anything counts"`
	Seed           uint64   `yaml:"seed" json:"seed" jsonschema:"of plan, inputs and lane order"`
	Duration       Duration `yaml:"duration" json:"duration" jsonschema:"wall time after loading"`
	RequestTimeout Duration `yaml:"request_timeout,omitempty" json:"request_timeout,omitempty" jsonschema:"how long a request may go without a word before the worker is killed; 0: a large multiple of what its shape took, at least 1 min, 10 min where it may compile"`
	Until          string   `yaml:"until,omitempty" json:"until,omitempty" jsonschema:"stop rule, e.g. p99 within 5 %"`
	AA             bool     `yaml:"aa,omitempty" json:"aa,omitempty" jsonschema:"the second lane is another, independent eager session"`

	Noise string `yaml:"noise,omitempty" json:"noise,omitempty" jsonschema:"session folder of an A/A run: differences inside its noise floor print ~; this machine's own, as run --aa --restarts leaves it, unless given; none: neither"`

	RecompileLimit int     `yaml:"recompile_limit" json:"recompile_limit" jsonschema:"executables a mode and strategy; 0: the engine's own, 8 in PyTorch, 2048 in the others"`
	Compile        string  `yaml:"compile" json:"compile" jsonschema:"inline, background or warmup"`
	Cache          Cache   `yaml:"cache,omitempty" json:"cache,omitempty" jsonschema:"bounds of the executables kept"`
	Route          string  `yaml:"route,omitempty" json:"route,omitempty" jsonschema:"none or churn: send requests to eager when shapes churn"`
	Capture        string  `yaml:"capture" json:"capture" jsonschema:"graph capture: auto, on or off"`
	Check          float64 `yaml:"check" json:"check" jsonschema:"share of requests whose outputs are compared"`

	Threads int               `yaml:"threads" json:"threads" jsonschema:"engine threads; 0 is one for each CPU of the worker's own, at least 1"`
	CPUs    string            `yaml:"cpus,omitempty" json:"cpus,omitempty" jsonschema:"cores the worker is pinned to, e.g. 2-5; auto, or nothing: all but one that is left to the supervisor; all: nothing is pinned"`
	Library string            `yaml:"library,omitempty" json:"library,omitempty" jsonschema:"path of the ONNX Runtime library"`
	Options map[string]string `yaml:"options,omitempty" json:"options,omitempty" jsonschema:"engine options, checked by the engine"`
	Torch   Torch             `yaml:"torch,omitempty" json:"torch,omitempty" jsonschema:"PyTorch engine"`

	GPUInterval Duration `yaml:"gpu_interval" json:"gpu_interval" jsonschema:"time between GPU readings; 0 turns them off"`
	Out         string   `yaml:"out" json:"out" jsonschema:"folder for session folders"`
	MaxDisk     string   `yaml:"max_disk,omitempty" json:"max_disk,omitempty" jsonschema:"bound of the session folder, e.g. 20GB"`

	Sweep   map[string][]any `yaml:"sweep,omitempty" json:"sweep,omitempty" jsonschema:"key to a list of values: one session a point"`
	Sweeps  []Sweep          `yaml:"sweeps,omitempty" json:"sweeps,omitempty" jsonschema:"several sweeps, run one after the other"`
	Profile int              `yaml:"profile,omitempty" json:"profile,omitempty" jsonschema:"requests to record with the engine's own profiler once timing has begun: which kernels differ"`
}

// Sweep is one sweep of several.
type Sweep struct {
	Name string           `yaml:"name" json:"name" jsonschema:"name"`
	Over map[string][]any `yaml:"over" json:"over" jsonschema:"key to a list of values: one session a point"`
}

// Scenario is a named set of prompts.
type Scenario struct {
	Name    string   `yaml:"name" json:"name" jsonschema:"name"`
	Weight  float64  `yaml:"weight,omitempty" json:"weight,omitempty" jsonschema:"share of requests when repetitions are unbounded; 1 if absent"`
	Prompts []Prompt `yaml:"prompts" json:"prompts" jsonschema:"prompts"`
	PadTo   int      `yaml:"pad_to,omitempty" json:"pad_to,omitempty" jsonschema:"padded length; the longest prompt if absent"`
}

// Prompt is a prompt of a scenario: a length, a range of lengths, or a text
// that CountTexts makes a length of. Ids are drawn from the seed in any case.
type Prompt struct {
	Tokens    int     `yaml:"tokens,omitempty" json:"tokens,omitempty" jsonschema:"length in tokens"`
	To        int     `yaml:"to,omitempty" json:"to,omitempty" jsonschema:"with tokens: the length is drawn uniformly from tokens to this, inclusive"`
	Weight    float64 `yaml:"weight,omitempty" json:"weight,omitempty" jsonschema:"share of the scenario's requests when repetitions are unbounded; 1 if absent"`
	Text      string  `yaml:"text,omitempty" json:"text,omitempty" jsonschema:"in place of tokens: its length is counted with the tokenizer.json beside the model; ids are drawn from the seed"`
	NewTokens int     `yaml:"new_tokens,omitempty" json:"new_tokens,omitempty" jsonschema:"decode steps; max_new_tokens if absent"`
}

// Cache bounds the executables kept.
type Cache struct {
	Policy   string `yaml:"policy,omitempty" json:"policy,omitempty" jsonschema:"limit: what is beyond runs eager; evict: the least recently used goes"`
	MaxBytes string `yaml:"max_bytes,omitempty" json:"max_bytes,omitempty" jsonschema:"bound in bytes, e.g. 2GB"`
}

// Torch configures the PyTorch engine.
type Torch struct {
	Python      string         `yaml:"python,omitempty" json:"python,omitempty" jsonschema:"interpreter; the active virtual environment's if absent"`
	Device      string         `yaml:"device,omitempty" json:"device,omitempty" jsonschema:"cuda, cpu, mps or auto"`
	DType       string         `yaml:"dtype,omitempty" json:"dtype,omitempty" jsonschema:"float32, float16 or bfloat16"`
	Entry       string         `yaml:"entry,omitempty" json:"entry,omitempty" jsonschema:"file.py:function returning a module and an input maker"`
	Backend     string         `yaml:"backend,omitempty" json:"backend,omitempty" jsonschema:"torch.compile backend"`
	Mode        string         `yaml:"mode,omitempty" json:"mode,omitempty" jsonschema:"default, reduce-overhead, max-autotune"`
	FullGraph   bool           `yaml:"fullgraph,omitempty" json:"fullgraph,omitempty" jsonschema:"torch.compile fullgraph"`
	Attention   string         `yaml:"attn_implementation,omitempty" json:"attn_implementation,omitempty" jsonschema:"eager, sdpa or flash_attention_2"`
	NoCUDAGraph bool           `yaml:"disable_cudagraphs,omitempty" json:"disable_cudagraphs,omitempty" jsonschema:"turns Inductor's cudagraph trees off"`
	Stance      string         `yaml:"stance,omitempty" json:"stance,omitempty" jsonschema:"torch.compiler.set_stance policy"`
	NVTX        bool           `yaml:"nvtx,omitempty" json:"nvtx,omitempty" jsonschema:"NVTX ranges around requests and steps"`
	AllowPickle bool           `yaml:"allow_pickle,omitempty" json:"allow_pickle,omitempty" jsonschema:"load weights that can run code"`
	Config      map[string]int `yaml:"config,omitempty" json:"config,omitempty" jsonschema:"sizes of a model made by configuration: layers, heads, width, vocab, positions"`
}

// Duration is a time.Duration that reads and prints as "250ms".
type Duration time.Duration

// D returns the duration as time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Foreign reports whether what is measured was started by others: by exec,
// watch or attach.
func (c *Config) Foreign() bool {
	return c.Engine == "exec" || c.Engine == "watch" || c.Engine == "openai"
}

// Limit is the recompile limit in force: RecompileLimit, or the engine's own; 0
// is unknown: whoever made the observed program or server decides.
func (c *Config) Limit() int {
	switch {
	case c.RecompileLimit > 0:
		return c.RecompileLimit
	case c.Engine == "torch":
		return 8 // torch._dynamo.config.recompile_limit; the worker takes what its torch has
	case c.Foreign():
		return 0
	}
	return 2048
}
