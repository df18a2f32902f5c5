package provision

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/tailscope/tailscope/configs/regular"
)

// Setup puts a library into the user's cache, where every later start finds
// it, and returns its path. from is a folder, a shared library, a release
// archive (.tgz), an npm tarball, a wheel, or an http(s) URL of one of these;
// empty asks npm for Version. Provider libraries beside it come along. What
// is in the cache stays as it is when Setup fails.
func Setup(ctx context.Context, from string, opts Options) (string, error) {
	p := newProgress(opts.Progress)
	if from == "" {
		lib, err := fetch(ctx, p, true)
		return lib.Path, err
	}
	never := func() (Library, bool) { return Library{}, false }
	lib, err := intoCache(ctx, p, never, func(staging string) (Library, error) { return source(ctx, p, from, opts.SHA256, staging) })
	return lib.Path, err
}

// source returns a good library out of from, unpacked below staging if need be.
func source(ctx context.Context, p *progress, from, sum, staging string) (Library, error) {
	file := from
	if u, err := url.Parse(from); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		if u.Scheme == "http" && sum == "" {
			return Library{}, fmt.Errorf("%s comes by plain http, where anyone on the way can change it: give its --sha256, or an https URL", u.Redacted())
		}
		if file, err = download(ctx, p, u, staging); err != nil {
			return Library{}, err
		}
	} else if err == nil && u.Scheme == "file" {
		file = u.Path
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return Library{}, err
	}
	st, err := os.Stat(file)
	if err == nil && !st.IsDir() && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", file, regular.ErrNot)
	}
	if err != nil {
		return Library{}, fmt.Errorf("nothing to set up from: %w", err)
	}
	if st.IsDir() {
		if sum != "" {
			return Library{}, fmt.Errorf("%s is a folder: --sha256 is of a file", from)
		}
		return bestIn(file)
	}
	if err := checkSum(file, sum); err != nil {
		return Library{}, err
	}
	if isELF(file) {
		// The real file: its neighbours are the ones that belong to it.
		if file, err = filepath.EvalSymlinks(file); err != nil {
			return Library{}, err
		}
		return Check(file)
	}
	dest := filepath.Join(staging, "unpacked")
	p.say("unpacking " + path.Base(from))
	if err := unpack(ctx, file, dest, nil); err != nil {
		return Library{}, err
	}
	if _, err := os.Stat(dest); err != nil {
		return Library{}, fmt.Errorf("%s holds no shared library", from)
	}
	lib, err := bestIn(dest)
	if err != nil {
		return lib, fmt.Errorf("%s: %w", path.Base(from), errors.New(strings.ReplaceAll(err.Error(), dest, path.Base(from))))
	}
	return lib, nil
}

// checkSum compares a file with the SHA-256 that was asked for, if one was.
func checkSum(file, want string) error {
	if want == "" {
		return nil
	}
	got, err := Hash(file)
	if err == nil && !strings.EqualFold(got, strings.TrimSpace(want)) {
		err = fmt.Errorf("%s has the SHA-256 %s, not %s: nothing was put in place", filepath.Base(file), got, want)
	}
	return err
}

func isELF(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == "\x7fELF"
}
