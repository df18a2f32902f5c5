package worker

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lineReader reads the worker's lines at little cost to this process. A read
// that blocks a thread keeps Go's monitor thread awake, a thousand wake-ups a
// second; a pipe in Go's own poller wakes this process for every line, also
// while nobody reads. So the pipe is in a poller of its own, which reports one
// event each time it is armed, and that poller is in Go's. No call here
// waits in the kernel, hence all are made without telling the scheduler.
type lineReader struct {
	fd, ep int
	poller *os.File // ep

	wake    syscall.RawConn
	stopped atomic.Bool
}

// linePipe is the pipe of the worker's lines.
func linePipe() (out io.ReadCloser, theirs *os.File, err error) {
	var fd [2]int
	if err := syscall.Pipe2(fd[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	r, err := newLineReader(fd[0])
	if err != nil {
		return nil, nil, errors.Join(err, syscall.Close(fd[0]), syscall.Close(fd[1]))
	}
	return r, os.NewFile(uintptr(fd[1]), "worker stdout"), nil
}

// newLineReader takes over the pipe's reading end once it succeeds.
func newLineReader(fd int) (*lineReader, error) {
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT}); err != nil {
		return nil, errors.Join(os.NewSyscallError("epoll_ctl", err), syscall.Close(ep))
	}
	if err := syscall.SetNonblock(ep, true); err != nil {
		return nil, errors.Join(os.NewSyscallError("fcntl", err), syscall.Close(ep))
	}
	r := &lineReader{fd: fd, ep: ep, poller: os.NewFile(uintptr(ep), "poller of the worker's stdout")}
	if r.wake, err = r.poller.SyscallConn(); err != nil {
		return nil, errors.Join(err, r.poller.Close())
	}
	return r, nil
}

// Read returns what is in the pipe, at least one byte; it waits for that.
func (r *lineReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(r.fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		switch {
		case errno == 0 && n == 0:
			return 0, io.EOF
		case errno == 0:
			return int(n), nil
		case errno == unix.EINTR:
		case errno != unix.EAGAIN:
			return 0, os.NewSyscallError("read", errno)
		default:
			if err := r.wait(); err != nil {
				return 0, err
			}
		}
	}
}

// wait returns when the pipe holds something or has no writer any more.
func (r *lineReader) wait() error {
	if r.stopped.Load() {
		return io.EOF
	}
	arm := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT}
	if err := unix.EpollCtl(r.ep, unix.EPOLL_CTL_MOD, r.fd, &arm); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	var errno unix.Errno
	err := r.wake.Read(func(ep uintptr) bool {
		var ev unix.EpollEvent
		var n uintptr
		n, _, errno = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, ep, uintptr(unsafe.Pointer(&ev)), 1, 0, 0, 0)
		return n == 1 || errno != 0 && errno != unix.EINTR
	})
	switch {
	case r.stopped.Load():
		return io.EOF
	case err == nil && errno != 0:
		return os.NewSyscallError("epoll_pwait", errno)
	}
	return err
}

// Stop ends a Read that waits: what is in the pipe is read, then it is over.
// Any goroutine may call it.
func (r *lineReader) Stop() {
	r.stopped.Store(true)
	_ = r.poller.Close() // wakes the one that waits
}

// Close closes the pipe; nobody reads any more.
func (r *lineReader) Close() error {
	err := r.poller.Close()
	if r.stopped.Load() {
		err = nil // Stop has closed it
	}
	return errors.Join(err, syscall.Close(r.fd))
}

// writeNow writes what the pipe takes without waiting.
func writeNow(to syscall.RawConn, b []byte) (n int, err error) {
	var errno unix.Errno
	err = to.Write(func(fd uintptr) bool {
		var m uintptr
		m, _, errno = unix.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		if errno == 0 {
			n = int(m)
		}
		return true
	})
	if err == nil && errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
		err = os.NewSyscallError("write", errno)
	}
	return n, err
}
