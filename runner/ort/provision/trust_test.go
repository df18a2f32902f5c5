package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// A library in a stranger's folder is neither read nor run: not beside the
// current folder, not by a relative entry of a variable, not where everybody
// may write.
func TestStrangersLibrariesAreNotTaken(t *testing.T) {
	isolate(t)
	stranger := t.TempDir()
	t.Chdir(stranger)
	capi := "lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.30.0"
	for _, name := range []string{".venv/" + capi, "venv/" + capi, "libonnxruntime.so", "sub/libonnxruntime.so"} {
		makeLibrary(t, filepath.Join(stranger, name), "1.30.0")
	}
	for _, env := range []string{"PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "ORT_DYLIB_PATH", "ORT_LIB_PATH"} {
		t.Setenv(env, map[string]string{"VIRTUAL_ENV": ".venv", "CONDA_PREFIX": "venv", "ORT_DYLIB_PATH": "libonnxruntime.so"}[env])
		if strings.HasSuffix(env, "PATH") && os.Getenv(env) == "" {
			t.Setenv(env, ":.:sub")
		}
	}
	for _, c := range Search(Options{}) {
		if strings.HasPrefix(c.Path, stranger) || !filepath.IsAbs(c.Path) {
			t.Errorf("met %s", c.Path)
		}
	}
	open := t.TempDir()
	lib := makeLibrary(t, filepath.Join(open, "libonnxruntime.so"), "1.30.0")
	t.Setenv("LD_LIBRARY_PATH", open)
	must.OK(t, os.Chmod(open, 0o777))
	met := false
	for _, c := range Search(Options{}) {
		if c.Path == lib {
			met = true
			if c.Err == nil || !strings.Contains(c.Err.Error(), "everybody may change it") || c.Version != "" {
				t.Errorf("%+v", c)
			}
		}
	}
	if !met {
		t.Error("the folder of LD_LIBRARY_PATH was not looked at")
	}
	if got, err := Find(Options{Library: lib}); err != nil || got != lib {
		t.Errorf("a named library: %s, %v", got, err)
	}
}

// What comes by plain http needs its hash, and the hash is checked.
func TestPlainHTTPNeedsAHash(t *testing.T) {
	isolate(t)
	file := makeLibrary(t, filepath.Join(t.TempDir(), "libonnxruntime.so"), "1.30.0")
	b := must.Get(os.ReadFile(file))(t)
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; _, _ = w.Write(b) }))
	defer srv.Close()
	from := srv.URL + "/libonnxruntime.so"
	if _, err := Setup(t.Context(), from, Options{}); err == nil || !strings.Contains(err.Error(), "--sha256") || asked != 0 {
		t.Errorf("without a hash: %v, asked %d times", err, asked)
	}
	sum := sha256.Sum256(b)
	if _, err := Setup(t.Context(), from, Options{SHA256: strings.Repeat("0", 64)}); err == nil || !strings.Contains(err.Error(), "has the SHA-256") {
		t.Errorf("with another hash: %v", err)
	}
	if _, err := Setup(t.Context(), from, Options{SHA256: hex.EncodeToString(sum[:])}); err != nil {
		t.Errorf("with its hash: %v", err)
	}
}
