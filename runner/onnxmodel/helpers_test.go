package onnxmodel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/onnxmodel/build"
	"github.com/tailscope/tailscope/runner/onnxmodel/testmodels"
)

// buildModel writes a model as Optimum keeps a single graph.
func buildModel(t testing.TB, c spec, o build.Options) string {
	t.Helper()
	dir := t.TempDir()
	must.OK(t, os.WriteFile(filepath.Join(dir, "config.json"), c.ConfigJSON(), 0o644))
	path := filepath.Join(dir, "model.onnx")
	must.OK(t, c.Graph().Write(path, o))
	return path
}

func prepared(t testing.TB, path string) *Prepared {
	t.Helper()
	return must.Get(Prepare(path))(t)
}

func ownCache(t testing.TB) { t.Setenv("XDG_CACHE_HOME", t.TempDir()) }

func defaultSpec(t testing.TB, name string) build.GPT2 {
	t.Helper()
	b := must.Get(findBuiltin(name))(t)
	return b.spec.(build.GPT2)
}

func testModel(t testing.TB, name string) string {
	t.Helper()
	return must.Get(testmodels.Write(t.TempDir(), name))(t)
}

func randomIDs(seed uint64, n, vocab int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		seed = seed*6364136223846793005 + 1442695040888963407
		ids[i] = int64(seed>>33) % int64(vocab)
	}
	return ids
}
