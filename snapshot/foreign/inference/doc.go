// Package inference registers the formats of tools that run models: serving
// benchmarks, runtimes' own benchmarks, and profilers whose traces name steps.
// In: a file's text. Out: rows. Each format is one file; begin in llamabench.go.
package inference

import (
	"maps"
	"slices"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// Times of a request that several tools have, as modes of rows.
const (
	e2e  = "e2e"  // from sending to the last token
	ttft = "ttft" // to the first token
	itl  = "itl"  // between tokens
	tpot = "tpot" // mean of a request's times between tokens
)

// metrics are the times that a file has, by the name it gives them.
type metrics map[string]string

// wanted is the choice of --latency-column among the metrics, as a test.
func (m metrics) wanted(in *rows.Input) (func(mode string) bool, error) {
	c, err := in.Metric(slices.Sorted(maps.Keys(m))...)
	return func(mode string) bool { return c == "" || m[c] == mode }, err
}
