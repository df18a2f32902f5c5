// Package clock is CLOCK_MONOTONIC in nanoseconds: the clock of every instant
// in the protocol, in the files and on the screen. Begin in clock_linux.go.
package clock
