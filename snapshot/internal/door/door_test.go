//go:build unix

package door

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestNewFilesAreNew: what is written in place never opens what is there, be it
// a file, a link to one of the folder, or a link to nothing.
func TestNewFilesAreNew(t *testing.T) {
	path := t.TempDir()
	d := must.Get(Open(path))(t)
	defer d.Close()
	must.OK(t, errors.Join(d.WriteFile("mine", []byte("mine")), os.Symlink("mine", filepath.Join(path, "link")), os.Symlink("none", filepath.Join(path, "dangling"))))
	for _, name := range []string{"mine", "link", "dangling"} {
		if f, err := d.New(name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s was opened: %v", name, err)
			_ = f.Close()
		}
	}
	must.OK(t, os.Mkdir(filepath.Join(path, "folder"), 0o755))
	if err := d.WriteFile("folder", []byte("text")); err == nil || !strings.Contains(err.Error(), filepath.Join(path, "folder")+": is a directory") {
		t.Errorf("a file in the place of a folder: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(path, ".*.tmp")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if b, err := d.ReadSmall("mine"); err != nil || string(b) != "mine" || d.Has("none") {
		t.Errorf("%q, %v, and 'none' is there: %v", b, err, d.Has("none"))
	}
}

// TestErrorsNameTheFile: what cannot be begun is called by the name that it would
// have had.
func TestErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone")
	d, err := Open(must.Get(path, os.Mkdir(path, 0o755))(t))
	must.OK(t, err)
	defer d.Close()
	must.OK(t, os.Remove(path))
	if _, err := d.Create("report.md"); err == nil || !strings.HasPrefix(err.Error(), "write "+filepath.Join(path, "report.md")+": ") {
		t.Errorf("%v", err)
	}
}
