package provision

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Library describes a library file.
type Library struct {
	Path    string `json:"path"`
	Version string `json:"version"` // "1.30.0"; "" if the file does not tell
	Where   string `json:"where"`   // how it was found, e.g. "cache"
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// Check reads the file's headers: an ELF shared object for this processor
// that exports OrtGetApiBase and is not older than MinVersion. It executes
// nothing.
func Check(path string) (Library, error) {
	lib := Library{Path: path}
	if st, err := os.Stat(path); err != nil {
		return lib, fmt.Errorf("library %w", err)
	} else if !st.Mode().IsRegular() {
		return lib, fmt.Errorf("library %s: not a regular file", path)
	}
	f, err := elf.Open(path)
	if err != nil {
		return lib, fmt.Errorf("library %s is no ELF shared object, or is cut short: %w", path, err)
	}
	defer f.Close()
	if f.Type != elf.ET_DYN {
		return lib, fmt.Errorf("library %s is not a shared object but %s", path, f.Type)
	}
	if want, ok := machines[runtime.GOARCH]; ok && f.Machine != want {
		return lib, fmt.Errorf("library %s is for another processor: %s, this machine needs %s", path, f.Machine, want)
	}
	if err := whole(f, path); err != nil {
		return lib, err
	}
	symVersion, err := apiBase(f)
	if err != nil {
		return lib, fmt.Errorf("library %s: %w", path, err)
	}
	lib.Version = symVersion
	if lib.Version == "" {
		lib.Version = versionOfName(path)
	}
	if lib.Version != "" && compareVersions(lib.Version, MinVersion) < 0 {
		return lib, &TooOldError{Path: path, Version: lib.Version}
	}
	return lib, nil
}

// TooOldError says that a library lacks the C API that tailscope calls.
type TooOldError struct{ Path, Version string }

func (e *TooOldError) Error() string {
	return fmt.Sprintf("ONNX Runtime %s at %s is too old: tailscope needs %s or later (C API 24); upgrade it, or run 'tailscope setup'",
		e.Version, e.Path, strings.TrimSuffix(MinVersion, ".0"))
}

// whole reports an error if a segment or the section table lies past the
// file's end: what an interrupted copy looks like.
func whole(f *elf.File, path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	for _, p := range f.Progs {
		if p.Filesz > 0 && (p.Off+p.Filesz < p.Off || p.Off+p.Filesz > uint64(st.Size())) {
			return fmt.Errorf("library %s is cut short: %d bytes, its headers ask for %d", path, st.Size(), p.Off+p.Filesz)
		}
	}
	return nil
}

// apiBase looks for OrtGetApiBase and returns the version that its symbol
// carries (VERS_1.30.0), "" if it carries none.
func apiBase(f *elf.File) (string, error) {
	syms, err := f.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return "", fmt.Errorf("symbols: %w", err)
	}
	for _, s := range syms {
		if s.Name != "OrtGetApiBase" || s.Section == elf.SHN_UNDEF {
			continue
		}
		v, ok := strings.CutPrefix(s.Version, "VERS_")
		if !ok || parseVersion(v) == nil {
			return "", nil
		}
		return v, nil
	}
	return "", errors.New("not ONNX Runtime: it does not export OrtGetApiBase")
}

var nameVersion = regexp.MustCompile(`\.so\.(\d+\.\d+(?:\.\d+)?)$`)

// versionOfName reads libonnxruntime.so.1.26.0.
func versionOfName(path string) string {
	if m := nameVersion.FindStringSubmatch(path); m != nil {
		return m[1]
	}
	return ""
}

// parseVersion reads "1.30.0", without the zeros at its end; nil if it is none.
func parseVersion(s string) []int {
	parts := strings.Split(s, ".")
	if len(parts) < 2 {
		return nil
	}
	v := make([]int, len(parts))
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return nil
		}
		v[i] = n
	}
	for len(v) > 0 && v[len(v)-1] == 0 {
		v = v[:len(v)-1]
	}
	return v
}

// compareVersions returns −1, 0 or 1; missing parts are 0.
func compareVersions(a, b string) int { return slices.Compare(parseVersion(a), parseVersion(b)) }
