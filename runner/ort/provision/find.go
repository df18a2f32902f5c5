package provision

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/sys"
)

// ErrNotFound is what Find returns when no good library is on the machine.
var ErrNotFound = errors.New("ONNX Runtime is not on this machine")

// Candidate is a library that the search met, good or refused.
type Candidate struct {
	Library
	Err error `json:"-"` // why it was passed over; nil if it is good
}

// Find returns the first good library in the order: Options.Library, the
// environment variable EnvLibrary, the user's cache, customary variables,
// Python's site-packages, the system's library folders. The first two must be
// good when they are given; a bad one elsewhere is passed over, and so is, on a
// machine with an NVIDIA driver, one without CUDA's provider while another has
// it. The error is
// ErrNotFound, with what was passed over, when there is none.
func Find(opts Options) (string, error) {
	found, err := find(opts)
	return found.Path, err
}

func find(opts Options) (Library, error) {
	if where, path := named(opts); path != "" {
		lib, err := checkNamed(path)
		if err != nil {
			return lib, fmt.Errorf("%s: %w", where, err)
		}
		lib.Where = where
		return lib, nil
	}
	var passed []string
	var first Library // good, without the provider that this machine's GPU needs
	for c := range candidates() {
		if c.Err != nil {
			passed = append(passed, c.Err.Error())
			continue
		}
		if _, err := ProviderLibrary(c.Path, "cuda"); err == nil || first.Path == "" && !Driver() {
			return c.Library, nil
		}
		if first.Path == "" {
			first = c.Library
		}
	}
	if first.Path != "" {
		return first, nil
	}
	if len(passed) > 0 {
		return Library{}, fmt.Errorf("%w; passed over: %s", ErrNotFound, strings.Join(passed, "; "))
	}
	return Library{}, ErrNotFound
}

// Search returns every library that the search would meet, in its order.
func Search(opts Options) []Candidate {
	var all []Candidate
	if where, path := named(opts); path != "" {
		lib, err := checkNamed(path)
		lib.Where = where
		all = append(all, Candidate{lib, err})
	}
	return slices.AppendSeq(all, candidates())
}

// named returns the library that the user named, and how.
func named(opts Options) (where, path string) {
	if opts.Library != "" {
		return "library", opts.Library
	}
	return EnvLibrary, os.Getenv(EnvLibrary)
}

// checkNamed checks a file, or the library in a folder.
func checkNamed(path string) (Library, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Library{Path: path}, err
	}
	st, err := os.Stat(abs)
	if err != nil {
		return Library{Path: abs}, err
	}
	if !st.IsDir() {
		return Check(abs)
	}
	return bestIn(abs)
}

// candidates yields what is found without being named.
func candidates() func(yield func(Candidate) bool) {
	return func(yield func(Candidate) bool) {
		seen := map[string]bool{}
		try := func(where, path string) bool {
			real, err := filepath.EvalSymlinks(path)
			if err != nil || seen[real] {
				return true
			}
			seen[real] = true
			lib := Library{Path: path}
			if err = trusted(real); err == nil {
				lib, err = Check(path)
			}
			lib.Where = where
			return yield(Candidate{lib, err})
		}
		if p := cached(); p != "" && !try("cache", p) {
			return
		}
		for _, env := range []string{"ORT_DYLIB_PATH", "ORT_LIB_PATH", "ORT_LIB_LOCATION", "ONNXRUNTIME_SHARED_LIBRARY_PATH"} {
			if !tryAt(try, env, os.Getenv(env)) {
				return
			}
		}
		for _, dir := range pythonDirs() {
			if !tryAt(try, "python", filepath.Join(dir, "onnxruntime", "capi")) {
				return
			}
		}
		for _, dir := range systemDirs() {
			if !tryAt(try, "system", dir) {
				return
			}
		}
	}
}

// trusted refuses a library that someone else could have put there or changed:
// nothing of it is read or run. A library that the user names is not asked.
func trusted(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%s is not absolute", path)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if err := sys.OursAlone(p); err != nil {
			return fmt.Errorf("%s: %w; name it with %s if you trust it", path, err, EnvLibrary)
		}
	}
	return nil
}

// tryAt tries a file, or each library of a folder, newest name first.
func tryAt(try func(where, path string) bool, where, path string) bool {
	if !filepath.IsAbs(path) {
		return true
	}
	st, err := os.Stat(path)
	if err != nil {
		return true
	}
	if !st.IsDir() {
		return try(where, path)
	}
	for _, p := range librariesIn(path) {
		if !try(where, p) {
			return false
		}
	}
	return true
}

// librariesIn lists libonnxruntime.so, .so.1 and .so.1.N.P directly in dir,
// highest version in the name first.
func librariesIn(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(dir), "libonnxruntime.so*"))
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(compareVersions(versionOfName(b), versionOfName(a)), cmp.Compare(b, a))
	})
	return names
}
