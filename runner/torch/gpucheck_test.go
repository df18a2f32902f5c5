package torch

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// TestGPUCheckOnStandin runs scripts/gpu-check with the real program and the
// stand-in modules: counts, events and files must be right, times mean
// nothing.
func TestGPUCheckOnStandin(t *testing.T) {
	demand.Time(t)
	_, env := standin(t)
	root := must.Get(filepath.Abs("../.."))(t)
	program := filepath.Join(t.TempDir(), "tailscope")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	check := exec.Command(filepath.Join(root, "scripts", "gpu-check"), "--tailscope", program, "--device", "cpu", "--no-times", "--reps", "10")
	check.Env = env
	if out, err := check.CombinedOutput(); err != nil {
		t.Fatalf("gpu-check: %v\n%s", err, out)
	}
}
