package openai

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
	"github.com/tailscope/tailscope/stats/capture"
)

// ints reads "[1, 2, 4]", "1 2 4" or "1,2,4".
func ints(s string) (out []int) {
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '-' }) {
		if n, err := strconv.Atoi(w); err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// speculative is by how many tokens a request grows a step: 1 + those that
// are guessed.
func (i Identity) speculative() int {
	var spec struct {
		N int `json:"num_speculative_tokens"`
	}
	if json.Unmarshal([]byte(i["speculative"]), &spec) == nil && spec.N > 0 {
		return 1 + spec.N
	}
	return 1
}

// limits are what the advisor may propose for a server.
func (s *Server) limits(o *Options) capture.Limits {
	return capture.Limits{Captured: ints(s.Identity["capture sizes"]), Multiple: s.Identity.speculative(), MiBPerGraph: o.GraphMiB, MiB: o.GraphsMiB, Prompts: s.prompts()}
}

// prompts is what steps that read prompts do with the captured sizes: vLLM
// serves them by piecewise graphs, or full ones, of the same list unless its
// mode has graphs of decoding alone; SGLang and TGI capture decoding.
func (s *Server) prompts() string {
	mode := strings.ToLower(s.Identity["graph mode"])
	switch {
	case s.Identity["server"] != "vllm":
		return ""
	case mode == "" || s.Identity["eager"] == "true": // a second one, not eager, has a mode of its own
		return "may use"
	case strings.HasSuffix(mode, "none") || strings.HasSuffix(mode, "full_decode_only"):
		return ""
	}
	return "use"
}

// largest is the most tokens that a captured graph serves; 0: none, or not known.
func (s *Server) largest() int {
	if s.Identity["eager"] == "true" {
		return 0
	}
	if sizes := ints(s.Identity["capture sizes"]); len(sizes) > 0 {
		return sizes[len(sizes)-1]
	}
	n, _ := strconv.Atoi(s.Identity["largest captured"])
	return n
}

// mostTokens is the most that a step of decoding alone can have: what lies
// beyond are prompts.
func (s *Server) mostTokens() int {
	n, err := strconv.Atoi(s.Identity["most requests"])
	if err != nil {
		n = 512 // vLLM's own default list ends there
	}
	return n * s.Identity.speculative()
}

// stepsOfLog are the steps that a log told of.
func stepsOfLog(seen map[int]*stepCost) (steps []capture.Step) {
	for _, n := range slices.Sorted(maps.Keys(seen)) {
		c := seen[n]
		ms := math.NaN()
		if c.ms > 0 {
			ms = c.ms / float64(c.n)
		}
		if g := c.n - c.eager; g > 0 {
			steps = append(steps, capture.Step{Tokens: n, N: g, Ms: ms})
		}
		if c.eager > 0 {
			steps = append(steps, capture.Step{Tokens: n, N: c.eager, Ms: ms, Eager: true})
		}
	}
	return steps
}

// stepsOfBuckets are the steps of a histogram: each at its bucket's upper
// edge, which is all that is known of it, and at most at most.
func stepsOfBuckets(b Buckets, most int) (steps []capture.Step) {
	for i, n := range b.Counts {
		if n > 0 && (i == 0 || b.Edges[i-1] < float64(most)) {
			steps = append(steps, capture.Step{Tokens: int(min(b.Edges[i], float64(most))), N: int(n), Ms: math.NaN()})
		}
	}
	return steps
}

// captures are the servers that record graphs by the size of a batch.
var captures = []string{"vllm", "sglang", "tgi"}

// advise tells which sizes to capture for the steps seen. The caller holds
// the lock.
func (e *engine) advise(k int, steps []capture.Step, from string) {
	s := e.servers[k]
	a, err := capture.Advise(steps, s.limits(&e.o))
	if err != nil || !slices.Contains(captures, s.Identity["server"]) {
		return
	}
	extra := map[string]any{"capture_sizes": a.Sizes, "flag": capture.Flag(s.Identity["server"], a.Sizes), "steps": a.Steps}
	says := a.Sentence(s.Identity["server"])
	switch {
	case s.Identity["eager"] == "true":
		says = a.Eager(s.Identity["server"])
	case !a.Better():
		says, extra = a.Enough(), map[string]any{"capture_sizes": nil, "steps": a.Steps}
	}
	e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[k], Reason: "capture sizes, by " + from + ": " + says, Extra: extra})
}
