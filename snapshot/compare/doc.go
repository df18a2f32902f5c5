// Package compare puts sessions and results side by side.
//
// In flow paths: of session folders, running ones too, and of results of other
// tools (analyze.go opens both). Out flow one analysis over all of them
// (Analyze), or a Comparison of two (Results, in compare.go: begin there):
// what differs in their environment and configuration, what changed in their
// latencies, and quantities by name for package gate.
package compare
