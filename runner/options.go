package runner

import (
	"cmp"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/runner/plan"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/view"
	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// Sink takes everything that must reach the disk. It may block; it never
// drops. Its methods are called by the session's goroutine only, but Export,
// which may run beside them.
type Sink interface {
	Loaded(protocol.Loaded) error
	Sample(s *stats.Sample, steps []int64, kv []int32) error
	Event(*stats.Event) error
	Counters(protocol.Counters) error
	Evidence(protocol.Evidence) error
	GPU(gpu.State) error
	Flush() error
	Export() (dir string, err error)
}

// Options wires a session to the world around it.
type Options struct {
	Config   *configs.Config
	RunID    string
	Dir      string // session folder
	Engine   worker.Command
	Model    string            // path that the engine loads; the configuration has its name
	Engines  map[string]string // options for the engine, with those of the configuration
	Sink     Sink
	Views    chan view.View      // capacity 1, newest wins; nil: nobody looks
	Wanted   <-chan struct{}     // the next view is asked for; nil: FPS views a second are made unasked
	Commands <-chan view.Command // nil: nobody types
	GPU      <-chan gpu.State    // nil: no telemetry
	Traffic  []plan.TrafficRow
	Work     <-chan Work                           // what to run, in place of a plan; nil: the plan
	OnReady  func(Ready)                           // called when a worker has loaded, on the session's goroutine; may be nil
	Noise    map[string]stats.Noise                // by mode: of an A/A run that was recorded before; may be nil
	Place    func(pairing string) worker.Placement // where the processes run (worker.Placer); nil: anywhere
	Swap     bool                                  // A/A: the session made second plays the eager lane
	Profile  int                                   // requests to record with the engine's profiler once timing has begun; 0: none
	FPS      int                                   // views a second that nobody has to ask for, 1 to 30; 0: 5
	FrameNs  func() int64                          // p99 of a frame of the screen, nanoseconds; may be nil
	Hurry    <-chan struct{}                       // closes when nothing is waited for any more; may be nil
	OnStatus func(Progress)                        // called about four times a second; may be nil
}

// Progress is how far a run has come.
type Progress struct {
	Phase    view.Phase
	Status   string
	Mode     string  // of the figures
	Done     float64 // 0 to 1; negative: open-ended
	Left     time.Duration
	Samples  [stats.NumLanes]int     // that count
	P50, P99 [stats.NumLanes]float64 // of the session so far in the current mode, ns
}

// Result says how a session ended.
type Result struct {
	Reason  string // repetitions, duration, until, quit, failed
	Err     error  // set when Reason is failed
	Missed  string // a sentence about what of the plan had no turn, or ""
	Samples uint64
	Dropped uint64 // views that nobody saw
}

// leaving reports whether the end is the user's wish.
func (r *Result) leaving() bool { return r.Reason == "quit" || r.Reason == "interrupted" }

// settings are what the user's keys can change about what runs.
type settings struct {
	strategy plan.Strategy
	aa       bool   // the optimized lane is a second eager session
	scenario string // "" or "*": all
	pairing  string
}

// covers reports whether a request's scenario is switched on.
func (s settings) covers(fl *inflight) bool {
	return s.scenario == "" || s.scenario == "*" || fl.item.Scenario == s.scenario
}

// viewEvery is the time between two views.
func (s *Session) viewEvery() time.Duration {
	return time.Second / time.Duration(min(cmp.Or(max(s.o.FPS, 0), defaultFPS), maxFPS))
}
