package tui

import (
	"runtime"
	"time"

	"github.com/tailscope/tailscope/runner/sys"
)

// costOf is the CPU time f takes on its thread: what it costs the machine,
// without the time that other processes had the core.
func costOf(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	from := sys.ThreadTime()
	f()
	return sys.ThreadTime() - from
}
