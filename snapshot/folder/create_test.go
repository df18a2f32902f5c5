package folder

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/must"
)

func testManifest(dir string) Manifest {
	c := &configs.Config{Name: "test", Engine: "ort", Provider: "auto", Model: "builtin:tiny-gpt2", Modes: []string{"prefill"},
		Strategy: "variable", EagerInputs: "same", Pairing: "interleaved", Seed: 7, RecompileLimit: 8, Batch: 1}
	return NewManifest(c, filepath.Base(dir), 4_999_000_000, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
}

// create starts a session without a report.
func create(t testing.TB) (*Writer, string) {
	t.Helper()
	_, dir, err := NewRunID(t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	must.OK(t, err)
	w := must.Get(Create(dir, testManifest(dir), []byte("name: test\n"), Options{}))(t)
	return w, dir
}

var testEnd = End{Reason: "all repetitions done", TNs: 9e9, Time: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
