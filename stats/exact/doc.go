// Package exact computes a session's statistics when it is over: all samples and
// events into an Analysis, summary.json and the cause of each slow sample out,
// every figure from raw values. Begin in analysis.go; runs.go sorts samples into
// runs, pairs.go matches the lanes, finish.go writes the groups, verdict.go
// weighs them.
package exact
