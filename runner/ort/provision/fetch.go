package provision

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Ensure returns a library: the one Find returns, else one that it fetches
// through npm into the user's cache. Two processes that start at once fetch
// once.
func Ensure(ctx context.Context, opts Options) (string, error) {
	lib, err := find(opts)
	if !errors.Is(err, ErrNotFound) {
		return lib.Path, err
	}
	p := newProgress(opts.Progress)
	if what, ok := strings.CutPrefix(err.Error(), ErrNotFound.Error()+"; "); ok {
		p.say("ONNX Runtime: " + what)
	}
	lib, err = fetch(ctx, p, false)
	return lib.Path, err
}

// inPlace returns the library of the cache if it will do: any good one that
// another process put there meanwhile or, when the pinned one was asked for by
// name, that one, whole by its hash.
func inPlace(pinnedOnly bool) (Library, bool) {
	path := cached()
	if path == "" {
		return Library{}, false
	}
	if pinnedOnly {
		if sum, err := Hash(path); err != nil || sum != pinned[runtime.GOARCH] {
			return Library{}, false
		}
	}
	lib, err := Check(path)
	lib.Where = "cache"
	return lib, err == nil
}

// fetch asks npm for the pinned package and puts its library into the cache,
// unless it is in place.
func fetch(ctx context.Context, p *progress, pinnedOnly bool) (Library, error) {
	if err := supported(); err != nil {
		return Library{}, err
	}
	fetched := false
	lib, err := intoCache(ctx, p, func() (Library, bool) { return inPlace(pinnedOnly) }, func(staging string) (Library, error) {
		fetched = true
		return npmLibrary(ctx, p, staging, Version, pinned[runtime.GOARCH])
	})
	if err == nil && fetched && !pinnedOnly { // setup says so itself
		p.say("ONNX Runtime " + lib.Version + " is in place: " + lib.Path)
	}
	return lib, err
}

// npmLibrary takes this machine's library out of the npm package of a version
// and checks its hash.
func npmLibrary(ctx context.Context, p *progress, staging, version, want string) (Library, error) {
	tarball, err := npmPack(ctx, p, staging, npmPackage+"@"+version, npmBytes)
	if err != nil {
		return Library{}, err
	}
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	suffix := "/linux/" + arch + "/" + libName
	dest, found := filepath.Join(staging, "unpacked"), ""
	err = unpack(ctx, tarball, dest, func(name string) bool {
		if strings.HasSuffix(name, suffix) {
			found = filepath.Join(dest, filepath.FromSlash(name))
		}
		return found != ""
	})
	if err != nil {
		return Library{}, err
	}
	if found == "" {
		return Library{}, fmt.Errorf("the package %s holds no %s", filepath.Base(tarball), suffix)
	}
	if err := isPinned(found, want); err != nil {
		return Library{}, err
	}
	return Check(found)
}

// isPinned refuses a fetched file whose hash is not the one that is known.
func isPinned(path, want string) error {
	sum, err := Hash(path)
	if err == nil && sum != want {
		err = fmt.Errorf("the fetched %s is not the one this program knows (SHA-256 %s, want %s): it was not put in place; "+
			"try again, or use 'tailscope setup --from PATH'", filepath.Base(path), sum, want)
	}
	return err
}
