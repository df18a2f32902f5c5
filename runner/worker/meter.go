package worker

import (
	"math"
	"os"
	"time"

	"github.com/tailscope/tailscope/runner/sys"
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
		m.worker, m.WorkerRSS = worker, sys.Resident(worker)
	}
	if m.atNs != 0 && now-m.atNs < int64(time.Second) {
		return
	}
	cpu := int64(sys.CPUTime())
	m.Percent = math.NaN()
	if m.atNs != 0 {
		m.Percent = float64(cpu-m.cpuNs) / float64(now-m.atNs) * 100
	}
	m.atNs, m.cpuNs, m.RSS, m.WorkerRSS = now, cpu, sys.Resident(os.Getpid()), sys.Resident(worker)
}
