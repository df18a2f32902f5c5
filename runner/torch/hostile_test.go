package torch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tailscope/tailscope/configs"
	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// Modules of a stranger's folder are not run when the interpreter is asked what
// it has: with the current folder on its path, json.py and torch.py were.
func TestProbeRunsNothingOfTheCurrentFolder(t *testing.T) {
	python := demand.Command(t, demand.Python, "python3")
	stranger, mark := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	for _, name := range []string{"json", "torch", "transformers", "os", "sys", "re", "typing", "shutil", "importlib", "numpy", "sitecustomize", "usercustomize", "site"} {
		must.OK(t, os.WriteFile(filepath.Join(stranger, name+".py"), []byte("open("+`"`+mark+`"`+", 'a').write(__name__ + ' ')\n"), 0o600))
	}
	t.Chdir(stranger)
	ctx := t.Context()
	begin := time.Now()
	if _, err := Probe(ctx, configs.Torch{Python: python}); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(mark); err == nil {
		t.Errorf("run from the current folder after %v: %s", time.Since(begin), b)
	}
}
