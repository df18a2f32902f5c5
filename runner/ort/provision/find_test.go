package provision

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func TestFindOrder(t *testing.T) {
	cache := isolate(t)
	root := t.TempDir()
	find := func(o Options) string {
		t.Helper()
		return must.Get(Find(o))(t)
	}
	expect := func(o Options, want string) {
		t.Helper()
		if got := find(o); got != want {
			t.Fatalf("found %s, want %s", got, want)
		}
	}
	ld := makeLibrary(t, filepath.Join(root, "ld", "libonnxruntime.so.1"), "1.25.0")
	t.Setenv("LD_LIBRARY_PATH", filepath.Dir(ld))
	t.Setenv("PATH", "/usr/bin:/bin")

	venv := filepath.Join(root, "venv")
	capi := filepath.Join(venv, "lib/python3.11/site-packages/onnxruntime/capi")
	makeLibrary(t, filepath.Join(capi, "libonnxruntime.so.1.23.0"), "1.23.0") // too old: passed over
	wheel := makeLibrary(t, filepath.Join(capi, "libonnxruntime.so.1.26.0"), "1.26.0")
	t.Setenv("VIRTUAL_ENV", venv)
	expect(Options{}, wheel)

	custom := makeLibrary(t, filepath.Join(root, "custom", "libonnxruntime.so"), "1.27.0")
	t.Setenv("ORT_DYLIB_PATH", custom)
	expect(Options{}, custom)

	cached := makeLibrary(t, filepath.Join(cache, Version, libName), "1.30.0")
	expect(Options{}, cached)

	env := makeLibrary(t, filepath.Join(root, "env", "libonnxruntime.so.1"), "1.28.0")
	t.Setenv(EnvLibrary, filepath.Dir(env)) // a folder will do
	expect(Options{}, env)

	flag := makeLibrary(t, filepath.Join(root, "flag.so"), "1.29.0")
	expect(Options{Library: flag}, flag)
}

func TestNamedLibraryMustBeGood(t *testing.T) {
	cache := isolate(t)
	makeLibrary(t, filepath.Join(cache, Version, libName), "1.30.0")
	old := makeLibrary(t, filepath.Join(t.TempDir(), "old.so"), "1.20.0")
	for name, c := range map[string]struct{ flag, env, want string }{
		"flag too old": {old, "", "library: ONNX Runtime 1.20.0"},
		"env too old":  {"", old, EnvLibrary + ": ONNX Runtime 1.20.0"},
		"env missing":  {"", "/nowhere/lib.so", EnvLibrary},
		"empty folder": {t.TempDir(), "", "no libonnxruntime.so in"},
	} {
		t.Setenv(EnvLibrary, c.env)
		p, err := Ensure(t.Context(), Options{Library: c.flag})
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %q, %v; want an error with %q", name, p, err, c.want)
		}
	}
}

func TestSearchListsWhatWasPassedOver(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	makeLibrary(t, filepath.Join(dir, "libonnxruntime.so.1.19.0"), "1.19.0")
	t.Setenv("ORT_LIB_LOCATION", dir)
	t.Setenv("PATH", "")
	all := Search(Options{})
	if len(all) == 0 || all[0].Where != "ORT_LIB_LOCATION" || all[0].Err == nil {
		t.Fatalf("%+v", all)
	}
	for _, c := range all[1:] {
		if c.Err == nil {
			t.Skipf("this machine has a library of its own at %s", c.Path)
		}
	}
	_, err := Find(Options{})
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "1.19.0") {
		t.Fatalf("%v", err)
	}
}

func TestLinkerDirsFollowIncludes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ld.so.conf"), "include "+dir+"/conf.d/*.conf\n/opt/a/lib # mine\nrelative\n")
	write(t, filepath.Join(dir, "conf.d", "x.conf"), "# comment\n/opt/b/lib\ninclude "+dir+"/ld.so.conf\n")
	got := strings.Join(distinct(linkerDirs(filepath.Join(dir, "ld.so.conf"), 0)), " ")
	if got != "/opt/b/lib /opt/a/lib" {
		t.Fatalf("got %q", got)
	}
}
