package native

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// computing are the CPUs of the threads that compute, once settle has run.
var computing atomic.Pointer[unix.CPUSet]

// Settle keeps the calling thread, which computes, on the CPUs that the process
// was started on, and lets every other thread use those beside them as well.
// Go's own threads wake during each call into the library: on a CPU that
// computes, each time costs a region 20 µs. A kernel that refuses leaves
// everything as it was.
func Settle(beside []int) {
	var own unix.CPUSet
	if len(beside) == 0 || unix.SchedGetaffinity(0, &own) != nil {
		return
	}
	wide, me, moved := own, unix.Gettid(), map[int]bool{}
	for _, n := range beside {
		wide.Set(n)
	}
	for more := true; more; { // a thread inherits from its maker: until there is no new one
		more = false
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range tasks {
			tid, _ := strconv.Atoi(t.Name())
			if tid != me && !moved[tid] {
				_ = unix.SchedSetaffinity(tid, &wide)
				moved[tid], more = true, true
			}
		}
	}
	computing.Store(&own)
}

// Compute moves a thread (0: the calling one) to where threads compute.
func Compute(tid int) {
	if set := computing.Load(); set != nil {
		_ = unix.SchedSetaffinity(tid, set)
	}
}

// OwnCPUs is where the calling thread may run, e.g. "2-5"; "" if the kernel
// does not say.
func OwnCPUs() string {
	b, _ := os.ReadFile("/proc/thread-self/status")
	_, rest, _ := strings.Cut(string(b), "Cpus_allowed_list:")
	list, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	return list
}

// AllowedCPUs is how many CPUs this thread may run on.
func AllowedCPUs() int {
	n := 0
	for part := range strings.SplitSeq(OwnCPUs(), ",") {
		lo, hi, ranged := strings.Cut(part, "-")
		a, err := strconv.Atoi(lo)
		b := a
		if ranged && err == nil {
			b, err = strconv.Atoi(hi)
		}
		if err != nil {
			return runtime.NumCPU()
		}
		n += b - a + 1
	}
	return n
}
