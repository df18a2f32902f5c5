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
	WorkerPercent  float64 // the same of the worker
	RSS, WorkerRSS int64   // bytes, 0: unknown

	atNs, cpuNs int64
	workerNs    int64 // its CPU time as last read; 0: unknown
	worker      int   // process; 0: none
}

// Read reads at an instant; worker is its process, 0 for none.
func (m *Meter) Read(now int64, worker int) {
	if worker != m.worker {
		m.worker, m.WorkerRSS, m.workerNs, m.WorkerPercent = worker, sys.Resident(worker), 0, math.NaN()
	}
	if m.atNs != 0 && now-m.atNs < int64(time.Second) {
		return
	}
	cpu, theirs := int64(sys.CPUTime()), int64(sys.CPUTimeOf(worker))
	m.Percent, m.WorkerPercent = math.NaN(), math.NaN()
	if m.atNs != 0 {
		m.Percent = float64(cpu-m.cpuNs) / float64(now-m.atNs) * 100
		if m.workerNs > 0 && theirs > 0 {
			m.WorkerPercent = float64(theirs-m.workerNs) / float64(now-m.atNs) * 100
		}
	}
	m.atNs, m.cpuNs, m.workerNs, m.RSS, m.WorkerRSS = now, cpu, theirs, sys.Resident(os.Getpid()), sys.Resident(worker)
}
