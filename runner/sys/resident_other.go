//go:build !linux

package sys

import "github.com/shirou/gopsutil/v4/process"

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
