package between

import "math"

// Outcome of a gate. Undecided is no pass: the sessions do not tell.
type Outcome string

// The outcomes.
const (
	Pass      Outcome = "pass"
	Fail      Outcome = "fail"
	Undecided Outcome = "undecided"
)

// AtMost judges "no more than limit" for a quantity with an interval: it passes
// when even the upper end is within the limit, fails when even the lower end is
// beyond, and is undecided between. Without an interval nothing is decided.
func AtMost(lo, hi, limit float64) Outcome {
	switch {
	case math.IsNaN(lo) || math.IsNaN(hi) || math.IsNaN(limit):
		return Undecided
	case hi <= limit:
		return Pass
	case lo > limit:
		return Fail
	}
	return Undecided
}
