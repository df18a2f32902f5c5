package demand

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// TestLacks: a missing part skips, a demanded one fails.
func TestLacks(t *testing.T) {
	for demand, want := range map[string]bool{"": false, "torch,slow": true, "wine": false} {
		t.Setenv("TAILSCOPE_DEMAND", demand)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			Lacks(r, Torch, "no torch")
		}()
		<-done
		if r.failed != want || r.skipped == want {
			t.Errorf("%q: failed %v, skipped %v", demand, r.failed, r.skipped)
		}
	}
}

type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic("over") }
func (r *recorder) Skip(...any)           { r.skipped = true }

// skips are the tests that may skip without a part, and why.
var skips = map[string]string{
	"runner/openai/openai_test.go":                    "a machine that wakes sleepers late cannot keep the times that are planted",
	"runner/openai/mock/serve_test.go":                "no test: a server for scripts",
	"runner/ort/provider_test.go":                     "a machine with CUDA refuses nothing",
	"runner/ort/provision/fetch_test.go":              "a machine with a library of its own fetches none",
	"runner/ort/provision/find_test.go":               "the same",
	"runner/protocol/conformance/conformance_test.go": "the engine that a user names",
	"stats/live/honest_test.go":                       "longer simulations tell no more: TAILSCOPE_SIM=N runs them",
}

var skip = regexp.MustCompile(`\bt\.Skip(f|Now)?\(`)

// TestSkipsAreDemanded: no test skips by itself but those above.
func TestSkipsAreDemanded(t *testing.T) {
	root := filepath.Join("..", "..")
	must.OK(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if skips[filepath.ToSlash(name)] == "" && skip.Match(b) {
			t.Errorf("%s skips by itself: package demand has what it needs", name)
		}
		return nil
	}))
}
