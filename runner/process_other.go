//go:build !linux

package runner

import "syscall"

// workerAttr puts the worker into its own group; it ends itself when its
// stdin closes.
func workerAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
