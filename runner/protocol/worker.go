package protocol

import (
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/limit"
)

// Messages from the worker to the supervisor.

// Hello is the worker's first line.
type Hello struct {
	T          string              `json:"t"` // "hello"
	Protocol   int                 `json:"protocol"`
	Engine     string              `json:"engine"` // "ort", "torch", any other name
	Version    string              `json:"version"`
	PID        int                 `json:"pid"`
	ClockNs    int64               `json:"clock_ns"` // CLOCK_MONOTONIC now: the supervisor checks that clocks agree
	Credit     int                 `json:"credit"`   // requests it accepts ahead
	Modes      []string            `json:"modes"`
	Strategies map[string][]string `json:"strategies"`         // phase ("prefill", "decode") to strategies
	Pairings   []string            `json:"pairings,omitempty"` // interleaved and sequential always; concurrent if it can
	Features   []string            `json:"features,omitempty"` // clear, set, profile, aa, evidence, check, device_ns, steps, capture, observed, parallel
	Lanes      []string            `json:"lanes,omitempty"`    // lanes it has; absent: both
	Stances    []string            `json:"stances,omitempty"`  // what the option "stance" takes while it runs
	Lacks      map[string]string   `json:"lacks,omitempty"`    // feature, mode or strategy to a sentence why not
	Notes      []string            `json:"notes,omitempty"`
}

// Loaded answers Load.
type Loaded struct {
	T             string            `json:"t"` // "loaded"
	DurNs         int64             `json:"dur_ns"`
	Model         Model             `json:"model"`
	ProviderAsked string            `json:"provider_asked"`
	Provider      string            `json:"provider"`
	Device        string            `json:"device"` // name of what computes, e.g. "AMD EPYC 7763" or "NVIDIA H200 (Vulkan)"
	Refusals      []Refusal         `json:"refusals,omitempty"`
	Backends      map[string]string `json:"backends"` // lane to backend asked for
	Threads       int               `json:"threads"`
	CPUs          string            `json:"cpus,omitempty"`      // that the computing threads may use, e.g. "2-5"; the supervisor fills in the process's
	Precision     string            `json:"precision,omitempty"` // of products of float32 matrices where the device has more than one: "TF32 on"
	Boundary      string            `json:"boundary"`            // how the end of a timed region is proven, a phrase
	Lacks         map[string]string `json:"lacks,omitempty"`     // what hello offered and this model or provider cannot, to a sentence why
	Notes         []string          `json:"notes,omitempty"`
	Versions      map[string]string `json:"versions,omitempty"`  // of libraries, drivers
	Libraries     []Library         `json:"libraries,omitempty"` // that were opened and compute
	Roof          *limit.Roof       `json:"roof,omitempty"`      // what the device was measured to do; nil: not known
}

// Library is a file that an engine has opened and runs.
type Library struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // of the file's bytes, in hex; "": it could not be read
}

// Model describes what was loaded. Zero values mean unknown.
type Model struct {
	Name         string      `json:"name"`
	Path         string      `json:"path,omitempty"`
	SHA256       string      `json:"sha256,omitempty"`
	Bytes        int64       `json:"bytes,omitempty"`
	Kind         string      `json:"kind"` // causal-lm or any
	DType        string      `json:"dtype,omitempty"`
	Vocab        int         `json:"vocab,omitempty"`
	MaxPositions int         `json:"max_positions,omitempty"`
	Layers       int         `json:"layers,omitempty"`
	Heads        int         `json:"heads,omitempty"`
	KVHeads      int         `json:"kv_heads,omitempty"`
	Width        int         `json:"width,omitempty"`
	Inputs       []ModelPort `json:"inputs,omitempty"`
	Outputs      []ModelPort `json:"outputs,omitempty"`
	Dims         []string    `json:"dims,omitempty"` // symbolic dimensions, in order of appearance

	DimValues map[string][]int  `json:"dim_values,omitempty"` // forward: sizes that a dimension takes unless told
	DimTies   map[string]string `json:"dim_ties,omitempty"`   // forward: dimensions that follow from others, to an expression over these
	Recorded  []map[string]int  `json:"recorded,omitempty"`   // forward: sets of recorded inputs, each its sizes of the symbolic dimensions
	MadeUp    string            `json:"made_up,omitempty"`    // which inputs and sizes were made up and how, a sentence
}

// ModelPort is a graph input or output. Dims holds numbers and names.
type ModelPort struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	Dims []string `json:"dims"`
}

// Refusal says why a provider is not used.
type Refusal struct {
	Provider string `json:"provider"`
	Reason   string `json:"reason"`
}

// Batch is a column-wise block of samples of one lane, mode, strategy,
// backend and shape, in the order they were executed. Every column that is
// present has one entry a sample. Events of a request come before the batch
// that holds its sample.
type Batch struct {
	T        string `json:"t"` // "batch"
	Lane     string `json:"lane"`
	Mode     string `json:"mode"`
	Strategy string `json:"strategy"` // as Request.Strategy, joined: one word, or "prefill=…,decode=…"
	Shape    string `json:"shape"`    // executed, e.g. "1x64"
	Backend  string `json:"backend"`
	Scenario string `json:"scenario,omitempty"` // observed: what the samples belong to, e.g. the name of a compiled callable

	Request        []uint64  `json:"request"`
	Order          []int     `json:"order"`
	StartNs        []int64   `json:"start_ns"`
	WallNs         []int64   `json:"wall_ns"`
	DeviceNs       []int64   `json:"device_ns,omitempty"`
	CompileNs      []int64   `json:"compile_ns,omitempty"`
	TTFTNs         []int64   `json:"ttft_ns,omitempty"`
	ExecutedTokens []int     `json:"executed_tokens,omitempty"`
	KVTokens       []int     `json:"kv_tokens,omitempty"`
	RunDelayNs     []int64   `json:"run_delay_ns,omitempty"`
	MinFlt         []int64   `json:"minflt,omitempty"`
	MajFlt         []int64   `json:"majflt,omitempty"`
	NIvCSw         []int64   `json:"nivcsw,omitempty"`
	StepsNs        [][]int64 `json:"steps_ns,omitempty"` // decode: time of each step
	StepsKV        [][]int   `json:"steps_kv,omitempty"` // decode: cache length after each step
	Error          []string  `json:"error,omitempty"`    // "" is ok

	Further map[string][]int64 `json:"-"` // the columns of the list Further, by their names on the wire
}

// Event is an event of the engine; stats.Kind* name the kinds.
type Event struct {
	T        string         `json:"t"` // "event"
	TNs      int64          `json:"t_ns"`
	Kind     stats.Kind     `json:"kind"`
	Lane     string         `json:"lane,omitempty"`
	Mode     string         `json:"mode,omitempty"`
	Strategy string         `json:"strategy,omitempty"`
	Shape    string         `json:"shape,omitempty"`
	Request  *uint64        `json:"request,omitempty"`
	DurNs    int64          `json:"dur_ns,omitempty"`
	Reason   string         `json:"reason"`
	Extra    map[string]any `json:"extra,omitempty"`
}

// Work is what requests of one kind must move and do, sent once before the
// first sample of that kind.
type Work struct {
	T         string       `json:"t"` // "work"
	Lane      string       `json:"lane"`
	Mode      string       `json:"mode"`
	Shape     string       `json:"shape"`      // executed, as in Batch
	Tokens    int          `json:"tokens"`     // of the prompt, without padding; forward: 0
	NewTokens int          `json:"new_tokens"` // decode steps; 0 without
	Passes    []limit.Pass `json:"passes"`
}

// Counters is the state of the compile cache, sent when it changed.
type Counters struct {
	T      string         `json:"t"` // "counters"
	Groups []Counter      `json:"groups"`
	Checks Checks         `json:"checks"`
	Engine map[string]any `json:"engine,omitempty"` // the engine's own counters, e.g. Dynamo's
}

// Counter counts one mode and strategy since the worker started.
type Counter struct {
	Mode           string `json:"mode"`
	Strategy       string `json:"strategy"`
	UniqueGraphs   int    `json:"unique_graphs"` // executables alive
	Compiles       int    `json:"compiles"`      // 0 or 1: the first
	Recompiles     int    `json:"recompiles"`
	RecompileLimit int    `json:"recompile_limit"`
	LimitReached   bool   `json:"limit_reached"`
	Fallbacks      int    `json:"fallbacks"` // requests that ran something else
	Evictions      int    `json:"evictions,omitempty"`
	Captures       int    `json:"captures,omitempty"`
	CompileNs      int64  `json:"compile_ns"` // sum
	Bytes          int64  `json:"bytes,omitempty"`
}

// Checks sums up the comparison of the lanes' outputs.
type Checks struct {
	N         int                   `json:"n"`
	Failed    int                   `json:"failed"`
	MaxRelL2  float64               `json:"max_rel_l2"`
	Tolerance float64               `json:"tolerance"`
	Skipped   string                `json:"skipped,omitempty"` // a sentence: why outputs are not compared
	Modes     map[string]ModeChecks `json:"modes,omitempty"`   // the same by mode; nil: the engine does not tell them apart

	Reference *References `json:"reference,omitempty"` // nil: none was taken
}

// References are the runs in higher precision that judge outputs that differ.
type References struct {
	N   int    `json:"n"`
	Ns  int64  `json:"ns"`            // what they took, outside of timed regions
	Why string `json:"why,omitempty"` // why there is none
}

// ModeChecks are the comparisons of one mode.
type ModeChecks struct {
	N        int     `json:"n"`
	Failed   int     `json:"failed"`
	MaxRelL2 float64 `json:"max_rel_l2"`
}

// Of is what belongs to one mode, where the engine tells them apart.
func (c Checks) Of(mode string) Checks {
	if c.Modes == nil {
		return c
	}
	m := c.Modes[mode]
	c.N, c.Failed, c.MaxRelL2, c.Modes = m.N, m.Failed, m.MaxRelL2, nil
	return c
}

// Note takes one comparison of a mode in.
func (c *Checks) Note(mode string, m ModeChecks) {
	if c.Modes == nil {
		c.Modes = map[string]ModeChecks{}
	}
	x := c.Modes[mode]
	c.Modes[mode] = ModeChecks{x.N + m.N, x.Failed + m.Failed, max(x.MaxRelL2, m.MaxRelL2)}
	c.N, c.Failed, c.MaxRelL2 = c.N+m.N, c.Failed+m.Failed, max(c.MaxRelL2, m.MaxRelL2)
}

// Evidence is what proves one executable, sent once when it was made.
type Evidence struct {
	T                string         `json:"t"` // "evidence"
	Lane             string         `json:"lane"`
	Mode             string         `json:"mode"`
	Strategy         string         `json:"strategy"`
	Shape            string         `json:"shape"`
	BackendRequested string         `json:"backend_requested"`
	BackendActual    string         `json:"backend_actual"`
	CompileNs        int64          `json:"compile_ns"`
	NodesBefore      int            `json:"nodes_before,omitempty"`
	NodesAfter       int            `json:"nodes_after,omitempty"`
	Fused            map[string]int `json:"fused,omitempty"`              // operator to count
	NodesPerProvider map[string]int `json:"nodes_per_provider,omitempty"` // from a profiled probe run
	Bytes            int64          `json:"bytes,omitempty"`
	FallbackFrom     string         `json:"fallback_from,omitempty"`
	FallbackError    string         `json:"fallback_error,omitempty"`
	Extra            map[string]any `json:"extra,omitempty"`
}

// Flushed answers Flush: Dropped are the requests that will not run.
type Flushed struct {
	T       string   `json:"t"` // "flushed"
	ID      uint64   `json:"id"`
	Dropped []uint64 `json:"dropped"`
}

// Cleared answers Clear.
type Cleared struct {
	T     string `json:"t"` // "cleared"
	ID    uint64 `json:"id"`
	Freed int    `json:"freed"` // executables dropped
}

// Profiled answers Profile.
type Profiled struct {
	T     string   `json:"t"` // "profiled"
	ID    uint64   `json:"id"`
	Files []string `json:"files"`
	Error string   `json:"error,omitempty"`
}

// Error is a failure that belongs to no request. A fatal one is followed by
// the worker's exit.
type Error struct {
	T       string `json:"t"` // "error"
	Fatal   bool   `json:"fatal"`
	Code    string `json:"code,omitempty"` // library, model, provider, option, input, memory, internal
	Message string `json:"message"`        // one sentence that says what to do
}

// Bye is the worker's last line.
type Bye struct {
	T       string `json:"t"` // "bye"
	Samples uint64 `json:"samples"`
}

// Backend says who was asked for the executable and who made it.
func (e *Evidence) Backend() stats.Backend {
	return stats.Backend{Requested: e.BackendRequested, Actual: e.BackendActual, FallbackFrom: e.FallbackFrom, FallbackError: e.FallbackError}
}
