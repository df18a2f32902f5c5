package torch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestLookingForTorchIsNoImport hooks a program that asks whether there is a
// torch before it imports it, as transformers does: it was never hooked.
func TestLookingForTorchIsNoImport(t *testing.T) {
	python := demand.Command(t, demand.Python, "python3")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"hook/sitecustomize.py":       string(must.Get(files.ReadFile("hook/sitecustomize.py"))(t)),
		"tailscope_torch/__init__.py": "",
		"tailscope_torch/hook.py":     "def install():\n    import torch\n    print('hooked', torch.whole)\n",
		"modules/torch.py":            "whole = True\n",
	} {
		must.OK(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must.OK(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	const look = "import importlib.util as u; print(u.find_spec('torch').name);"
	for program, want := range map[string]string{
		look + look + "import torch": "torch torch hooked True",
		"import torch; " + look:      "hooked True torch",
		look:                         "torch",
	} {
		c := exec.Command(python, "-c", program)
		c.Env = append(os.Environ(), "TAILSCOPE_EXEC=nowhere", "PYTHONPATH="+filepath.Join(dir, "hook")+string(os.PathListSeparator)+filepath.Join(dir, "modules"))
		if got := strings.Join(strings.Fields(string(must.Get(c.Output())(t))), " "); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", program, got, want)
		}
	}
}
