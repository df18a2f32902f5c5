package provision

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestMain lets the test binary stand for a second tailscope process.
func TestMain(m *testing.M) {
	if from, ok := os.LookupEnv("PROVISION_TEST_SETUP"); ok {
		put := func() (string, error) {
			return Setup(context.Background(), from, Options{Progress: os.Stderr, SHA256: os.Getenv("PROVISION_TEST_SHA256")})
		}
		if from == "ensure" {
			put = func() (string, error) { return Ensure(context.Background(), Options{Progress: os.Stderr}) }
		}
		p, err := put()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Print(p)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// process is this binary as another tailscope that sets up from a source.
func process(from string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROVISION_TEST_SETUP="+from)
	return cmd
}

func TestProcessesAtOnce(t *testing.T) {
	isolate(t)
	src := t.TempDir()
	lib := read(t, makeLibrary(t, filepath.Join(src, "libonnxruntime.so.1"), "1.30.0"))
	tgz := makeTGZ(t, filepath.Join(src, "x.tgz"), entry{name: "lib/libonnxruntime.so.1.30.0", body: lib},
		entry{name: "lib/libonnxruntime_providers_shared.so", body: bytes.Repeat([]byte("x"), 8<<20)})
	var wg sync.WaitGroup
	paths := make([]string, 4)
	for i := range paths {
		wg.Go(func() {
			out, err := process(tgz).Output()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			paths[i] = string(out)
		})
	}
	wg.Wait()
	for _, p := range paths {
		if p != paths[0] || !bytes.Equal(read(t, p), lib) {
			t.Fatalf("paths %q", paths)
		}
	}
}

// TestKilledProcessLeavesNoHalf kills a process that holds the lock in the
// middle of a transfer; the next one must neither wait nor see a half.
func TestKilledProcessLeavesNoHalf(t *testing.T) {
	cache := isolate(t)
	lib := makeLibrary(t, filepath.Join(t.TempDir(), "libonnxruntime.so.1"), "1.30.0")
	begun, hang := make(chan struct{}), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10000000")
		w.Write(make([]byte, 1<<20))
		w.(http.Flusher).Flush()
		close(begun)
		<-hang
	}))
	defer srv.Close()
	defer close(hang)
	victim := process(srv.URL + "/x.tgz")
	victim.Env = append(victim.Env, "PROVISION_TEST_SHA256="+strings.Repeat("0", 64)) // plain http wants one
	must.OK(t, victim.Start())
	<-begun
	if left, _ := filepath.Glob(filepath.Join(cache, ".staging-*")); len(left) != 1 {
		t.Fatalf("staging folders %v, want one", left)
	}
	// While the victim holds the lock another one waits, and says so.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var said bytes.Buffer
	if _, err := Setup(ctx, lib, Options{Progress: &said}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(said.String(), "waiting") {
		t.Fatalf("%v, said %q", err, said.String())
	}
	victim.Process.Kill()
	victim.Wait()
	path := must.Get(Setup(t.Context(), lib, Options{}))(t)
	if left, _ := filepath.Glob(filepath.Join(cache, ".staging-*")); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
	if got, err := Find(Options{}); err != nil || got != path {
		t.Fatalf("%q, %v", got, err)
	}
}

// registry makes npm ask a server of this test; its cache is empty.
func registry(t *testing.T, h http.Handler) {
	t.Helper()
	demand.Command(t, demand.NPM, "npm")
	if err := supported(); err != nil {
		demand.Lacks(t, demand.NPM, err.Error())
	}
	url := "http://127.0.0.1:1/"
	if h != nil {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		url = srv.URL + "/"
	}
	t.Setenv("npm_config_registry", url)
	t.Setenv("npm_config_cache", t.TempDir())
	t.Setenv("npm_config_proxy", "")
	t.Setenv("NO_PROXY", "127.0.0.1")
}

// onlyHere skips a test of fetching on a machine whose system has a library.
func onlyHere(t *testing.T) {
	t.Helper()
	if p, err := Find(Options{}); err == nil {
		t.Skipf("this machine has a library of its own at %s", p)
	}
}

func TestOfflineSaysWhatToDo(t *testing.T) {
	cache := isolate(t)
	onlyHere(t)
	registry(t, nil)
	_, err := Ensure(t.Context(), Options{})
	if !errors.Is(err, ErrNotFound) {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"ECONNREFUSED", "tailscope setup --from", EnvLibrary} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
	if got := list(t, cache); len(got) != 1 || got[0] != ".lock" {
		t.Errorf("left behind: %v", got)
	}
}

func TestNoNPMSaysWhatToDo(t *testing.T) {
	isolate(t)
	onlyHere(t)
	if err := supported(); err != nil {
		demand.Lacks(t, demand.NPM, err.Error())
	}
	t.Setenv("PATH", t.TempDir())
	_, err := Ensure(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "install npm") {
		t.Fatalf("%v", err)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	isolate(t)
	onlyHere(t)
	if err := supported(); err != nil {
		demand.Lacks(t, demand.NPM, err.Error())
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	t.Setenv("XDG_CACHE_HOME", file)
	xdg.Reload()
	_, err := Ensure(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "XDG_CACHE_HOME") {
		t.Fatalf("%v", err)
	}
}

// fakeRegistry serves one package whose tarball is body. The integrity that
// it states is that of stated.
func fakeRegistry(body, stated []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/"+npmPackage, func(w http.ResponseWriter, r *http.Request) {
		sum := sha512.Sum512(stated)
		json.NewEncoder(w).Encode(map[string]any{"name": npmPackage, "dist-tags": map[string]string{"latest": Version},
			"versions": map[string]any{Version: map[string]any{"name": npmPackage, "version": Version, "dist": map[string]any{
				"tarball":   "http://" + r.Host + "/x.tgz",
				"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
			}}}})
	})
	mux.HandleFunc("/x.tgz", func(w http.ResponseWriter, r *http.Request) { w.Write(body) })
	return mux
}

// TestForgedLibraryIsRefused has npm deliver a package whose integrity is
// right and whose library is not the one that the program knows.
func TestForgedLibraryIsRefused(t *testing.T) {
	isolate(t)
	onlyHere(t)
	dir := t.TempDir()
	lib := read(t, makeLibrary(t, filepath.Join(dir, "x.so"), Version))
	manifest := entry{name: "package/package.json", body: fmt.Appendf(nil, `{"name":%q,"version":%q}`, npmPackage, Version)}
	tgz := read(t, makeTGZ(t, filepath.Join(dir, "x.tgz"), manifest,
		entry{name: "package/bin/napi-v6/linux/x64/" + libName, body: lib}, entry{name: "package/bin/napi-v6/linux/arm64/" + libName, body: lib}))
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"other library":   {tgz, "not the one this program knows"},
		"other integrity": {append(bytes.Clone(tgz), 0), "EINTEGRITY"},
	} {
		t.Run(name, func(t *testing.T) {
			registry(t, fakeRegistry(c.body, tgz))
			_, err := Ensure(t.Context(), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if p, err := Find(Options{}); err == nil {
				t.Fatalf("it was put in place: %s", p)
			}
		})
	}
}

// TestFetchStopsWithItsContext cancels while npm waits for an answer.
func TestFetchStopsWithItsContext(t *testing.T) {
	isolate(t)
	onlyHere(t)
	registry(t, nil)
	l := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // takes the connection and never answers
		if c, err := l.Accept(); err == nil {
			cancel()
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	t.Setenv("npm_config_registry", "http://"+l.Addr().String()+"/")
	done := make(chan error, 1)
	go func() { _, err := Ensure(ctx, Options{}); done <- err }()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not stop")
	}
}

// TestFetch has two processes put the real library in place at once, one at
// its start and one by setup; it is slow and needs npm's registry.
func TestFetch(t *testing.T) {
	demand.Time(t)
	cache := isolate(t)
	onlyHere(t)
	var wg sync.WaitGroup
	var logs [2]bytes.Buffer
	for i, from := range []string{"ensure", ""} {
		wg.Go(func() {
			cmd := process(from)
			cmd.Stderr = &logs[i]
			out, err := cmd.Output()
			if want := filepath.Join(cache, Version, libName); err != nil || string(out) != want {
				t.Errorf("%q, %v; want %q\n%s", out, err, want, logs[i].String())
			}
		})
	}
	wg.Wait()
	if n := strings.Count(logs[0].String()+logs[1].String(), "100 %"); n != 1 {
		t.Errorf("fetched %d times, want once:\n%s\n%s", n, logs[0].String(), logs[1].String())
	}
	lib, err := Check(filepath.Join(cache, Version, libName))
	if err != nil || lib.Version != Version {
		t.Fatalf("%+v, %v", lib, err)
	}
}
