package provision

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/sys"
)

// withCompanions returns the library, the provider libraries that lie beside
// it (CUDA, TensorRT, plug-ins), and what any of these links to in the same
// folder, or opens by itself from there.
func withCompanions(lib string) ([]string, error) {
	dir := sys.EscapeGlob(filepath.Dir(lib))
	files := []string{lib}
	have := map[string]bool{}
	for _, pattern := range []string{"libonnxruntime_providers_*.so*", "libonnxruntime_ep_*.so*",
		"libcudnn*.so*", "libcufft.so*", "libnvrtc*.so*", "libnvJitLink.so*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	for _, f := range files {
		have[filepath.Base(f)] = true
	}
	for i := 0; i < len(files); i++ {
		for _, need := range needed(files[i]) {
			path := filepath.Join(filepath.Dir(lib), need)
			if have[need] || strings.HasPrefix(need, "libonnxruntime.so") {
				continue
			}
			if f, err := elf.Open(path); err == nil {
				f.Close()
				have[need] = true
				files = append(files, path)
			}
		}
	}
	return files, nil
}

// needed lists the libraries that a shared object links to by plain name.
func needed(path string) []string {
	f, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	libs, err := f.ImportedLibraries()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(libs, func(s string) bool { return s != filepath.Base(s) })
}

// bestIn returns the good library of highest version in a folder and the
// folders below it: a site-packages, an unpacked archive, a build tree.
func bestIn(dir string) (Library, error) {
	var good []Library
	var refused []error
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path == dir {
				return err
			}
			return nil // an unreadable folder below hides nothing else
		}
		if d.IsDir() {
			if rel, _ := filepath.Rel(dir, path); strings.Count(rel, string(filepath.Separator)) > 7 {
				return fs.SkipDir
			}
			return nil
		}
		if !isLibraryName(d.Name()) {
			return nil
		}
		lib, err := Check(path)
		if err != nil {
			refused = append(refused, err)
			return nil
		}
		good = append(good, lib)
		return nil
	})
	if err != nil {
		return Library{Path: dir}, err
	}
	if len(good) == 0 {
		if len(refused) > 0 {
			return Library{Path: dir}, fmt.Errorf("no usable ONNX Runtime in %s: %w", dir, errors.Join(mostTelling(refused)))
		}
		return Library{Path: dir}, fmt.Errorf("no libonnxruntime.so in %s", dir)
	}
	return slices.MaxFunc(good, func(a, b Library) int {
		return cmp.Or(compareVersions(a.Version, b.Version), cmp.Compare(len(b.Path), len(a.Path)))
	}), nil
}

// mostTelling prefers "too old" to "another processor".
func mostTelling(errs []error) error {
	for _, err := range errs {
		if _, ok := errors.AsType[*TooOldError](err); ok {
			return err
		}
	}
	return errs[0]
}

// isLibraryName accepts libonnxruntime.so and its versioned names.
func isLibraryName(name string) bool {
	rest, ok := strings.CutPrefix(name, "libonnxruntime.so")
	return ok && (rest == "" || rest[0] == '.')
}
