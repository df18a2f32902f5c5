package provision

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/adrg/xdg"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// isolate gives the test a home, cache and search path of its own.
func isolate(t *testing.T) (cache string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	for _, env := range []string{EnvLibrary, "ORT_DYLIB_PATH", "ORT_LIB_PATH", "ORT_LIB_LOCATION", "ONNXRUNTIME_SHARED_LIBRARY_PATH",
		"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "LD_LIBRARY_PATH"} {
		t.Setenv(env, "")
	}
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	return CacheDir()
}

// makeLibrary compiles a shared object that exports OrtGetApiBase, its
// version on the symbol as in the official builds; no version if "".
func makeLibrary(t *testing.T, path, version string) string {
	t.Helper()
	cc := demand.Command(t, demand.GCC, "gcc")
	dir := t.TempDir()
	src := filepath.Join(dir, "ort.c")
	write(t, src, fmt.Sprintf("const char mark[] = %q; const void *OrtGetApiBase(void) { return mark; }\n", version))
	args := []string{"-shared", "-fPIC", "-o", path, src}
	if version != "" {
		script := filepath.Join(dir, "ort.lds")
		write(t, script, fmt.Sprintf("VERS_%s { global: OrtGetApiBase; local: *; };\n", version))
		args = append(args, "-Wl,--version-script="+script)
	}
	must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
	if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must.OK(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must.OK(t, os.WriteFile(path, []byte(text), 0o644))
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	return must.Get(os.ReadFile(path))(t)
}

// entry is a file of an archive.
type entry struct {
	name string
	body []byte
	link string // a symbolic link's target
}

func makeTGZ(t *testing.T, path string, entries ...entry) string {
	t.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.body)), Typeflag: tar.TypeReg}
		if e.link != "" {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, e.link, 0
		}
		must.OK(t, tw.WriteHeader(h))
		if _, err := tw.Write(e.body); e.link == "" && err != nil {
			t.Fatal(err)
		}
	}
	must.OK(t, tw.Close())
	must.OK(t, gz.Close())
	write(t, path, buf.String())
	return path
}

func makeZip(t *testing.T, path string, entries ...entry) string {
	t.Helper()
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, e := range entries {
		w := must.Get(zw.Create(e.name))(t)
		must.Get(w.Write(e.body))(t)
	}
	must.OK(t, zw.Close())
	write(t, path, buf.String())
	return path
}
