package door

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tailscope/tailscope/runner/plain"
)

// maxSmall bounds the files that are read whole.
const maxSmall = 64 << 20

// Dir is a folder. It is safe for use by several goroutines.
type Dir struct{ root *os.Root }

// Open opens the folder at path, which may itself be reached by a link.
func Open(path string) (*Dir, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() { // and no pipe that would be waited for
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// Path names the folder, or a file in it, for messages.
func (d *Dir) Path(name ...string) string {
	return filepath.Join(append([]string{d.root.Name()}, name...)...)
}

// Close closes the folder; files opened through it stay open.
func (d *Dir) Close() { _ = d.root.Close() } // nothing is written to it

// Sub opens the folder name in d, which may have several elements.
func (d *Dir) Sub(name string) (*Dir, error) {
	if err := d.noLink(name); err != nil {
		return nil, err
	}
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// Make is Sub, after the folder was made where it is not there.
func (d *Dir) Make(name ...string) (*Dir, error) {
	path := filepath.Join(name...)
	if err := d.noLink(path); err != nil {
		return nil, err
	}
	if err := d.root.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	return d.Sub(path)
}

// noLink refuses a path on which a link lies: what is written there would
// land among the files of another folder.
func (d *Dir) noLink(path string) error {
	at := ""
	for e := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		at = filepath.Join(at, e)
		if fi, err := d.root.Lstat(at); err == nil && !fi.IsDir() {
			return &fs.PathError{Op: "enter", Path: d.Path(at), Err: errors.New("it is a link or a file, not a folder")}
		}
	}
	return nil
}

// File is a buffered file that appears under its name when it is closed.
type File struct {
	*bufio.Writer
	f         *os.File
	d         *Dir
	name, tmp string
}

// Create begins the file name.
func (d *Dir) Create(name string) (*File, error) {
	tmp := "." + name + "." + rand.Text()[:12] + ".tmp"
	f, err := d.New(tmp)
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) { // the user knows the name that it will have
		err = &fs.PathError{Op: "write", Path: d.Path(name), Err: pe.Err}
	}
	if err != nil {
		return nil, err
	}
	return &File{bufio.NewWriterSize(f, 256<<10), f, d, name, tmp}, nil
}

// Temporary says whether a name is one of a file that was begun and never
// completed.
func Temporary(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}

// Close completes the file.
func (f *File) Close() error {
	if err := errors.Join(f.Flush(), f.f.Close()); err != nil {
		return errors.Join(err, f.d.root.Remove(f.tmp))
	}
	err := f.d.root.Rename(f.tmp, f.name)
	if err == nil {
		return nil
	}
	_ = f.d.root.Remove(f.tmp) // the error is of what it was for
	if fi, there := f.d.root.Lstat(f.name); there == nil && fi.IsDir() {
		err = syscall.EISDIR
	}
	return &fs.PathError{Op: "write", Path: f.d.Path(f.name), Err: err}
}

// CloseSynced is Close after which the content is on disk.
func (f *File) CloseSynced() error {
	if err := errors.Join(f.Flush(), f.f.Sync()); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Close()
}

// Abort removes the file.
func (f *File) Abort() error { return errors.Join(f.f.Close(), f.d.root.Remove(f.tmp)) }

// WriteFile writes a small file whole: a reader sees the old or the new one.
func (d *Dir) WriteFile(name string, b []byte) error {
	f, err := d.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Close()
}

// WriteJSON writes v indented.
func (d *Dir) WriteJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return d.WriteFile(name, append(plain.JSON(b), '\n'))
}

// New creates a file that is written in place; one that is there is an error.
func (d *Dir) New(name string) (*os.File, error) {
	return d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
}

// Held opens a file that is there, or an empty one, to be locked.
func (d *Dir) Held(name string) (*os.File, error) {
	return regular(d.root.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NONBLOCK, 0o644))
}

// Read opens a regular file.
func (d *Dir) Read(name string) (*os.File, error) {
	return regular(d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)) // a pipe is not waited for
}

func regular(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: errors.New("it is no regular file")}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ReadSmall reads a file of bounded size.
func (d *Dir) ReadSmall(name string) ([]byte, error) {
	f, err := d.Read(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxSmall {
		return nil, fmt.Errorf("%s is larger than %d bytes", d.Path(name), maxSmall)
	}
	b := make([]byte, fi.Size())
	n, err := f.ReadAt(b, 0)
	if n < len(b) {
		return nil, fmt.Errorf("read %s: %w", d.Path(name), err)
	}
	return b, nil
}

// ReadJSON reads a small JSON file; an error names it.
func (d *Dir) ReadJSON(name string, v any) error {
	b, err := d.ReadSmall(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", d.Path(name), err)
	}
	return nil
}

// Has says whether name is there, as a link too.
func (d *Dir) Has(name string) bool {
	_, err := d.root.Lstat(name)
	return err == nil
}

// Stat describes name.
func (d *Dir) Stat(name string) (fs.FileInfo, error) { return d.root.Stat(name) }

// List lists the folder.
func (d *Dir) List() ([]fs.DirEntry, error) { return fs.ReadDir(d.root.FS(), ".") }

// FS is the folder for walking.
func (d *Dir) FS() fs.FS { return d.root.FS() }

// Remove removes a file, a link itself where it is one.
func (d *Dir) Remove(name string) error { return d.root.Remove(name) }

// RemoveAll removes a folder of d with all that is in it.
func (d *Dir) RemoveAll(name string) error { return d.root.RemoveAll(name) }

// Gone says whether the folder was deleted.
func (d *Dir) Gone() bool {
	_, err := d.root.Lstat(".")
	if err != nil {
		return true
	}
	probe := ".probe." + rand.Text()[:12] + ".tmp" // an open folder outlives its name, but takes no file
	f, err := d.New(probe)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	_ = errors.Join(f.Close(), d.Remove(probe)) // it is empty
	return false
}

// Moved says whether the path by which the folder was opened leads elsewhere by now.
func (d *Dir) Moved() bool {
	here, err := d.root.Stat(".")
	if err != nil {
		return false
	}
	there, err := os.Stat(d.root.Name())
	return err != nil || !os.SameFile(here, there)
}
