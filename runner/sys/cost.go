package sys

import (
	"runtime"
	"time"
)

// Cost is the CPU time f takes on its thread: what it costs the machine,
// without the time that other processes had the core. 0 where ThreadTime is.
func Cost(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	from := ThreadTime()
	f()
	return ThreadTime() - from
}
