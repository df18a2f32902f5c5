// Package live describes a session while it runs: samples and events into a
// Collector, a stats.Live out, up to 30 times a second. Its memory does not grow
// with the number of samples, and Add takes no more than 100 ns and allocates
// nothing. One goroutine owns a Collector.
//
// Begin in collector.go (what is kept), add.go (the path of a sample: what cannot
// wait) and drain.go (all that can, for up to 512 samples at a time):
// window.go is the sliding window, group.go one lane in one scope, segment.go
// what a toggle parts, shapes.go the executed shapes, ledger.go the causes,
// pairs.go the pairs, timeline.go the bins of time, view.go what comes out.
package live
