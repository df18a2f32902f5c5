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

// Lanes are the lanes' names, as they stand in every file.
var Lanes = [NumLanes]string{Eager: "eager", Optimized: "optimized"}

// String returns the lane's name.
func (l Lane) String() string { return Lanes[l&1] }

// ParseLane is the inverse of Lane.String.
func ParseLane(s string) (Lane, error) {
	if i := slices.Index(Lanes[:], s); i >= 0 {
		return Lane(i), nil
	}
	return 0, fmt.Errorf("unknown lane %q: want %s", s, strings.Join(Lanes[:], " or "))
}

// Mode says which part of a request is inside the timed region.
type Mode uint8

// The modes. What each is, is its row of Modes and nowhere else.
const (
	Prefill Mode = iota
	KVDecode
	E2EKV
	Forward
	NumModes = 4
)

// ModeRow is what a mode is.
type ModeRow struct {
	Name   string  // as it stands in every file
	Phases []Phase // that are timed
	Model  string  // kind of the models that have it
}

// The kinds of models.
const (
	CausalLM = "causal-lm"
	AnyModel = "any"
)

// Modes are all of them.
var Modes = [NumModes]ModeRow{
	Prefill:  {"prefill", []Phase{PrefillPhase}, CausalLM},  // one forward pass over the prompt, with the KV cache as output
	KVDecode: {"kv_decode", []Phase{DecodePhase}, CausalLM}, // the greedy decode loop alone
	E2EKV:    {"e2e_kv", []Phase{PrefillPhase, DecodePhase}, CausalLM},
	Forward:  {"forward", []Phase{ForwardPhase}, AnyModel}, // one run of any other model
}

// String returns the mode's name.
func (m Mode) String() string {
	if int(m) < len(Modes) {
		return Modes[m].Name
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// Times reports whether a phase is timed.
func (m Mode) Times(p Phase) bool { return int(m) < len(Modes) && slices.Contains(Modes[m].Phases, p) }

// Label is the strategy of a request as files and screen name it: the word of the
// mode's phase, or both for the mode that has two.
func (m Mode) Label(prefill, decode string) string {
	switch prompt := !m.Times(DecodePhase); {
	case prompt:
		return prefill
	case m.Times(PrefillPhase):
		return JoinStrategy(prefill, decode)
	}
	return decode
}

// ParseMode is the inverse of Mode.String; of an unknown name it returns a mode
// that times nothing.
func ParseMode(s string) (Mode, error) {
	for m := range Modes {
		if Modes[m].Name == s {
			return Mode(m), nil
		}
	}
	return NumModes, fmt.Errorf("unknown mode %q: want %s", s, strings.Join(ModeNames(), ", "))
}

// ModeOf is the mode of a name; of an unknown one it times nothing.
func ModeOf(s string) Mode {
	m, _ := ParseMode(s)
	return m
}

// ModeNames are the names of all modes, in order; with kinds of models those
// that these have.
func ModeNames(kinds ...string) (out []string) {
	for m := range Modes {
		if r := &Modes[m]; len(kinds) == 0 || slices.Contains(kinds, r.Model) {
			out = append(out, r.Name)
		}
	}
	return out
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

// Counted is a number of things: "1 request", "3 requests".
func Counted[N int | uint64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
