package sys

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// NewGroup has cmd lead a process group of its own, so that a key pressed in
// the console does not reach it.
func NewGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &windows.SysProcAttr{}
	}
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_NEW_PROCESS_GROUP
}

// DieWithParent is Linux's: here a worker ends itself when its stdin closes.
func DieWithParent(*exec.Cmd) {}

// EndGroup asks the group that pid leads to end; without a console there is no
// way to ask, and it is ended.
func EndGroup(pid int) error {
	if windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(pid)) == nil {
		return nil
	}
	return KillGroup(pid)
}

// KillGroup ends pid and the processes that it started, and theirs, at once.
func KillGroup(pid int) error {
	for _, child := range children(uint32(pid)) {
		_ = KillGroup(int(child))
	}
	h, err := windows.OpenProcess(windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer windows.CloseHandle(h)
	return os.NewSyscallError("TerminateProcess", windows.TerminateProcess(h, 1))
}

// children are the processes that pid started and that live.
func children(pid uint32) (out []uint32) {
	snap, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil
	}
	defer windows.CloseHandle(snap)
	e := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err := windows.Process32First(snap, &e); err == nil; err = windows.Process32Next(snap, &e) {
		if e.ParentProcessID == pid && e.ProcessID != pid && e.ProcessID != 0 {
			out = append(out, e.ProcessID)
		}
	}
	return out
}

// Lock takes the exclusive lock of an open file without waiting; ErrLocked if
// another process has it. The system gives it back when f is closed or the
// process dies.
func Lock(f *os.File) error {
	return lock(f, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
}

// LockWait is Lock that waits.
func LockWait(f *os.File) error { return lock(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// LockShared takes a shared lock without waiting: it fails while another
// process holds an exclusive one.
func LockShared(f *os.File) error { return lock(f, windows.LOCKFILE_FAIL_IMMEDIATELY) }

// lock locks a byte far behind the end: locks here keep others from reading.
func lock(f *os.File, flags uint32) error {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return os.NewSyscallError("LockFileEx", err)
}

// MapShared maps the first size bytes of a file that is as long, to read and
// write: the file has them even when the process is killed. f may be closed.
func MapShared(f *os.File, size int) (page []byte, err error) {
	m, err := windows.CreateFileMapping(windows.Handle(f.Fd()), nil, windows.PAGE_READWRITE, 0, uint32(size), nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateFileMapping", err)
	}
	defer windows.CloseHandle(m) // the view keeps it
	at, err := windows.MapViewOfFile(m, windows.FILE_MAP_READ|windows.FILE_MAP_WRITE, 0, 0, uintptr(size))
	if err != nil {
		return nil, os.NewSyscallError("MapViewOfFile", err)
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), size), nil
}

// Unmap gives back what MapShared returned.
func Unmap(page []byte) error {
	return os.NewSyscallError("UnmapViewOfFile", windows.UnmapViewOfFile(uintptr(unsafe.Pointer(&page[0]))))
}

// FreeBytes is the room for this user on the volume of dir; false where it is
// not known.
func FreeBytes(dir string) (int64, bool) {
	name, err := windows.UTF16PtrFromString(dir)
	var free uint64
	if err != nil || windows.GetDiskFreeSpaceEx(name, &free, nil, nil) != nil {
		return 0, false
	}
	return int64(min(free, 1<<62)), true
}

// Medium names the volume of dir where that matters for writing: a network; ""
// elsewhere.
func Medium(dir string) string {
	name, err := windows.UTF16PtrFromString(dir)
	var root [windows.MAX_PATH + 1]uint16
	if err != nil || windows.GetVolumePathName(name, &root[0], uint32(len(root))) != nil {
		return ""
	}
	if windows.GetDriveType(&root[0]) == windows.DRIVE_REMOTE {
		return "a network: writing may stall"
	}
	return ""
}

// CPUTime is the CPU time of this process so far, 0 if unknown.
func CPUTime() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return spent(kernel) + spent(user)
}

// ThreadTime is not known here to a use: threads' times move in steps of 15 ms.
func ThreadTime() time.Duration { return 0 }

// spent is a duration that Windows counts in 100 ns.
func spent(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}

// Kernel is the version of Windows.
func Kernel() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}

// Resume has nothing to do: no shell here stops a process.
func Resume() {}

// DiskFull tells whether err says that a file cannot grow.
func DiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// Shell is the command that runs a line of the user's.
func Shell(line string) []string { return []string{"cmd.exe", "/d", "/s", "/c", line} }

// OursAlone tells nothing here: folders of other users are not looked into.
func OursAlone(string) error { return nil }
