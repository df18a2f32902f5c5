package stats

// Cause is the one reason given for a tail sample.
type Cause uint8

// The causes. Which one a sample has is decided by nanoseconds (package ledger),
// not by their order.
const (
	CauseNone        Cause = iota // not in the tail
	CauseCompile                  // compile or recompile
	CauseCapture                  // graph capture
	CauseFallback                 // something else than asked for ran
	CauseShapeNew                 // first run of a shape
	CauseColdStart                // first sample of a run
	CauseWork                     // no excess over what its shape should take: a long request
	CauseGPU                      // throttle or clock drop
	CauseHost                     // run-queue delay or faults cover half of the excess
	CauseTool                     // tailscope itself
	CauseUnexplained              // none of the above
	NumCauses
)

// causeTable is what each cause is called: in files, and of several samples in a
// sentence. A cause without a row does not compile; TestCauseTable asks for both
// words.
var causeTable = [...]struct{ name, words string }{
	CauseNone:        {"", "none"},
	CauseCompile:     {"compile", "recompiles"},
	CauseCapture:     {"graph_capture", "graph captures"},
	CauseFallback:    {"fallback", "fallbacks"},
	CauseShapeNew:    {"shape_new", "first runs of a shape"},
	CauseColdStart:   {"cold_start", "cold starts"},
	CauseWork:        {"work", "long requests"},
	CauseGPU:         {"gpu", "GPU throttling"},
	CauseHost:        {"host", "stalls of the host"},
	CauseTool:        {"tool", "stalls of the tool"},
	CauseUnexplained: {"unexplained", "unexplained"},
}

var _ = [1]struct{}{}[len(causeTable)-int(NumCauses)] // as many rows as causes

// String returns the cause's name as it stands in every file; "" for none.
func (c Cause) String() string {
	if c < NumCauses {
		return causeTable[c].name
	}
	return "invalid"
}

// Words names samples of the cause in a sentence, plural.
func (c Cause) Words() string {
	if c < NumCauses {
		return causeTable[c].words
	}
	return "invalid"
}

// ParseCause is the inverse of Cause.String.
func ParseCause(s string) (Cause, bool) {
	for i, row := range causeTable {
		if row.name == s {
			return Cause(i), true
		}
	}
	return CauseNone, false
}
