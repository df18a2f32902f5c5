package provision

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

func TestSetup(t *testing.T) {
	src := t.TempDir()
	lib := read(t, makeLibrary(t, filepath.Join(src, "plain", "libonnxruntime.so.1.30.0"), "1.30.0"))
	cuda := read(t, makeLibrary(t, filepath.Join(src, "cuda.so"), ""))
	old := read(t, makeLibrary(t, filepath.Join(src, "old.so"), "1.22.0"))
	provider := entry{name: "x/lib/libonnxruntime_providers_cuda.so", body: cuda}
	tree := filepath.Join(src, "tree")
	write(t, filepath.Join(tree, "lib", "libonnxruntime.so.1.30.0"), string(lib))
	write(t, filepath.Join(tree, "lib", "libonnxruntime_providers_shared.so"), string(cuda))
	write(t, filepath.Join(tree, "lib", "notes.txt"), "x")
	link := filepath.Join(src, "link.so")
	must.OK(t, os.Symlink(filepath.Join(tree, "lib", "libonnxruntime.so.1.30.0"), link))
	release := makeTGZ(t, filepath.Join(src, "release.tgz"),
		entry{name: "./x/lib/libonnxruntime.so", link: "libonnxruntime.so.1"},
		entry{name: "./x/lib/libonnxruntime.so.1.30.0", body: lib}, provider, entry{name: "x/README", body: []byte("x")})
	served := httptest.NewTLSServer(http.FileServer(http.Dir(src)))
	defer served.Close()
	usual := client
	client = served.Client()
	defer func() { client = usual }()

	for name, c := range map[string]struct {
		from  string
		files []string
		wrong string
	}{
		"library":      {filepath.Join(src, "plain", "libonnxruntime.so.1.30.0"), []string{libName}, ""},
		"link":         {link, []string{libName, "libonnxruntime_providers_shared.so"}, ""},
		"folder":       {tree, []string{libName, "libonnxruntime_providers_shared.so"}, ""},
		"release":      {release, []string{libName, "libonnxruntime_providers_cuda.so"}, ""},
		"url":          {served.URL + "/release.tgz", []string{libName, "libonnxruntime_providers_cuda.so"}, ""},
		"npm tarball":  {makeTGZ(t, filepath.Join(src, "npm.tgz"), entry{name: "package/bin/napi-v6/linux/x64/libonnxruntime.so.1", body: lib}), []string{libName}, ""},
		"wheel":        {makeZip(t, filepath.Join(src, "ort.whl"), entry{name: "onnxruntime/capi/libonnxruntime.so.1.30.0", body: lib}, entry{name: "onnxruntime/__init__.py"}), []string{libName}, ""},
		"too old":      {makeTGZ(t, filepath.Join(src, "old.tgz"), entry{name: "lib/libonnxruntime.so.1.22.0", body: old}), nil, "too old"},
		"no library":   {makeTGZ(t, filepath.Join(src, "none.tgz"), entry{name: "lib/libother.so", body: lib}), nil, "no libonnxruntime.so"},
		"leaves dest":  {makeTGZ(t, filepath.Join(src, "evil.tgz"), entry{name: "../../libonnxruntime.so", body: lib}), nil, "holds no shared library"},
		"cut short":    {cutFile(t, release), nil, "cut short"},
		"text":         {write2(t, filepath.Join(src, "text.tgz"), "hello"), nil, "neither a shared library"},
		"empty file":   {write2(t, filepath.Join(src, "empty.tgz"), ""), nil, "neither a shared library"},
		"not there":    {filepath.Join(src, "nope"), nil, "no such file"},
		"url 404":      {served.URL + "/nope.tgz", nil, "404"},
		"url refused":  {"https://127.0.0.1:1/x.tgz", nil, "onnect"},
		"empty folder": {t.TempDir(), nil, "no libonnxruntime.so"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := isolate(t)
			before := makeLibrary(t, filepath.Join(cache, Version, libName), "1.29.0")
			path, err := Setup(t.Context(), c.from, Options{})
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), ".staging") {
					t.Fatalf("error %v, want %q", err, c.wrong)
				}
				if got, err := Find(Options{}); err != nil || got != before {
					t.Fatalf("after a failure %q, %v; want %q", got, err, before)
				}
			} else {
				must.OK(t, err)
				if got, err := Find(Options{}); err != nil || got != path || string(read(t, got)) != string(lib) {
					t.Fatalf("found %q, %v; want %q", got, err, path)
				}
				if got := list(t, filepath.Dir(path)); !slices.Equal(got, c.files) {
					t.Fatalf("files %v, want %v", got, c.files)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(cache, ".staging-*")); len(left) > 0 {
				t.Fatalf("left behind: %v", left)
			}
		})
	}
}

func TestSetupAgainReplaces(t *testing.T) {
	isolate(t)
	lib := makeLibrary(t, filepath.Join(t.TempDir(), "libonnxruntime.so.1"), "1.30.0")
	first := must.Get(Setup(t.Context(), lib, Options{}))(t)
	if err := os.Truncate(first, 100); err != nil { // a damaged cache is mended
		t.Fatal(err)
	}
	again, err := Setup(t.Context(), lib, Options{})
	if err != nil || again != first {
		t.Fatalf("%q, %v", again, err)
	}
	must.Get(Check(again))(t)
}

// A body is whole or an error.
func TestDownload(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/x.tgz":
			w.Write([]byte("body"))
		case "/cut.tgz":
			w.Header().Set("Content-Length", "1000000")
			w.Write(make([]byte, 1000))
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	for name, wrong := range map[string]string{"/x.tgz": "", "/cut.tgz": "/cut.tgz", "/nope": "the server says 404"} {
		u, _ := url.Parse(srv.URL + name)
		got, err := download(t.Context(), newProgress(nil), u, t.TempDir())
		if wrong != "" {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: error %v, want %q", name, err, wrong)
			}
		} else if err != nil || string(read(t, got)) != "body" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSetupStopsWithItsContext(t *testing.T) {
	isolate(t)
	started := make(chan struct{})
	hang := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		w.Write(make([]byte, 1000))
		w.(http.Flusher).Flush()
		close(started)
		<-hang
	}))
	defer srv.Close()
	defer close(hang)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := Setup(ctx, srv.URL+"/x.tgz", Options{SHA256: strings.Repeat("0", 64)}); err == nil {
		t.Fatal("a download that was stopped succeeded")
	}
}

// FuzzUnpack feeds archives that are none; nothing may leave the folder.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b, 8})
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		root := t.TempDir()
		write(t, filepath.Join(root, "a"), string(b))
		_ = unpack(t.Context(), filepath.Join(root, "a"), filepath.Join(root, "in", "dest"), nil)
		if got := list(t, root); len(got) > 2 || len(got) == 2 && got[1] != "in" {
			t.Fatalf("files %v", got)
		}
	})
}

func cutFile(t *testing.T, path string) string {
	b := read(t, path)
	return write2(t, filepath.Join(t.TempDir(), "cut.tgz"), string(b[:len(b)*2/3]))
}

func write2(t *testing.T, path, text string) string {
	write(t, path, text)
	return path
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries := must.Get(os.ReadDir(dir))(t)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
