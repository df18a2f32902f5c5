package provision

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tailscope/tailscope/runner/sys"
)

// Part is a library that an execution provider needs.
type Part struct {
	Name     string `json:"name"`              // as the loader asks for it: libcudart.so.13
	Path     string `json:"path,omitempty"`    // "": it was not found
	Where    string `json:"where,omitempty"`   // how it was found, e.g. "python"
	Version  string `json:"version,omitempty"` // "13.0.96"; "" if nothing tells
	Brings   string `json:"brings,omitempty"`  // the Python package that brings it
	Optional bool   `json:"optional,omitempty"`
}

// Parts are a provider's own library and what that needs, in the order in
// which they must be opened.
type Parts struct {
	Provider string // path of libonnxruntime_providers_NAME.so
	CUDA     int    // the major version of CUDA that it was built for; 0: not told
	List     []Part
	other    map[string]string // of what is missing: what is there of another major version
}

// nvidia are the packages of Python's index that bring CUDA's libraries, %s
// standing for the major version where their name carries one.
var nvidia = []struct{ lib, cu12, newer string }{
	{"libcudart", "nvidia-cuda-runtime-cu12", "nvidia-cuda-runtime"},
	{"libcublas", "nvidia-cublas-cu12", "nvidia-cublas"}, // and libcublasLt
	{"libcurand", "nvidia-curand-cu12", "nvidia-curand"},
	{"libcufft", "nvidia-cufft-cu12", "nvidia-cufft"},
	{"libcudnn", "nvidia-cudnn-cu12", "nvidia-cudnn-cu%d"},
	{"libnvrtc", "nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvrtc"},
	{"libnvJitLink", "nvidia-nvjitlink-cu12", "nvidia-nvjitlink"},
	{"libnvinfer", "tensorrt-cu12-libs", "tensorrt-cu%d-libs"},
	{"libnvonnxparser", "tensorrt-cu12-libs", "tensorrt-cu%d-libs"},
}

// opened are the libraries that a CUDA provider opens by itself while it runs,
// by CUDA's major version; it does without those that are not there.
var opened = map[int][]string{
	12: {"libcufft.so.11", "libcudnn.so.9", "libnvrtc.so.12"},
	13: {"libcufft.so.12", "libcudnn.so.9", "libnvrtc.so.13"},
}

// brings names the package that has a library, "" where none is known.
func brings(name string, cuda int) string {
	for _, p := range nvidia {
		if !strings.HasPrefix(name, p.lib) {
			continue
		}
		if cuda == 12 {
			return p.cu12
		}
		if strings.Contains(p.newer, "%d") {
			return fmt.Sprintf(p.newer, max(cuda, 13))
		}
		return p.newer
	}
	return ""
}

// ProviderLibrary is where the provider's own library lies beside ONNX
// Runtime's; the error says in a sentence that it does not.
func ProviderLibrary(lib, provider string) (string, error) {
	name := "libonnxruntime_providers_" + provider + ".so"
	dirs := []string{filepath.Dir(lib)}
	if real, err := filepath.EvalSymlinks(lib); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	for _, dir := range dirs {
		if path := filepath.Join(dir, name); sys.IsFile(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("this build of ONNX Runtime comes without %s: 'tailscope setup' brings it on a machine with an NVIDIA driver, and 'tailscope setup --from' takes an onnxruntime-gpu wheel", name)
}

// FindParts looks for what the provider library at path needs: beside it, in
// LD_LIBRARY_PATH, in Python's site-packages, in CUDA's own folders and in the
// loader's cache. It opens nothing.
func FindParts(path string) Parts {
	p := Parts{Provider: path, other: map[string]string{}}
	needs := needed(path)
	for _, n := range needs {
		if major, ok := strings.CutPrefix(n, "libcudart.so."); ok {
			fmt.Sscan(major, &p.CUDA)
		}
	}
	s := partSearch{parts: &p, seen: map[string]bool{}, dirs: partDirs(path)}
	for _, n := range needs {
		s.add(n, false)
	}
	for _, n := range opened[p.CUDA] {
		s.add(n, true)
	}
	return p
}

// Driver reports whether this machine has an NVIDIA driver that programs can
// use; it opens nothing.
func Driver() bool {
	if slices.ContainsFunc(systemDirs(), func(dir string) bool { return sys.IsFile(filepath.Join(dir, "libcuda.so.1")) }) {
		return true
	}
	_, err := os.Stat("/dev/nvidiactl")
	return err == nil && loaderCache()["libcuda.so.1"] != ""
}

// partSearch collects libraries with what they need before them.
type partSearch struct {
	parts *Parts
	seen  map[string]bool
	dirs  []folder
	cache map[string]string // of the loader; nil: not read yet
}

type folder struct{ where, dir string }

// add finds a library and, first, what it needs itself.
func (s *partSearch) add(name string, optional bool) {
	pkg := brings(name, s.parts.CUDA)
	if s.seen[name] || pkg == "" {
		return
	}
	s.seen[name] = true
	part := Part{Name: name, Brings: pkg, Optional: optional}
	part.Where, part.Path = s.find(name)
	if part.Path == "" {
		s.parts.other[name] = s.another(name)
	} else {
		part.Version = partVersion(part.Path)
		for _, n := range needed(part.Path) {
			s.add(n, true)
		}
	}
	s.parts.List = append(s.parts.List, part)
}

func (s *partSearch) find(name string) (where, path string) {
	for _, d := range s.dirs {
		if path := filepath.Join(d.dir, name); sys.IsFile(path) {
			return d.where, path
		}
	}
	if s.cache == nil {
		s.cache = loaderCache()
	}
	if path := s.cache[name]; path != "" {
		return "system", path
	}
	return "", ""
}

// another is a library of that name and another major version, "" for none.
func (s *partSearch) another(name string) string {
	base, _, _ := strings.Cut(name, ".so.")
	for _, d := range s.dirs {
		found, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(d.dir), base+".so.*"))
		if len(found) > 0 {
			return found[0]
		}
	}
	for n, path := range s.cache {
		if strings.HasPrefix(n, base+".so.") {
			return path
		}
	}
	return ""
}

// partDirs are the folders in which CUDA's libraries may lie, in the order of
// the search.
func partDirs(provider string) []folder {
	var out []folder
	seen := map[string]bool{}
	add := func(where string, dirs ...string) {
		for _, d := range dirs {
			if filepath.IsAbs(d) && !seen[d] {
				seen[d] = true
				out = append(out, folder{where, d})
			}
		}
	}
	glob := func(where, base string, patterns ...string) {
		for _, p := range patterns {
			found, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(base), p))
			slices.Reverse(found) // the newest first
			add(where, found...)
		}
	}
	add("beside the provider", filepath.Dir(provider))
	add("LD_LIBRARY_PATH", filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	for _, dir := range pythonDirs() {
		add("python", filepath.Join(dir, "onnxruntime", "capi"))
		glob("python", dir, "nvidia/*/lib", "tensorrt_libs")
	}
	inCUDA := []string{"lib64", "lib", "targets/*-linux/lib"}
	for _, env := range []string{"CUDA_HOME", "CUDA_PATH"} {
		if home := os.Getenv(env); home != "" {
			glob(env, home, inCUDA...)
		}
	}
	glob("/usr/local/cuda", "/usr/local/cuda", inCUDA...)
	glob("/usr/local/cuda", "/usr/local", "cuda-*/lib64", "cuda-*/targets/*-linux/lib")
	return out
}

var loaderLine = regexp.MustCompile(`^\s*(\S+) \(.*\) => (\S+)$`)

// loaderCache is what ldconfig has listed: paths by name.
func loaderCache() map[string]string {
	out := map[string]string{}
	for _, ldconfig := range []string{"ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"} {
		text, err := exec.Command(ldconfig, "-p").Output()
		if err != nil {
			continue
		}
		for sc := bufio.NewScanner(bytes.NewReader(text)); sc.Scan(); {
			if m := loaderLine.FindStringSubmatch(sc.Text()); m != nil && out[m[1]] == "" {
				out[m[1]] = m[2]
			}
		}
		break
	}
	return out
}

var fileVersion = regexp.MustCompile(`\.so\.(\d+\.\d+[.\d]*)$`)

// partVersion reads a library's version off the name of the real file, else
// off the record of the Python package that it belongs to.
func partVersion(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		if m := fileVersion.FindStringSubmatch(real); m != nil {
			return m[1]
		}
	}
	site, rest, ok := strings.Cut(path, "/site-packages/")
	if !ok {
		return ""
	}
	records, _ := filepath.Glob(filepath.Join(sys.EscapeGlob(site), "site-packages", "nvidia_*.dist-info", "RECORD"))
	for _, r := range records {
		text, err := os.ReadFile(r)
		if err == nil && bytes.Contains(text, []byte(rest+",")) {
			name := strings.TrimSuffix(filepath.Base(filepath.Dir(r)), ".dist-info")
			return name[strings.LastIndexByte(name, '-')+1:]
		}
	}
	return ""
}

// Missing says in a sentence which libraries are not there and what brings
// them, or that those which are there are of another major version; nil when
// all that must be there are.
func (p Parts) Missing() error {
	var names, packages []string
	other := ""
	for _, x := range p.List {
		if x.Path != "" || x.Optional {
			continue
		}
		names, packages = append(names, x.Name), append(packages, x.Brings)
		if other == "" {
			other = p.other[x.Name]
		}
	}
	if len(names) == 0 {
		return nil
	}
	built := ""
	if p.CUDA > 0 {
		built = fmt.Sprintf(" is built for CUDA %d and", p.CUDA)
	}
	text := fmt.Sprintf("%s%s needs %s, which this machine lacks", filepath.Base(p.Provider), built, strings.Join(names, ", "))
	if other != "" {
		text += fmt.Sprintf(" (it has %s, of another version)", other)
	}
	packages = distinct(packages)
	if strings.HasPrefix(packages[0], "tensorrt") {
		return fmt.Errorf("%s: install TensorRT 10", text)
	}
	return fmt.Errorf("%s: pip install %s", text, strings.Join(packages, " "))
}

// SameRelease returns an error that says so when a provider's library is of
// another release than ONNX Runtime's: loading it would end the process. It
// looks for the release's number among the provider's constants.
func SameRelease(provider, version string) error {
	f, err := elf.Open(provider)
	if err != nil {
		return fmt.Errorf("%s is no ELF shared object, or is cut short: %w", filepath.Base(provider), err)
	}
	defer f.Close()
	if err := whole(f, provider); err != nil {
		return err
	}
	s := f.Section(".rodata")
	if version == "" || s == nil {
		return nil
	}
	data, err := s.Data()
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(provider), err)
	}
	if bytes.Contains(data, []byte("\x00"+version+"\x00")) {
		return nil
	}
	theirs := ""
	for _, m := range ownRelease.FindAllSubmatch(data, -1) {
		theirs = string(m[1])
	}
	if theirs == "" { // TensorRT's does not tell
		return nil
	}
	return fmt.Errorf("%s is of %s and the library of %s: take both from one release, as 'tailscope setup' does", filepath.Base(provider), theirs, version)
}

var ownRelease = regexp.MustCompile(`\x00(1\.[23]\d\.\d+)\x00`)
