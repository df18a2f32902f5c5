package demand

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A Part is what a test may need and a machine may lack.
type Part string

// The parts; .ci/run demands all but the last two, which it does not install or takes no time for.
const (
	Slow   Part = "slow"   // time: TAILSCOPE_SLOW is set
	Python Part = "python" // python3
	GCC    Part = "gcc"
	NPM    Part = "npm"
	Corpus Part = "corpus" // ONNX's own test models, Debian's libonnx-testdata
	Vulkan Part = "vulkan" // a software device and its loader, for WebGPU
	Torch  Part = "torch"  // an interpreter with PyTorch, TAILSCOPE_TORCH_PYTHON
	NumPy  Part = "numpy"  // likewise with NumPy
	Wine   Part = "wine"   // and the Windows program, TAILSCOPE_WINDOWS
	Linux  Part = "linux"  // /proc, /dev/full, placement on two CPUs

	Transformers Part = "transformers" // beside PyTorch
	CUDA         Part = "cuda"
	OldWays      Part = "oldways" // half an hour: TAILSCOPE_OLDWAYS is set
)

// Lacks ends a test whose part is missing: it skips, or fails where the part is
// demanded.
func Lacks(t testing.TB, part Part, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("TAILSCOPE_DEMAND"), ","), string(part)) {
		t.Fatalf("TAILSCOPE_DEMAND wants %s: %s", part, why)
	}
	t.Skip(why)
}

// Time ends a test that takes long where only the fast ones are wanted.
func Time(t testing.TB) {
	t.Helper()
	if os.Getenv("TAILSCOPE_SLOW") == "" {
		Lacks(t, Slow, "takes long: TAILSCOPE_SLOW=1 runs it")
	}
}

// Command is the path of a program that the part is.
func Command(t testing.TB, part Part, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, part, "no "+name+" in the path")
	}
	return path
}

// TorchPython is an interpreter that has PyTorch.
func TorchPython(t testing.TB) string {
	t.Helper()
	python := os.Getenv("TAILSCOPE_TORCH_PYTHON")
	if python == "" {
		Lacks(t, Torch, "set TAILSCOPE_TORCH_PYTHON to an interpreter that has PyTorch")
	}
	return python
}
