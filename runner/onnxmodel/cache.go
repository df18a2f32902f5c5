package onnxmodel

import (
	"fmt"
	"os"

	"github.com/tailscope/tailscope/runner/sys"
)

// cacheRoot is where built and derived models live.
func cacheRoot() (string, error) {
	root := sys.CacheDir("models")
	return root, os.MkdirAll(root, 0o755)
}

// ensureDir makes dir by make, called with a temporary folder beside it that
// is renamed when complete. It holds a lock, so that make runs once.
func ensureDir(dir string, make func(tmp string) error) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return nil // another process made it meanwhile
	}
	tmp := dir + ".tmp" // of a process that died: the lock says nobody uses it
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	if err := make(tmp); err != nil {
		os.RemoveAll(tmp)
		return err
	}
	return os.Rename(tmp, dir)
}

func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := sys.LockWait(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
