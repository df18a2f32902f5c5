package machine

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/runner/worker"
	"github.com/tailscope/tailscope/stats"
)

// crowded says that more threads would compute than there are CPUs for them, ""
// where there are enough. threads is what the user means to give; 0: none.
func crowded(threads int) string {
	place, err := worker.Placer("")
	if err != nil {
		return ""
	}
	p, cpus := place("interleaved"), runtime.NumCPU()
	if len(p.Worker) > 0 {
		cpus = len(p.Worker)
	}
	if threads == 0 {
		threads = p.Threads()
	}
	return crowdedWords(threads, cpus, readWord("/sys/fs/cgroup/cpu.max"))
}

// crowdedWords takes the control group's bound of CPU time as the kernel writes
// it: "150000 100000", "max 100000".
func crowdedWords(threads, cpus int, quota string) string {
	has, whose := float64(cpus), "the worker has"
	if q := quotaCPUs(quota); q > 0 && q < has {
		has, whose = q, "the control group gives the time of"
	}
	if float64(threads) <= has {
		return ""
	}
	return fmt.Sprintf("%s to compute with where %s %.3g CPUs: they wait for each other, which can turn the winner round; --threads %d",
		stats.Counted(threads, "thread"), whose, has, max(int(has), 1))
}

// quotaCPUs is a bound of CPU time in CPUs; 0: none is set.
func quotaCPUs(quota string) float64 {
	a, b, _ := strings.Cut(quota, " ")
	time, err1 := strconv.ParseFloat(a, 64)
	period, err2 := strconv.ParseFloat(b, 64)
	if err1 != nil || err2 != nil || period <= 0 {
		return 0
	}
	return time / period
}
