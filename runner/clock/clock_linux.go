package clock

import _ "unsafe" // for go:linkname

// Monotonic returns CLOCK_MONOTONIC in nanoseconds, the clock of every
// instant in the protocol and in the files. It is read for every sample, so
// without a system call: Go's own clock is this one, read through the vDSO, and
// stays reachable (go.dev/issue/67401).
//
//go:linkname Monotonic runtime.nanotime
func Monotonic() int64
