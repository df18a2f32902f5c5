package runner

import (
	"os"
	"syscall"
)

// workerAttr puts the worker into its own group and has the kernel kill it
// when the supervisor dies.
func workerAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// linePipe is the pipe of the worker's lines. Reading it blocks a thread: the
// runtime's poller would wake this process for every line, also while nobody
// reads.
func linePipe() (out, theirs *os.File, err error) {
	var fd [2]int
	if err := syscall.Pipe2(fd[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	return os.NewFile(uintptr(fd[0]), "worker stdout"), os.NewFile(uintptr(fd[1]), "worker stdout"), nil
}
