package stats

// Cause is the one reason given for a tail sample, in order of precedence.
type Cause uint8

// The causes in their order of precedence.
const (
	CauseNone        Cause = iota // not in the tail
	CauseCompile                  // compile or recompile
	CauseCapture                  // graph capture
	CauseFallback                 // something else than asked for ran
	CauseShapeNew                 // first run of a shape
	CauseColdStart                // first sample of a run
	CauseWork                     // within 3 × the clean median of its own shape
	CauseGPU                      // throttle or clock drop
	CauseHost                     // run-queue delay or faults cover half of the excess
	CauseTool                     // tailscope itself
	CauseUnexplained              // none of the above
	NumCauses
)

var causeNames = [NumCauses]string{"", "compile", "graph_capture", "fallback", "shape_new", "cold_start",
	"work", "gpu", "host", "tool", "unexplained"}

// String returns the cause's name as it stands in every file; "" for none.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "invalid"
}

// ParseCause is the inverse of Cause.String.
func ParseCause(s string) (Cause, bool) {
	for i, n := range causeNames {
		if n == s {
			return Cause(i), true
		}
	}
	return CauseNone, false
}
