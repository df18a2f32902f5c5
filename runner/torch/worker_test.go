package torch

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tailscope/runner/protocol"
	"tailscope/runner/protocol/conformance"
)

// standin returns the command that runs the embedded worker on the stand-in
// modules of testdata (they are no PyTorch: see the README there), and its
// environment.
func standin(t *testing.T, extra ...string) (argv, env []string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 in the path")
	}
	dir, err := install(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("testdata/standin")
	if err != nil {
		t.Fatal(err)
	}
	env = append(os.Environ(), "PYTHONPATH="+modules, "PYTHONDONTWRITEBYTECODE=1")
	return []string{python, filepath.Join(dir, "worker.py")}, append(env, extra...)
}

func cpuLoad() protocol.Load {
	return protocol.Load{Options: map[string]string{"device": "cpu"}}
}

func TestConformanceOnStandin(t *testing.T) {
	argv, env := standin(t)
	conformance.Run(t, argv, conformance.Options{Env: env, Load: cpuLoad()})
}

func TestConformanceOnStandinWithoutCallbacks(t *testing.T) {
	argv, env := standin(t, "STANDIN_LEGACY=1")
	conformance.Run(t, argv, conformance.Options{Env: env, Load: cpuLoad()})
}
