package stats

import (
	"fmt"
	"slices"
	"strings"
)

// Lane is one of the two sessions that run side by side.
type Lane uint8

const (
	Eager     Lane = iota // the reference: dynamic shapes, no optimisation
	Optimized             // the compiled session (in an A/A run: a second, independent eager one)
	NumLanes  = 2
)

// String returns the lane's name as it stands in every file.
func (l Lane) String() string {
	if l == Optimized {
		return "optimized"
	}
	return "eager"
}

// ParseLane is the inverse of Lane.String.
func ParseLane(s string) (Lane, error) {
	switch s {
	case "eager":
		return Eager, nil
	case "optimized":
		return Optimized, nil
	}
	return 0, fmt.Errorf("unknown lane %q: want eager or optimized", s)
}

// Mode says which part of a request is inside the timed region.
type Mode uint8

const (
	Prefill  Mode = iota // one forward pass over the prompt, with the KV cache as output
	KVDecode             // the greedy decode loop only
	E2EKV                // prefill and decode
	Forward              // one run of any other model
	NumModes = 4
)

var modeNames = [NumModes]string{"prefill", "kv_decode", "e2e_kv", "forward"}

// String returns the mode's name as it stands in every file.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// ModeNames are the names of all modes, in order.
func ModeNames() []string { return slices.Clone(modeNames[:]) }

// LanguageModes are the names of those that a language model has, in order.
func LanguageModes() []string { return slices.Clone(modeNames[:Forward]) }

// ParseMode is the inverse of Mode.String.
func ParseMode(s string) (Mode, error) {
	for i, n := range modeNames {
		if n == s {
			return Mode(i), nil
		}
	}
	return 0, fmt.Errorf("unknown mode %q: want %s", s, strings.Join(modeNames[:], ", "))
}

// Flag marks what happened to one sample while it ran. A sample with any of
// the event flags is not clean.
type Flag uint16

const (
	FlagCompile    Flag = 1 << iota // first executable of its mode and strategy was made inside it
	FlagRecompile                   // a later executable was made inside it
	FlagCapture                     // a graph was captured inside it
	FlagFallback                    // something other than what was asked for ran
	FlagShapeNew                    // first sample of its shape in its lane, mode and strategy
	FlagColdStart                   // first of its run, more than 3 × the median of what follows
	FlagThrottle                    // the GPU reported throttling while it ran
	FlagClockDrop                   // the GPU's clock had dropped while it ran
	FlagDivergence                  // its output differed from the other lane's
	FlagTool                        // tailscope itself disturbed it (its own collector, export, warm-up)
	FlagEvict                       // an executable was evicted to make room inside it
	FlagSpike                       // an outlier against the window before it
)

// EventFlags are the flags that attach an event to a sample: a sample with
// one of them is not clean.
const EventFlags = FlagCompile | FlagRecompile | FlagCapture | FlagFallback |
	FlagThrottle | FlagClockDrop | FlagDivergence | FlagEvict

// Absent marks an int64 measurement that the engine does not have.
const Absent int64 = -1

// Sample is one timed execution of one request in one lane.
// All times are nanoseconds; instants are CLOCK_MONOTONIC.
type Sample struct {
	Seq        uint64 // position in the session, 0-based, over both lanes
	Request    uint64 // unique per occurrence; both lanes of a pair share it
	Generation int32  // worker generation, 0-based, +1 at each restart
	Segment    int32  // stretch between two toggles, 0-based
	NthInRun   int32  // position in its run, 0-based; warm-ups count apart, failed samples do not count
	Prompt     int32  // index of the prompt in its scenario
	Order      uint8  // 0: this lane ran first in its pair, 1: second
	Lane       Lane
	Mode       Mode
	Warmup     bool
	Failed     bool // status error; WallNs then is the time until the error
	Flags      Flag
	Cause      Cause // why it is in the tail; CauseNone while it is not

	Strategy string // per-phase strategy word that produced its shape, e.g. "padded" or "prefill=padded,decode=eager"
	Scenario string
	Backend  string // what really ran, e.g. "ort-cpu-compiled" or "ort-cpu-eager"
	Shape    string // executed shape, e.g. "1x64"

	Batch          int32
	Tokens         int32 // semantic tokens in the timed region (TR120 2.4)
	ExecutedTokens int32 // padded tokens in the timed region
	NewTokens      int32 // decode steps
	KVTokens       int32 // cache length at the end

	StartNs    int64
	WallNs     int64 // latency
	DeviceNs   int64 // from device events, or Absent
	ResponseNs int64 // since the request was due (open loop), or Absent
	CompileNs  int64 // part of WallNs spent making an executable; 0 if none
	TTFTNs     int64 // time to first token (e2e_kv), or Absent

	BoundNs        int64 // least time that its work takes on the device, at its natural shape: see Limit; Absent or 0: not known
	BoundComputeNs int64 // part of BoundNs that operations set, bytes set the rest; or Absent
	PaddingNs      int64 // what padding adds to BoundNs, or Absent

	RunDelayNs int64 // time runnable but not running (schedstat), or Absent
	MinFlt     int64 // minor page faults, or Absent
	MajFlt     int64 // major page faults, or Absent
	NIvCSw     int64 // involuntary context switches, or Absent
}

// Clean reports whether the sample may stand for the engine at rest: not a
// warm-up, no event attached, not the first of its shape, no error.
func (s *Sample) Clean() bool {
	return s.Counts() && !s.Tagged()
}

// Counts reports whether the sample enters statistics.
func (s *Sample) Counts() bool { return !s.Warmup && !s.Failed }

// Tagged reports whether an event is attached to the sample or it is the first
// of its shape.
func (s *Sample) Tagged() bool { return s.Flags&(EventFlags|FlagShapeNew) != 0 }

// PhaseStrategy picks a phase's word from "padded" or "prefill=padded,decode=eager".
func PhaseStrategy(s, phase string) string {
	if !strings.Contains(s, "=") {
		return s
	}
	for part := range strings.SplitSeq(s, ",") {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok && k == phase {
			return v
		}
	}
	return ""
}
