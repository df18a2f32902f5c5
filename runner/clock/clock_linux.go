package clock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Monotonic returns CLOCK_MONOTONIC in nanoseconds, the clock of every
// instant in the protocol and in the files. It is read for every sample, and
// without telling the scheduler: that would wake Go's monitor thread each
// time, which costs more than all else about a sample.
func Monotonic() int64 {
	var ts unix.Timespec
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return 0
	}
	return ts.Nano()
}
