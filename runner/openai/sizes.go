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
	var list []int
	if json.Unmarshal([]byte(s), &list) == nil {
		slices.Sort(list)
		return list
	}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
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
	return capture.Limits{Captured: ints(s.Identity["capture sizes"]), Multiple: s.Identity.speculative(), MiBPerGraph: o.GraphMiB, MiB: o.GraphsMiB}
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
// edge, which is all that is known of it.
func stepsOfBuckets(b Buckets) (steps []capture.Step) {
	for i, n := range b.Counts {
		if e := b.Edges[i]; n > 0 && !math.IsInf(e, 0) {
			steps = append(steps, capture.Step{Tokens: int(e), N: int(n), Ms: math.NaN()})
		}
	}
	return steps
}

// advise tells which sizes to capture for the steps seen. The caller holds
// the lock.
func (e *engine) advise(k int, steps []capture.Step, from string) {
	s := e.servers[k]
	a, err := capture.Advise(steps, s.limits(&e.o))
	if err != nil {
		return
	}
	e.event(&protocol.Event{Kind: stats.KindMark, Lane: laneNames[k], Reason: "capture sizes, by " + from + ": " + a.Sentence(s.Identity["server"]),
		Extra: map[string]any{"capture_sizes": a.Sizes, "flag": capture.Flag(s.Identity["server"], a.Sizes), "steps": a.Steps}})
}
