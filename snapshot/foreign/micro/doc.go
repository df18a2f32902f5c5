// Package micro registers the formats of benchmarks of functions and commands:
// hyperfine, Google benchmark, JMH, criterion, pytest-benchmark, pyperf, BenchmarkDotNet, Go's
// testing, and HdrHistogram's files.
package micro

import (
	"math"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/snapshot/foreign/rows"
)

// meansOfMany is the note of formats whose values are means of iterations.
func meansOfMany(in *rows.Input) {
	in.Note("A value of %s is the mean of many iterations: quantiles are those of repetitions, and say nothing of single calls.", in.Format.Name)
}

// begin starts a document that is a run of its own.
func begin(in *rows.Input, d *rows.Doc, columns ...string) error {
	if d.N > 1 {
		in.NextRun()
	}
	return in.Columns(columns...)
}

// number is a decimal number times scale; NaN if it is none.
func number(s string, scale float64) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return math.NaN()
	}
	return v * scale
}
