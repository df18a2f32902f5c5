//go:build unix

package regular

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
)

// A pipe without a writer, a device without an end and a folder are refused at
// once; a file behind a link is read, up to a bound.
func TestOnlyFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	fifo, file, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	must.OK(t, errors.Join(syscall.Mkfifo(fifo, 0o600), os.WriteFile(file, []byte("text"), 0o600), os.Symlink(file, link)))
	for _, path := range []string{fifo, "/dev/zero", "/dev/null", dir} {
		done := make(chan error, 1)
		go func() { _, err := Open(path); done <- err }()
		select {
		case err := <-done:
			if !errors.Is(err, ErrNot) {
				t.Errorf("%s: %v", path, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s is waited for", path)
		}
	}
	if b, err := ReadFile(link, 4); err != nil || string(b) != "text" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := ReadFile(link, 3); err == nil {
		t.Error("a file beyond the bound is read")
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
