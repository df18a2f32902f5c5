package provision

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tailscope/tailscope/internal/must"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	good := makeLibrary(t, filepath.Join(dir, "libonnxruntime.so.1"), "1.30.0")
	cut := filepath.Join(dir, "cut.so")
	write(t, cut, string(read(t, good)[:9000]))
	other := filepath.Join(dir, "other.so")
	foreign := read(t, good)
	foreign[18], foreign[19] = 0xf3, 0 // EM_RISCV
	write(t, other, string(foreign))
	text := filepath.Join(dir, "text.so")
	write(t, text, "not a library")
	self, err := os.Executable()
	must.OK(t, err)
	for name, c := range map[string]struct{ path, version, wrong string }{
		"good":             {good, "1.30.0", ""},
		"version of name":  {makeLibrary(t, filepath.Join(dir, "libonnxruntime.so.1.26.1"), ""), "1.26.1", ""},
		"no version":       {makeLibrary(t, filepath.Join(dir, "libonnxruntime.so"), ""), "", ""},
		"first good":       {makeLibrary(t, filepath.Join(dir, "a.so"), "1.24.0"), "1.24.0", ""},
		"too old":          {makeLibrary(t, filepath.Join(dir, "b.so"), "1.23.9"), "1.23.9", "is too old: tailscope needs 1.24 or later"},
		"too old by name":  {makeLibrary(t, filepath.Join(dir, "c", "libonnxruntime.so.1.18.0"), ""), "1.18.0", "is too old"},
		"cut short":        {cut, "", "cut short"},
		"foreign":          {other, "", "another processor"},
		"text":             {text, "", "no ELF shared object"},
		"folder":           {dir, "", "not a regular file"},
		"nothing":          {filepath.Join(dir, "nothing"), "", "no such file"},
		"not ONNX Runtime": {self, "", "library"},
	} {
		lib, err := Check(c.path)
		if c.wrong == "" && (err != nil || lib.Version != c.version) {
			t.Errorf("%s: %+v, %v; want version %q", name, lib, err, c.version)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: error %v, want %q", name, err, c.wrong)
		}
	}
	_, err = Check(filepath.Join(dir, "b.so"))
	if _, ok := errors.AsType[*TooOldError](err); !ok {
		t.Errorf("a library that is too old gives %T", err)
	}
}

// TestCheckSeesEveryCut cuts a good library at every length: none that lacks
// a loaded byte may pass.
func TestCheckSeesEveryCut(t *testing.T) {
	dir := t.TempDir()
	whole := read(t, makeLibrary(t, filepath.Join(dir, "libonnxruntime.so.1"), "1.30.0"))
	path := filepath.Join(dir, "cut.so")
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, len(whole)-1).Draw(rt, "n")
		must.OK(rt, os.WriteFile(path, whole[:n], 0o644))
		if _, err := Check(path); err == nil {
			rt.Fatalf("cut to %d of %d bytes it passes", n, len(whole))
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("\x7fELF"))
	if self, err := os.Executable(); err == nil {
		if b, err := os.ReadFile(self); err == nil {
			f.Add(b[:4096])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "libonnxruntime.so")
		must.OK(t, os.WriteFile(path, b, 0o644))
		if lib, err := Check(path); err == nil && lib.Path != path {
			t.Fatal("no path")
		}
	})
}

func TestCompareVersions(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"1.30.0", "1.30", 0}, {"1.9.0", "1.24.0", -1}, {"1.24.1", "1.24.0", 1}, {"2.0", "1.99.9", 1}, {"", "1.0", -1}} {
		if got := compareVersions(c.a, c.b); got != c.want {
			t.Errorf("compare %q with %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := compareVersions(c.b, c.a); got != -c.want {
			t.Errorf("compare %q with %q: %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}
