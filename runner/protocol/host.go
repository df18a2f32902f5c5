package protocol

// Messages from the supervisor to the worker.

// Load asks the worker to load the model into both lanes. It is the first
// message after hello and is answered by Loaded or a fatal Error.
type Load struct {
	T        string `json:"t"`                  // "load"
	Model    string `json:"model"`              // a file, a folder, or builtin:NAME resolved to a file by the supervisor
	Name     string `json:"name"`               // what to call it, e.g. "builtin:tiny-gpt2"
	Provider string `json:"provider,omitempty"` // auto, cpu, webgpu, cuda, tensorrt
	Device   int    `json:"device,omitempty"`
	Threads  int    `json:"threads"`          // intra-op threads, at least 1
	CPUs     string `json:"cpus,omitempty"`   // e.g. "2-5": those that the worker was started on, absent: any
	Beside   []int  `json:"beside,omitempty"` // CPUs of the supervisor, where threads that do not compute may go
	Seed     uint64 `json:"seed"`

	RecompileLimit int      `json:"recompile_limit"` // executables a mode and strategy
	Compile        string   `json:"compile"`         // inline, background, warmup
	Cache          Cache    `json:"cache"`
	KVEdges        []int    `json:"kv_edges,omitempty"` // cache lengths of kv-bucketed, ascending
	Capture        string   `json:"capture,omitempty"`  // auto, on, off
	Check          float64  `json:"check"`              // share of requests whose outputs are compared, 0 to 1; first of a shape always
	Modes          []string `json:"modes,omitempty"`    // modes that will be asked for: what to prepare
	Swap           bool     `json:"swap,omitempty"`     // A/A: the session that is made second plays the eager lane

	Dims     map[string][]int  `json:"dims,omitempty"`     // forward: values a symbolic dimension will take
	Ties     map[string]string `json:"ties,omitempty"`     // forward: dimensions that follow from others, to an expression over these
	Inputs   map[string]string `json:"inputs,omitempty"`   // forward: what an input holds: VALUE, a list, LO..HI, @FILE.npy, @FILE.npz
	Recorded string            `json:"recorded,omitempty"` // forward: a folder of recorded inputs, replayed in turn
	Options  map[string]string `json:"options,omitempty"`  // engine's own, validated by the engine
}

// Cache bounds the executables kept.
type Cache struct {
	Policy   string `json:"policy,omitempty"`     // limit or evict
	MaxGraph int    `json:"max_graphs,omitempty"` // 0: the recompile limit
	MaxBytes int64  `json:"max_bytes,omitempty"`  // 0: no bound
}

// Strategy is the strategy of each phase: variable, padded, bucketed,
// dynamic, eager; in decode also kv-bucketed and static-cache, of prompts alone chunked.
type Strategy struct {
	Prefill string `json:"prefill"`
	Decode  string `json:"decode"`
}

// Request is one unit of work, run once in each lane of Order.
type Request struct {
	T         string         `json:"t"` // "req"
	ID        uint64         `json:"id"`
	Mode      string         `json:"mode"`
	Batch     int            `json:"batch"`
	Tokens    int            `json:"tokens"` // semantic prompt tokens a row
	Exec      [2]int         `json:"exec"`   // prompt tokens executed a row: eager, optimized (left-padded, masked)
	NewTokens int            `json:"new_tokens,omitempty"`
	Strategy  Strategy       `json:"strategy"`           // of the optimized lane
	Order     []string       `json:"order"`              // lanes in order, e.g. ["optimized","eager"]
	Together  bool           `json:"together,omitempty"` // both lanes at once
	AA        bool           `json:"aa,omitempty"`       // the optimized lane runs a second, independent eager session
	Seed      uint64         `json:"seed"`               // of the inputs: same seed, same inputs, in both lanes
	IDs       []int          `json:"ids,omitempty"`      // token ids (Batch × Tokens); made from Seed if absent
	Dims      map[string]int `json:"dims,omitempty"`     // forward: values of symbolic dimensions
	Recorded  int            `json:"recorded,omitempty"` // forward: 1-based set of recorded inputs, 0: made up
	DueNs     int64          `json:"due_ns,omitempty"`   // do not start before; 0: at once
	Warmup    bool           `json:"warmup,omitempty"`
}

// Set changes policies for the requests sent after it. Nil fields stay.
type Set struct {
	T              string            `json:"t"` // "set"
	RecompileLimit *int              `json:"recompile_limit,omitempty"`
	KVEdges        []int             `json:"kv_edges,omitempty"`
	Compile        *string           `json:"compile,omitempty"`
	Cache          *Cache            `json:"cache,omitempty"`
	Options        map[string]string `json:"options,omitempty"`
}

// Flush drops every request that has not started. Answered by Flushed.
type Flush struct {
	T  string `json:"t"` // "flush"
	ID uint64 `json:"id"`
}

// Clear drops every executable (a cold start on purpose). Answered by Cleared.
type Clear struct {
	T  string `json:"t"` // "clear"
	ID uint64 `json:"id"`
}

// Profile records the next Requests requests with the engine's own profiler
// and writes its files into Dir. Answered by Profiled.
type Profile struct {
	T        string `json:"t"` // "profile"
	ID       uint64 `json:"id"`
	Requests int    `json:"requests"`
	Dir      string `json:"dir"`
}

// Stop ends the worker after the request in hand. Answered by Bye and exit 0.
type Stop struct {
	T string `json:"t"` // "stop"
}
