// Package demo makes views for tests of the screen and for looking at it while
// working on it. Latencies are simulated; everything computed from them comes
// from the real collector, as in a session. It is test data: nothing outside
// tui's tests and the program in demo/screen may import it, and no figure in
// it was measured. Begin in demo.go.
package demo
