// Package sim draws sessions whose truth is known: both lanes' latencies of the
// same requests, under the kinds of noise that hosts show. What is said of a
// session drawn without a difference is a false claim. Conditions lists them.
// Begin in sim.go.
package sim
