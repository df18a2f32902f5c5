// Package capture proposes the batch sizes for which a server should record
// CUDA graphs. In: how many tokens the steps of observed traffic had, what
// they took, and what is captured now. Out: a list of sizes under a limit, and
// what it saves a step, with an interval. Pure: no clock, no file.
// Begin in capture.go.
package capture
