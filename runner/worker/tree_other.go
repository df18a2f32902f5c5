//go:build !linux

package worker

import "syscall"

// killTree kills the group of a process.
func killTree(pid int, _ string) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
