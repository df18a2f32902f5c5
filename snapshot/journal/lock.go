package journal

import (
	"errors"

	"github.com/tailscope/tailscope/runner/sys"

	"github.com/tailscope/tailscope/snapshot/internal/door"
)

// ErrRunning says that a process still writes to a journal.
var ErrRunning = errors.New("a process still writes to this session; end it first")

// Lock takes the lock of a journal whose process died (else ErrRunning).
func Lock(dir *door.Dir) (release func(), err error) {
	f, err := dir.Held(lockName)
	if err != nil {
		return nil, err
	}
	if sys.Lock(f) != nil {
		return nil, errors.Join(ErrRunning, f.Close())
	}
	return func() { _ = f.Close() }, nil // nothing was written
}

// Lives says whether a process holds the lock of a journal. The lock is tried
// shared and given back at once, so that nobody is kept from it.
func Lives(dir *door.Dir) bool {
	f, err := dir.Read(lockName)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // nothing was written
	return sys.LockShared(f) != nil
}
