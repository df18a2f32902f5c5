package torch

import (
	"path/filepath"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

const instead = `
import torch
from tailscope_torch import options
from tailscope_torch.groups import Group, Groups
class Model: module, device = torch.nn.Linear(3, 3), torch.device("cpu")
g = Groups(Model, options.parse({"backend": "aoti"}))
for phase in ("forward", "prefill"):
    c = g.callable(Group(phase, "variable"), phase, "variable")
    print(c.backend, c.requested, c.error)
    print(g.retreat(Group("x", "y"), c, "broken"))
`

// What AOTInductor cannot do runs on Inductor, which evidence tells by the error.
func TestWhatTakesThePlaceOfPackages(t *testing.T) {
	want := "aoti aoti \nNone\ninductor aoti AOTInductor packages are for mode forward\nNone\n"
	if got := realPython(t, instead); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const sizes = `
import os
import torch
from tailscope_torch import packages
class Seen(torch.Tensor):
    def __repr__(self): raise AssertionError("a tensor was printed")
calls, files = [], []
torch.export.export = lambda *args: None
def package(exported, package_path, inductor_configs):
    open(package_path, "w").close()
    return package_path
def load(path):
    files.append((path, os.path.exists(path)))
    n = len(files)
    return lambda **inputs: calls.append(n)
torch._inductor.aoti_compile_and_package, torch._inductor.aoti_load_package = package, load
p = packages.Packages(None, {}, lambda *made: None)
def nest(n, fill, more=1, dtype=torch.float32): return {"x": [torch.full((n,), fill, dtype=dtype).as_subclass(Seen), {"y": torch.full((2,), fill).as_subclass(Seen)}], "n": more, "s": [{1}]}
for x in (nest(2000, 0.), nest(2000, 1.), nest(3000, 0.), nest(2000, 5.), nest(2000, 0., True), nest(2000, 0., dtype=torch.float64), nest(2000, 2.)):
    p(x)
print(calls, [was for _, was in files], any(os.path.exists(path) for path, _ in files))
`

// TestAPackageIsKeptBySizes: not by values, which it would wait for the device to
// read, and at whatever depth the tensors lie. Its file goes once it is loaded.
func TestAPackageIsKeptBySizes(t *testing.T) {
	if got, want := realPython(t, sizes), "[1, 1, 2, 1, 3, 4, 1] [True, True, True, True] False\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestPackagesOfAOTInductor, with PyTorch and a C++ compiler: each set of sizes has a
// package of its own, made once, inside the request that needs it, and answers as
// eager does.
func TestPackagesOfAOTInductor(t *testing.T) {
	demand.Time(t)
	entry := must.Get(filepath.Abs("testdata/dims.py"))(t)
	s := openReal(t, protocol.Load{Name: "mine", Model: "x", Modes: []string{"forward"}, Threads: 1, Check: 1, Compile: "inline",
		Options: map[string]string{"entry": entry + ":rows", "device": "cpu", "explain": "false", "backend": "aoti"}})
	for i, cols := range []int{8, 16, 8, 16} {
		r := req(uint64(i+1), "forward", "variable", "eager", 0, 0)
		r.Dims = map[string]int{"rows": 4, "cols": cols}
		s.send(r)
	}
	s.drainAndStop(t, 4)
	made := append(s.events(stats.KindCompile), s.events(stats.KindRecompile)...)
	if len(made) != 2 || made[0].DurNs <= 0 || made[0].Shape == made[1].Shape || len(s.events(stats.KindFallback)) > 0 || len(s.events(stats.KindDivergence)) > 0 {
		t.Errorf("made %+v; fell back %+v; differ %+v", made, s.events(stats.KindFallback), s.events(stats.KindDivergence))
	}
	for _, b := range of[protocol.Batch](s) {
		if b.Lane == "optimized" && b.Backend != "torch-cpu-aoti" {
			t.Errorf("ran on %s", b.Backend)
		}
	}
}
