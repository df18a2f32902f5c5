// Package protocol is the language between the supervisor and a worker:
// newline-delimited JSON over the worker's stdin and stdout, one object a
// line, its type in the key "t". docs/protocol.md specifies it for people who
// write engines; this package is that text as Go types, with a bounded reader
// and a buffered writer. It knows no process and no schedule.
//
// All instants are CLOCK_MONOTONIC, all durations are nanoseconds.
// Begin in codec.go.
package protocol

// Version is the protocol version a worker states in its hello line.
const Version = 1

// MaxLine is the longest line either side accepts, in bytes.
const MaxLine = 16 << 20
