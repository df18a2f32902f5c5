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
