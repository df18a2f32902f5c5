package ort

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/ort/native"
	"github.com/tailscope/tailscope/runner/ort/provision"
	"github.com/tailscope/tailscope/runner/protocol"
)

// testLibrary is the library that tests run: found, or fetched once.
func testLibrary(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return must.Get(provision.Ensure(ctx, provision.Options{Progress: os.Stderr}))(t)
}

// testOpen loads the library into this process.
func testOpen(t testing.TB) {
	t.Helper()
	must.Get(native.OpenLibrary(testLibrary(t)))(t)
}

// What is loaded is named in loaded with the hash of its bytes: who reads a
// folder can tell which library made its figures.
func TestWhatIsLoadedIsNamedAndHashed(t *testing.T) {
	path := graphFile(t, build.Float, func(g *build.Graph) string { return g.Op("Relu", []string{g.In("x", build.Float, 4)}) }, 4)
	lib := testLibrary(t)
	b := must.Get(os.ReadFile(lib))(t)
	k := startWorker(t)
	loaded := k.loadForward(path, nil)
	want := []protocol.Library{{Path: lib, SHA256: fmt.Sprintf("%x", sha256.Sum256(b))}}
	if !slices.Equal(loaded.Libraries, want) {
		t.Errorf("%+v, want %+v", loaded.Libraries, want)
	}
}
