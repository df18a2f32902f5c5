// Package oldways holds what docs/robustness.md says to its word: for each fault
// that once went through, the few lines of the source that keep it out, how they
// read without, and the test that fails then. Begin with table_test.go.
//
// In: the source, the table. Out: the table of docs/robustness.md (-update), and
// with TAILSCOPE_OLDWAYS=1 a run of each test on the old behaviour; =S1,R6 runs
// those rows. Nothing in the source is changed: go test takes an overlay.
package oldways
