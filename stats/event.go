package stats

// Kind names an event.
type Kind string

// The kinds of event; docs/snapshot.md says what each adds.
const (
	KindLoaded        Kind = "loaded"
	KindCompile       Kind = "compile"
	KindRecompile     Kind = "recompile"
	KindLimitReached  Kind = "limit_reached"
	KindFallback      Kind = "fallback"
	KindGraphCapture  Kind = "graph_capture"
	KindShapeNew      Kind = "shape_new"
	KindColdStart     Kind = "cold_start"
	KindSpike         Kind = "spike"
	KindDivergence    Kind = "divergence"
	KindThrottle      Kind = "throttle"
	KindClockDrop     Kind = "clock_drop"
	KindWorkerExit    Kind = "worker_exit"
	KindWorkerRestart Kind = "worker_restart"
	KindDrop          Kind = "drop"
	KindToggle        Kind = "toggle"
	KindSegment       Kind = "segment"
	KindMark          Kind = "mark"
	KindError         Kind = "error"
	KindEvict         Kind = "evict"
	KindRoute         Kind = "route"
)

// Event is something that happened once and explains samples.
// Its JSON form is a line of events.jsonl.
type Event struct {
	TNs        int64          `json:"t_ns"` // CLOCK_MONOTONIC, nanoseconds
	Kind       Kind           `json:"kind"`
	Generation int32          `json:"generation"`
	Segment    int32          `json:"segment"`
	Lane       string         `json:"lane,omitempty"` // "eager", "optimized", or empty: both or neither
	Mode       string         `json:"mode,omitempty"`
	Strategy   string         `json:"strategy,omitempty"`
	Shape      string         `json:"shape,omitempty"`
	Request    *uint64        `json:"request,omitempty"` // nil: belongs to no request
	DurNs      int64          `json:"dur_ns,omitempty"`
	Reason     string         `json:"reason"`          // a sentence
	Extra      map[string]any `json:"extra,omitempty"` // what the kind adds
}

// flags are what events put on the sample they belong to.
var flags = map[Kind]Flag{
	KindCompile:      FlagCompile,
	KindRecompile:    FlagRecompile,
	KindGraphCapture: FlagCapture,
	KindFallback:     FlagFallback,
	KindShapeNew:     FlagShapeNew,
	KindColdStart:    FlagColdStart,
	KindSpike:        FlagSpike,
	KindDivergence:   FlagDivergence,
	KindThrottle:     FlagThrottle,
	KindClockDrop:    FlagClockDrop,
	KindEvict:        FlagEvict,
}

// FlagOf returns the flag an event of this kind puts on the sample it belongs
// to, or 0.
func FlagOf(k Kind) Flag { return flags[k] }

// Frequent reports whether a busy machine makes events of this kind by the
// hundred.
func (k Kind) Frequent() bool { return k == KindSpike || k == KindShapeNew }
