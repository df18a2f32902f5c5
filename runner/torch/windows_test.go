package torch

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/stats"
)

// noTriton is a Python on a Windows host with an RTX card: torch sees the GPU,
// and there is no Triton to import (TR120 5.2).
const noTriton = `
import sys
sys.modules["triton"] = None
import torch
from tailscope_torch.groups import usable_backend
class Device: type = "cuda"
print(*usable_backend("inductor", Device), sep="\t")
print(*usable_backend("aot_eager", Device), sep="\t")
`

// TestWithoutTriton: the fallback is chosen before anything fails, its reason
// is kept, and a lane that ran on it is not compiler-real, whatever it is called.
func TestWithoutTriton(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(python(t, noTriton)), "\n")
	backend, why, _ := strings.Cut(lines[0], "\t")
	if backend != "aot_eager" || !strings.HasPrefix(why, "Triton cannot be imported: ModuleNotFoundError") {
		t.Fatalf("%q", lines)
	}
	if strings.TrimSpace(lines[1]) != "aot_eager" {
		t.Errorf("asked for aot_eager, it is no fallback: %q", lines[1])
	}
	e := stats.Evidence{Counted: true, Compiles: 8, Executables: []stats.Backend{
		{Requested: "inductor", Actual: backend, FallbackFrom: "inductor", FallbackError: why}}}
	if answer, said := stats.CompilerReal(&e); answer != stats.RealNo || said != "fallback from inductor: "+why {
		t.Errorf("compiler-real %s: %s", answer, said)
	}
}
