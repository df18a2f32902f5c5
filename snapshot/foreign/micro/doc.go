// Package micro registers the formats of benchmarks of functions and commands:
// hyperfine, Google benchmark, JMH, criterion, pytest-benchmark, pyperf, BenchmarkDotNet, Go's
// testing, and HdrHistogram's files. Begin in gobench.go.
package micro

import (
	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// meansOfMany is the note of formats whose values are means of iterations.
func meansOfMany(in *rows.Input) {
	in.Note("A value of %s is the mean of many iterations: quantiles are those of repetitions, and say nothing of single calls.", in.Format.Name)
}
