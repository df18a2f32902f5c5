package worker

import (
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Meter reads what this process costs and what memory both take, once a
// second and when the worker is another.
type Meter struct {
	Percent        float64 // of a core, NaN until there are two readings
	RSS, WorkerRSS int64   // bytes, 0: unknown

	atNs, cpuNs int64
	worker      int // process; 0: none
}

// Read reads at an instant; worker is its process, 0 for none.
func (m *Meter) Read(now int64, worker int) {
	if worker != m.worker {
		m.worker, m.WorkerRSS = worker, rss(worker)
	}
	if m.atNs != 0 && now-m.atNs < int64(time.Second) {
		return
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		m.Percent, m.RSS = math.NaN(), 0
		return
	}
	cpu := u.Utime.Nano() + u.Stime.Nano()
	m.Percent = math.NaN()
	if m.atNs != 0 {
		m.Percent = float64(cpu-m.cpuNs) / float64(now-m.atNs) * 100
	}
	m.atNs, m.cpuNs, m.RSS, m.WorkerRSS = now, cpu, rss(unix.Getpid()), rss(worker)
}

// rss is the resident memory of a process in bytes, 0 if unknown.
func rss(pid int) int64 {
	if pid == 0 {
		return 0
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
