//go:build unix

package sys

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// NewGroup has cmd lead a process group of its own, so that a key pressed in
// the terminal does not reach it and the whole group can be ended.
func NewGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// EndGroup asks the group that pid leads to end.
func EndGroup(pid int) error { return unix.Kill(-pid, unix.SIGTERM) }

// KillGroup ends the group that pid leads, at once.
func KillGroup(pid int) error { return unix.Kill(-pid, unix.SIGKILL) }

// OursAlone tells whether a file or folder belongs to this user or the system's
// owner and nobody else may change it; the error says what is wrong.
func OursAlone(path string) error {
	var st, root unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	if unix.Stat("/", &root) != nil {
		root.Uid = 0
	}
	switch {
	case st.Uid != uint32(os.Geteuid()) && st.Uid != 0 && st.Uid != root.Uid:
		return fmt.Errorf("it belongs to the user %d", st.Uid)
	case st.Mode&0o002 != 0 && st.Mode&unix.S_ISVTX == 0:
		return errors.New("everybody may change it")
	}
	return nil
}

// Lock takes the exclusive lock of an open file without waiting; ErrLocked if
// another process has it. The system gives it back when f is closed or the
// process dies.
func Lock(f *os.File) error { return flock(f, unix.LOCK_EX|unix.LOCK_NB) }

// LockWait is Lock that waits.
func LockWait(f *os.File) error { return flock(f, unix.LOCK_EX) }

// LockShared takes a shared lock without waiting: it fails while another
// process holds an exclusive one, and keeps nobody from reading.
func LockShared(f *os.File) error { return flock(f, unix.LOCK_SH|unix.LOCK_NB) }

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrLocked
		}
		return err
	}
}

// MapShared maps the first size bytes of a file that is as long, to read and
// write: the file has them even when the process is killed. f may be closed.
func MapShared(f *os.File, size int) (page []byte, err error) {
	return unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// Unmap gives back what MapShared returned.
func Unmap(page []byte) error { return unix.Munmap(page) }

// FreeBytes is the room for this user on the file system of dir; false where
// it is not known.
func FreeBytes(dir string) (int64, bool) {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}

// CPUTime is the CPU time of this process so far, 0 if unknown.
func CPUTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ThreadTime is the CPU time of this thread so far, 0 if unknown. The caller
// has locked its goroutine to it.
func ThreadTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// Kernel is the release of the kernel, "" if unknown.
func Kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// Resume wakes this process up if a shell has stopped it.
func Resume() { _ = unix.Kill(unix.Getpid(), unix.SIGCONT) }

// DiskFull tells whether err says that a file cannot grow: no room, a quota,
// or a limit.
func DiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// Shell is the command that runs a line of the user's.
func Shell(line string) []string { return []string{"/bin/sh", "-c", "exec " + line} }
