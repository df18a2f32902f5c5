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
