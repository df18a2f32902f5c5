package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tailscope/tailscope/configs"
	"golang.org/x/sys/unix"
)

// Affinity is the set of CPUs that the kernel lets a process run on (its main
// thread, or with 0 the calling thread); nil when it does not say.
func Affinity(pid int) CPUs {
	var set unix.CPUSet
	if unix.SchedGetaffinity(pid, &set) != nil {
		return nil
	}
	var out CPUs
	for n := range configs.MaxCPUs {
		if set.IsSet(n) {
			out = append(out, n)
		}
	}
	return out
}

// siblings are the CPUs that share a core with one, nil when unknown.
func siblings(cpu int) CPUs {
	b, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu))
	if err != nil {
		return nil
	}
	list, _ := configs.ParseCPUs(strings.TrimSpace(string(b)))
	return list
}

// moveThread restricts the calling thread, and the processes that it starts.
func moveThread(to CPUs) error { return moveTask(0, to) }

func moveTask(tid int, to CPUs) error {
	var set unix.CPUSet
	for _, n := range to {
		set.Set(n)
	}
	if err := unix.SchedSetaffinity(tid, &set); err != nil {
		return fmt.Errorf("pin to the CPUs %s: %w", to, err)
	}
	return nil
}

// moveProcess restricts every thread of a process (0: this one). A thread
// inherits the CPUs of the one that made it, so threads made meanwhile are
// looked for until there are none.
func moveProcess(pid int, to CPUs) error {
	who := "self"
	if pid != 0 {
		who = strconv.Itoa(pid)
	}
	moved := map[int]bool{}
	for more := true; more; {
		more = false
		tasks, err := os.ReadDir(filepath.Join("/proc", who, "task"))
		if err != nil {
			return fmt.Errorf("pin to the CPUs %s: %w", to, err)
		}
		for _, t := range tasks {
			tid, _ := strconv.Atoi(t.Name())
			if moved[tid] {
				continue
			}
			if err := moveTask(tid, to); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
			moved[tid], more = true, true
		}
	}
	return nil
}
