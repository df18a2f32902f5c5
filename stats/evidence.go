package stats

import "fmt"

// Evidence is what is on record of how a lane's executables came to be, live
// (of the strategy in force), in a finished session or in a foreign result.
type Evidence struct {
	AA          bool // both lanes are eager sessions
	Eager       bool // the strategy in force compiles nothing
	LabelOnly   string
	Executables []Backend
	Counted     bool // the compiler's counters were taken after compiling
	Compiles    int  // as counted; -1: counted, but not how many
	Fallbacks   int  // requests that ran on something else than asked for
	Full        int  // the limit of executables, where it was reached
}

// Backend is who was asked for an executable and who made it.
type Backend struct{ Requested, Actual, FallbackFrom, FallbackError string }

// What CompilerReal answers.
const (
	RealYes     = "yes"
	RealNo      = "no"
	RealUnknown = "unknown"
)

// CompilerReal says whether a lane that is called compiled is: what was asked
// for made the executables, a compile was counted, and nothing fell back (TR120
// 2.5). It is the only place that decides so. why is a phrase.
func CompilerReal(e *Evidence) (answer, why string) {
	switch {
	case e.LabelOnly != "":
		return RealUnknown, e.LabelOnly
	case e.AA:
		return RealNo, "A/A: both lanes are eager sessions"
	}
	for _, b := range e.Executables {
		switch {
		case b.FallbackFrom != "" || b.FallbackError != "":
			return RealNo, b.fallback()
		case b.Actual == "" && b.Requested != "":
			return RealUnknown, "no backend is on record"
		case b.Requested != b.Actual:
			return RealNo, fmt.Sprintf("asked for %s, got %s", b.Requested, b.Actual)
		}
	}
	switch {
	case e.Eager:
		return RealNo, "strategy eager: not compiled"
	case !e.Counted || e.Compiles == 0:
		return RealUnknown, "no compile was counted"
	case e.Fallbacks > 0:
		why = fmt.Sprintf("%s made, but %s fell back to eager", Counted(e.Compiles, "executable"), Counted(e.Fallbacks, "request"))
		if e.Full > 0 {
			why += fmt.Sprintf(" at the limit of %d", e.Full)
		}
		return RealNo, why
	case e.Compiles < 0:
		return RealYes, "counters after compilation on record, no fallback"
	}
	return RealYes, Counted(e.Compiles, "executable") + " made, no fallback"
}

func (b *Backend) fallback() string {
	switch {
	case b.FallbackError == "":
		return "fallback from " + b.FallbackFrom
	case b.FallbackFrom == "":
		return "fell back: " + b.FallbackError
	}
	return fmt.Sprintf("fallback from %s: %s", b.FallbackFrom, b.FallbackError)
}
