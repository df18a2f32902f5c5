package sys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// TestLock: flock and LockFileEx are held by an open file, so a second opening
// stands for another process.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f := must.Get(os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644))(t)
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b := open(), open()
	must.OK(t, Lock(a))
	if err := Lock(b); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	if err := LockShared(b); !errors.Is(err, ErrLocked) {
		t.Errorf("a shared lock beside: %v", err)
	}
	if _, err := a.WriteString("x"); err != nil {
		t.Error(err)
	}
	if _, err := os.ReadFile(path); err != nil {
		t.Errorf("a lock keeps others from reading: %v", err)
	}
	a.Close()
	if err := LockWait(b); err != nil {
		t.Errorf("after it was closed: %v", err)
	}
}

func TestMapShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page")
	must.OK(t, os.WriteFile(path, make([]byte, 4096), 0o644))
	f := must.Get(os.OpenFile(path, os.O_RDWR, 0))(t)
	page := must.Get(MapShared(f, 4096))(t)
	f.Close()
	page[7] = 42
	if b, err := os.ReadFile(path); err != nil || b[7] != 42 {
		t.Errorf("the file does not have it: %v", err)
	}
	if err := Unmap(page); err != nil {
		t.Error(err)
	}
}

func TestReadings(t *testing.T) {
	for end := time.Now().Add(60 * time.Millisecond); time.Now().Before(end); {
	}
	if CPUTime() <= 0 {
		t.Error("no CPU time")
	}
	if free, ok := FreeBytes(t.TempDir()); !ok || free <= 0 {
		t.Errorf("free: %d, %v", free, ok)
	}
	if own, other := CPUTime(), CPUTimeOf(os.Getpid()); other <= 0 || (own-other).Abs() > 100*time.Millisecond {
		t.Errorf("this process took %v by its own clock, %v by the system's", own, other)
	}
	if r := Resident(os.Getpid()); r < 1<<20 {
		t.Errorf("this process takes %d bytes", r)
	}
	if Kernel() == "" {
		t.Error("no kernel")
	}
}
