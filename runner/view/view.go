package view

import (
	"fmt"
	"time"

	"github.com/tailscope/tailscope/gpu"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/energy"
	"github.com/tailscope/tailscope/stats/heat"
	"github.com/tailscope/tailscope/stats/kept"
)

// NotAskedFor is the pairing of requests that others made.
const NotAskedFor = "observed, not asked for"

// Phase is where a session stands.
type Phase string

const (
	PhaseStarting Phase = "starting" // worker starting, model loading
	PhaseWarmup   Phase = "warm-up"
	PhaseRunning  Phase = "running"
	PhasePaused   Phase = "paused"
	PhaseRestart  Phase = "restarting"
	PhaseDone     Phase = "done"
	PhaseFailed   Phase = "failed"
)

// View is one frame's worth of data. It is never changed after it was sent.
type View struct {
	NowNs    int64 // CLOCK_MONOTONIC
	StartNs  int64 // when timing could start; instants in the view are relative to the same clock
	Phase    Phase
	Status   string        // a sentence on what is happening; in PhaseFailed what to do
	Progress float64       // 0–1 of the run, NaN if open-ended
	Left     time.Duration // estimate, 0 if unknown

	Doing     Doing
	Failing   string // why nothing is sent any more until ActSegment: every request failed; "" it is
	Warming   int    // warm-ups asked for that have not begun
	Session   Session
	Self      Self
	Lanes     [stats.NumLanes]Lane
	Stats     stats.Live
	FiguresNs int64         // when Stats were computed; 0: now
	Heat      heat.View     // of the mode that Stats is of
	Found     *kept.Found   // answer to the last ActFind
	Events    []stats.Event // newest last, at most 500
	NumEvents int           // in all
	GPU       GPU
	Notices   []Notice // newest last
	Exports   []string // folders written by e
	Replay    *Replay  // nil unless a recorded session is shown
}

// Doing is what the worker is doing now, as far as it can be told from outside.
type Doing struct {
	What     Work
	For      time.Duration // since it began, or since the worker's last word about it
	Usual    time.Duration // what the like took before; 0: unknown
	Limit    time.Duration // when the worker is killed for it; 0: never
	Mode     string        // of the request in its hand
	Tokens   int           // prompt length of that request
	Executed int           // what the optimized lane runs it as
	Compiles bool          // its shapes have no executable yet: it may be compiling
	Late     bool          // it takes far longer than usual
}

// Work is a kind of work.
type Work string

// What a worker does; WorkNone: nothing is asked of it.
const (
	WorkNone    Work = ""
	WorkStart   Work = "starting" // until hello
	WorkLoad    Work = "loading"  // the model
	WorkRequest Work = "running"  // the oldest request in its hand
	WorkFlush   Work = "flushing" // answering a toggle
)

// String is a sentence for the status line, "" while there is nothing to tell.
func (d Doing) String() string {
	var what string
	switch {
	case d.What == WorkLoad:
		what = fmt.Sprintf("loading the model for %s", seconds(d.For))
	case !d.Late:
		return ""
	case d.What == WorkStart:
		what = fmt.Sprintf("no word from the worker for %s", seconds(d.For))
	case d.Compiles:
		what = fmt.Sprintf("no word for %s: compiling? %s of %d tokens, run as %d, has no executable yet", seconds(d.For), d.Mode, d.Tokens, d.Executed)
	case d.What == WorkRequest:
		what = fmt.Sprintf("no word for %s: the worker is inside a request (%s, %d tokens)", seconds(d.For), d.Mode, d.Tokens)
	default:
		what = fmt.Sprintf("no word for %s: the worker does not answer", seconds(d.For))
	}
	if d.Usual > 0 {
		what += ", usually " + seconds(d.Usual)
	}
	if d.Limit > 0 && d.For > d.Limit/4 {
		what += "; killed at " + seconds(d.Limit)
	}
	return what
}

func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 10*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// Session identifies the run and its current settings.
type Session struct {
	RunID, Dir    string
	Model         string
	Engine        string // e.g. "ort 1.30.0"
	ProviderAsked string
	Provider      string
	Refusals      []string
	Device        string
	Mode          string
	Strategy      string // as the user says it, of the segment that the figures are of
	Asked         string // another that was asked for and is not in force yet; ""
	EagerInputs   string // same or raw
	Scenarios     string // "*" or the one selected
	Pairing       string
	Rate          float64 // requests per second, 0: closed loop
	SLO           time.Duration
	Seed          uint64
	Generation    int32
	Segment       int32
	Threads       int
	Observed      bool   // the engine reports what others do: nothing is planned
	AA            bool   // the optimized lane is a second eager session
	Stance        string // the compiler's policy for new shapes, as the engine calls it; "": the engine has none
	Until         string
	Lacks         map[string]string // what the engine cannot do, and why
	Window        time.Duration     // length of the sliding window; 0: unknown, or the whole segment
}

// Lane is the identity of one lane.
type Lane struct {
	Label        string // of a result of another tool: what stands in the lane; "" it is the lane of its name
	Precision    string // "TF32 on"; "": the model's own
	CompilerReal string // yes, no, unknown
	Why          string // a phrase: what the evidence says
	UniqueGraphs int
	Limit        int
	Compiles     int
	Fallbacks    int
	CompileNs    int64
	CacheBytes   int64
	Checks       int // outputs compared
	Diverged     int
	MaxRelL2     float64
}

// Self is what tailscope costs.
type Self struct {
	RenderP99   time.Duration // of a frame
	CPUPercent  float64       // of one core, UI process; NaN if unknown
	RSSBytes    int64
	Dropped     uint64        // views replaced before they were shown
	Samples     uint64        // taken in
	GPUPoll     time.Duration // cost of one reading
	WorkerRSS   int64
	WorkerCPU   float64 // percent of one core; NaN if unknown
	CreditInUse int
}

// GPU is the last reading of one device and its recent past. Why says why
// there is nothing to see.
type GPU struct {
	gpu.State
	gpu.History
	AgeNs  int64                         // since the last reading
	Energy [stats.NumLanes]energy.Joules // of the mode that is shown; no blocks: not known
}

// Notice is a line for the status bar.
type Notice struct {
	TNs   int64
	Level string // info, warn, error
	Text  string
}

// Replay is the state of a replayed session.
type Replay struct {
	PosNs, LenNs int64
	Speed        float64
	Playing      bool
}

// Action is what a key asks for.
type Action string

const (
	ActStrategy   Action = "strategy" // Arg: a strategy word; empty returns to the configured one
	ActAA         Action = "aa"       // toggle A/A
	ActMode       Action = "mode"     // Arg: mode, empty: next
	ActScenario   Action = "scenario" // Arg: name or "*", empty: next
	ActPairing    Action = "pairing"  // Arg, empty: next
	ActStance     Action = "stance"   // Arg, empty: next of those the engine offers
	ActWarm       Action = "warm"     // warm up all planned shapes now
	ActStopWarm   Action = "stopwarm" // drop what ActWarm has still to do
	ActClear      Action = "clear"    // clear the compile cache
	ActSegment    Action = "segment"  // new segment
	ActPause      Action = "pause"    // toggle
	ActExport     Action = "export"
	ActProfile    Action = "profile" // N: requests
	ActMark       Action = "mark"    // Arg: text
	ActWindow     Action = "window"  // D: length of the sliding window; 0: whole segment
	ActFind       Action = "find"    // Find: samples to look at; the answer is View.Found
	ActEdges      Action = "edges"   // Edges: of bucketed, which comes into force; nil: powers of two
	ActRate       Action = "rate"    // X: requests a second, 0: closed loop
	ActQuit       Action = "quit"
	ActReplayPlay Action = "replay_play" // toggle
	ActReplaySeek Action = "replay_seek" // D: position
	ActReplayRate Action = "replay_rate" // X: speed
)

// Command is a wish of the user, sent to the session.
type Command struct {
	Action Action
	Arg    string
	N      int
	D      time.Duration
	X      float64
	Find   kept.Query
	Edges  []int // ascending
}
