package provision

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"compress/gzip"
)

// maxUnpacked bounds what an archive may unpack to, in bytes: the GPU
// releases need about 1 GB.
const maxUnpacked = 8 << 30

// sharedObject matches the names that are kept from an archive.
var sharedObject = regexp.MustCompile(`^lib[^/]*\.so(\.[0-9]+)*$`)

// unpack writes the shared objects of an archive below dest, by its content:
// a gzipped or plain tar (release archive, npm tarball) or a zip (wheel).
// Links, and names that leave dest, are skipped. It stops early when stop
// says so for a name that was just written.
func unpack(ctx context.Context, archive, dest string, stop func(name string) bool) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	u := &unpacker{ctx: ctx, dest: dest, left: maxUnpacked, stop: stop}
	head := make([]byte, 262)
	n, _ := io.ReadFull(f, head)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		gz, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		err = u.tar(gz)
		return inArchive(archive, err)
	case n == 262 && string(head[257:262]) == "ustar":
		return inArchive(archive, u.tar(f))
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return inArchive(archive, u.zip(f))
	}
	return fmt.Errorf("%s is neither a shared library, a .tgz, nor a wheel (zip)", archive)
}

// inArchive names the archive in an error, and says what a torn end means.
func inArchive(archive string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("archive %s is cut short", archive)
	}
	if err != nil {
		return fmt.Errorf("archive %s: %w", archive, err)
	}
	return nil
}

type unpacker struct {
	ctx  context.Context
	dest string
	left int64 // bytes still allowed
	stop func(name string) bool
}

func (u *unpacker) tar(r io.Reader) error {
	tr := tar.NewReader(&ctxReader{u.ctx, r})
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if done, err := u.file(h.Name, tr); done || err != nil {
			return err
		}
	}
}

func (u *unpacker) zip(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	zr, err := zip.NewReader(f, st.Size())
	if err != nil {
		return err
	}
	for _, e := range zr.File {
		if !e.Mode().IsRegular() || !sharedObject.MatchString(path.Base(e.Name)) {
			continue
		}
		r, err := e.Open()
		if err != nil {
			return err
		}
		done, err := u.file(e.Name, &ctxReader{u.ctx, r})
		r.Close()
		if done || err != nil {
			return err
		}
	}
	return nil
}

// file writes one entry if it is a shared object.
func (u *unpacker) file(name string, r io.Reader) (done bool, err error) {
	name = path.Clean(strings.TrimPrefix(name, "./"))
	if !sharedObject.MatchString(path.Base(name)) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return false, nil
	}
	dst := filepath.Join(u.dest, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return false, err
	}
	out, err := os.Create(dst)
	if err != nil {
		return false, err
	}
	n, err := io.Copy(out, io.LimitReader(r, u.left+1))
	if u.left -= n; err == nil && u.left < 0 {
		err = fmt.Errorf("unpacks to more than %d GiB", maxUnpacked>>30)
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return false, err
	}
	return u.stop != nil && u.stop(name), nil
}
