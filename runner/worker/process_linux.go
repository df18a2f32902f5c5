package worker

import "syscall"

// workerAttr puts the worker into its own group and has the kernel kill it
// when the supervisor dies.
func workerAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
