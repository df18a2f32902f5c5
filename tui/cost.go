package tui

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// costOf is the CPU time f takes on its thread: what it costs the machine,
// without the time that other processes had the core.
func costOf(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	from := threadTime()
	f()
	return threadTime() - from
}

// threadTime is the CPU time of this thread so far.
func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
