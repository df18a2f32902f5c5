package provision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/tailscope/tailscope/runner/sys"
)

// currentFile names, in one line, the entry of CacheDir that counts.
const currentFile = "current"

// cached returns the library of the user's cache, "" if there is none.
func cached() string {
	name := Version
	if b, err := os.ReadFile(filepath.Join(CacheDir(), currentFile)); err == nil {
		if s := strings.TrimSpace(string(b)); s != "" && s == filepath.Base(s) {
			name = s
		}
	}
	path := filepath.Join(CacheDir(), name, libName)
	if !sys.IsFile(path) {
		return ""
	}
	return path
}

// lockCache takes the lock that processes share, saying so once if it has to
// wait. The kernel releases it when the holder dies.
func lockCache(ctx context.Context, say func(string)) (unlock func(), err error) {
	noCache := func(err error) error {
		return fmt.Errorf("the cache folder for ONNX Runtime cannot be written (%w): choose another with XDG_CACHE_HOME, or name a library with %s", err, EnvLibrary)
	}
	if err := os.MkdirAll(CacheDir(), 0o755); err != nil {
		return nil, noCache(err)
	}
	f, err := os.OpenFile(filepath.Join(CacheDir(), ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, noCache(err)
	}
	for waited := false; ; waited = true {
		err := sys.Lock(f)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, sys.ErrLocked) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		if !waited {
			say("waiting: another tailscope is putting ONNX Runtime in place")
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stagingDir makes a fresh folder inside CacheDir, removing those that
// interrupted processes left. The caller holds the lock.
func stagingDir() (string, error) {
	old, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(CacheDir()), ".staging-*"))
	for _, dir := range old {
		os.RemoveAll(dir)
	}
	return os.MkdirTemp(CacheDir(), ".staging-")
}

// intoCache puts into the cache, under the lock that processes share, what get
// brings into a fresh folder of it; unless it is ready there.
func intoCache(ctx context.Context, p *progress, ready func() (Library, bool), get func(staging string) (Library, error)) (Library, error) {
	unlock, err := lockCache(ctx, p.say)
	if err != nil {
		return Library{}, err
	}
	defer unlock()
	if lib, ok := ready(); ok {
		return lib, nil
	}
	staging, err := stagingDir()
	if err != nil {
		return Library{}, fmt.Errorf("cache folder: %w", err)
	}
	defer os.RemoveAll(staging)
	lib, err := get(staging)
	if err == nil {
		lib, err = place(ctx, lib, staging)
	}
	if err != nil {
		return Library{}, err
	}
	return lib, nil
}

// place copies lib and the files beside it into one folder of the cache, by a
// rename, and makes it the one that counts. The caller holds the lock.
func place(ctx context.Context, lib Library, staging string) (Library, error) {
	sum, err := Hash(lib.Path)
	if err != nil {
		return lib, err
	}
	files, err := withCompanions(lib.Path)
	if err != nil {
		return lib, err
	}
	name := entryName(lib, sum, len(files) == 1)
	final, tmp := filepath.Join(CacheDir(), name), filepath.Join(staging, "entry")
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return lib, err
	}
	for _, src := range files {
		dst := filepath.Base(src)
		if src == lib.Path {
			dst = libName
		}
		if err := copyFile(ctx, src, filepath.Join(tmp, dst)); err != nil {
			return lib, fmt.Errorf("copy into the cache: %w", err)
		}
	}
	if got, err := Hash(filepath.Join(tmp, libName)); err != nil || got != sum {
		return lib, errors.Join(fmt.Errorf("the copy of %s differs from it: is the disk full?", lib.Path), err)
	}
	if err := replaceDir(tmp, final, filepath.Join(staging, "old")); err != nil {
		return lib, fmt.Errorf("put into the cache: %w", err)
	}
	if err := writeCurrent(name, staging); err != nil {
		return lib, err
	}
	lib.Path = filepath.Join(final, libName)
	return lib, nil
}

// entryName is the version for the pinned library, else version and hash, so
// that another build of the same release does not replace it.
func entryName(lib Library, sum string, alone bool) string {
	if sum == pinned[runtime.GOARCH] && alone {
		return Version
	}
	version := lib.Version
	if version == "" {
		version = "unknown"
	}
	return version + "-" + sum[:12]
}

// replaceDir renames tmp to final; a process that has the old one mapped
// keeps it.
func replaceDir(tmp, final, old string) error {
	if _, err := os.Lstat(final); err == nil {
		if err := os.Rename(final, old); err != nil {
			return err
		}
	}
	return os.Rename(tmp, final)
}

// writeCurrent makes the entry the one that counts, by a rename.
func writeCurrent(name, staging string) error {
	tmp := filepath.Join(staging, currentFile)
	if err := os.WriteFile(tmp, []byte(name+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(CacheDir(), currentFile))
}

// copyFile copies and syncs; a half copy never has the final folder's name.
func copyFile(ctx context.Context, src, dst string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, &ctxReader{ctx, in})
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// Hash returns the SHA-256, in hex, of files one after the other.
func Hash(paths ...string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", path, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ctxReader ends a copy when its context ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
