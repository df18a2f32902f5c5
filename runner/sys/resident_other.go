//go:build !linux

package sys

import (
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// CPUTimeOf is the CPU time of a process so far, 0 if unknown.
func CPUTimeOf(pid int) time.Duration {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0
	}
	t, err := p.Times()
	if err != nil {
		return 0
	}
	return time.Duration((t.User + t.System) * float64(time.Second))
}

// Resident is the memory of a process in bytes, 0 if unknown.
func Resident(pid int) int64 {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0
	}
	m, err := p.MemoryInfo()
	if err != nil {
		return 0
	}
	return int64(m.RSS)
}
