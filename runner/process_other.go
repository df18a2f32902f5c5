//go:build !linux

package runner

import (
	"os"
	"syscall"
)

// workerAttr puts the worker into its own group; it ends itself when its
// stdin closes.
func workerAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// linePipe is the pipe of the worker's lines.
func linePipe() (out, theirs *os.File, err error) { return os.Pipe() }
