package capture

import (
	"fmt"
	"math"
	"strings"
)

// Flag is the list as the server's command line takes it; "" for a server
// whose flag is not known.
func Flag(server string, sizes []int) string {
	switch server {
	case "vllm":
		return fmt.Sprintf(`--compilation-config '{"cudagraph_capture_sizes":[%s]}'`, strings.ReplaceAll(listed(sizes), " ", ","))
	case "sglang":
		return "--cuda-graph-bs " + listed(sizes)
	}
	return ""
}

// listed are sizes with spaces between.
func listed(sizes []int) string { return strings.Trim(fmt.Sprint(sizes), "[]") }

// Better tells whether the proposal is worth a restart: less padding, fewer
// steps without a graph, or nothing is known of what is captured now.
func (a Advice) Better() bool { return math.IsNaN(a.PaddedNow) || a.Off > 0 || a.After < a.PaddedNow }

// Enough says that there is nothing to change.
func (a Advice) Enough() string {
	return fmt.Sprintf("%d steps: what is captured serves them all with %.1f tokens of padding a step; no list of as many graphs does better", a.Steps, a.PaddedNow)
}

// eagerFlags are what makes a server capture nothing.
var eagerFlags = map[string]string{"vllm": "--enforce-eager", "sglang": "--disable-cuda-graph"}

// Eager says what a server that captures nothing could change.
func (a Advice) Eager(server string) string {
	s := fmt.Sprintf("%d steps of up to %d tokens: the server runs eager and captures nothing. To see what graphs change, attach a second server that captures %s beside it",
		a.Steps, a.Sizes[len(a.Sizes)-1], listed(a.Sizes))
	if f := Flag(server, a.Sizes); f != "" {
		s += ": without " + eagerFlags[server] + ", with " + f
	}
	return s + a.ofPrompts()
}

// ofPrompts says what the list is to steps that read prompts.
func (a Advice) ofPrompts() string {
	switch {
	case a.prompts == "":
		return ""
	case a.Kept > 0:
		return fmt.Sprintf("; %d of %d captured sizes above %d stay: steps that read prompts %s them", a.Kept, a.Above, a.Sizes[len(a.Sizes)-1-a.Kept], a.prompts)
	}
	return fmt.Sprintf("; these are sizes of decode steps: steps that read prompts %s the list, too", a.prompts)
}

// between is the interval of what is saved in parentheses.
func (a Advice) between() string {
	if math.IsNaN(a.Lo) {
		return " (too few steps for an interval)"
	}
	return fmt.Sprintf(" (95 %%: %.2f to %.2f)", a.Lo, a.Hi)
}

// Sentence says the advice.
func (a Advice) Sentence(server string) string {
	s := fmt.Sprintf("%d steps: capture %s", a.Steps, listed(a.Sizes))
	if f := Flag(server, a.Sizes); f != "" {
		s = fmt.Sprintf("%d steps: start the server with %s", a.Steps, f)
	}
	switch {
	case math.IsNaN(a.PaddedNow):
		s += fmt.Sprintf("; pads %.1f tokens a step. What is captured now is not known, so nothing is said of a gain", a.After)
	case math.IsNaN(a.SavedMs):
		s += fmt.Sprintf("; padding %.1f → %.1f tokens a step, steps without a graph %.1f → 0 %%. No times of steps are known, so nothing is said of a gain", a.PaddedNow, a.After, 100*a.Off)
	default:
		s += fmt.Sprintf("; a step %.2f → %.2f ms, saved %.2f ms%s, padding %.1f → %.1f tokens, steps without a graph %.1f → 0 %%", a.NowMs, a.ThenMs, a.SavedMs, a.between(), a.PaddedNow, a.After, 100*a.Off)
	}
	s += a.ofPrompts()
	if a.MiB > 0 {
		s += fmt.Sprintf("; graphs take about %.0f MiB", a.MiB)
	}
	return s + ". Attach a second server started so to confirm it"
}
