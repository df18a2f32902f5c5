package clock

import (
	"math/bits"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")
	counter  = kernel32.NewProc("QueryPerformanceCounter")
	perSec   = func() (hz uint64) {
		kernel32.NewProc("QueryPerformanceFrequency").Call(uintptr(unsafe.Pointer(&hz)))
		return max(hz, 1)
	}()
)

// Monotonic returns nanoseconds of the performance counter, the clock of every
// instant in the protocol and in the files. Python's time.perf_counter_ns and
// time.monotonic_ns read the same one there.
func Monotonic() int64 {
	var ticks uint64
	counter.Call(uintptr(unsafe.Pointer(&ticks)))
	hi, lo := bits.Mul64(ticks, 1e9)
	ns, _ := bits.Div64(hi, lo, perSec)
	return int64(ns)
}
