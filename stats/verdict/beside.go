package verdict

import (
	"fmt"
	"math"
	"strings"

	"github.com/tailscope/tailscope/stats"
)

// responses says, where the load is open, how long requests took since they
// were due: the ranks are of execution alone, which a queue leaves as it is.
func (in *Input) responses() string {
	e, o := &in.Lanes[stats.Eager], &in.Lanes[stats.Optimized]
	if math.IsNaN(e.ResponseP99) || math.IsNaN(o.ResponseP99) {
		return ""
	}
	p99 := func(s *stats.Summary) string {
		if s.P99.Need > 0 {
			return "" // too few samples for it
		}
		return fmt.Sprintf(" (p99 %s)", stats.FormatMs(s.ResponseP99))
	}
	s := fmt.Sprintf(" That is execution; since they were due, requests took %s%s eager and %s%s optimized.",
		stats.FormatMs(e.ResponseP50), p99(e), stats.FormatMs(o.ResponseP50), p99(o))
	var full []string
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		if x := &in.Lanes[l]; x.ResponseP50 > 2*x.P50.Value {
			full = append(full, l.String())
		}
	}
	if len(full) > 0 {
		s += " Half of them took more than twice the median execution (" + strings.Join(full, ", ") + "): they queue."
	}
	return s
}

// failures counts the requests that the times are not of; "" without any.
func (in *Input) failures() string {
	var parts []string
	for l := stats.Lane(0); l < stats.NumLanes; l++ {
		if n := in.Failed[l]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d %s", n, n+in.Lanes[l].N, l))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	s := " " + strings.Join(parts, " and ") + " requests failed"
	if in.Lanes[stats.Eager].N+in.Lanes[stats.Optimized].N == 0 {
		return s + "."
	}
	return s + ": the times are of the others."
}

// list joins names: "median, mean and p99".
func list(names []string) string { return join(names, "and") }

// or joins them: "median, mean or p99".
func or(names []string) string { return join(names, "or") }

func join(names []string, word string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " " + word + " " + names[n-1]
}
