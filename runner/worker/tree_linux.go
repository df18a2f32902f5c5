package worker

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// killTree kills the group of a process, its descendants, and whatever carries
// its cookie in the environment: a child that has made a session of its own
// and lost its parent is found too. It looks again until nothing is left.
func killTree(pid int, cookie string) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	for range 10 {
		left := 0
		for _, q := range family(pid, cookie) {
			if syscall.Kill(q, syscall.SIGKILL) == nil {
				left++
			}
		}
		if left == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// family lists the living descendants of a process and the bearers of its
// cookie, the process itself included, zombies and this process left out.
func family(pid int, cookie string) (out []int) {
	if self, _ := os.Readlink("/proc/self"); self != strconv.Itoa(os.Getpid()) {
		return nil // it is of another namespace: its numbers are of other processes
	}
	procs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	parent := map[int]int{}
	bears := map[int]bool{}
	for _, d := range procs {
		q, err := strconv.Atoi(d.Name())
		if err != nil || q == os.Getpid() {
			continue
		}
		ppid, ok := parentOf(q)
		if !ok {
			continue
		}
		parent[q] = ppid
		if env, err := os.ReadFile(filepath.Join("/proc", d.Name(), "environ")); err == nil {
			bears[q] = bytes.Contains(env, []byte(cookie))
		}
	}
	for q := range parent {
		for a, n := q, 0; a > 1 && n < 64; a, n = parent[a], n+1 {
			if a == pid || bears[a] {
				out = append(out, q)
				break
			}
		}
	}
	return out
}

// parentOf reads the parent of a process that lives and is no zombie.
func parentOf(pid int) (int, bool) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, false
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // the name may hold anything
	if len(f) < 2 || f[0][0] == 'Z' || f[0][0] == 'X' {
		return 0, false
	}
	ppid, err := strconv.Atoi(string(f[1]))
	return ppid, err == nil
}
