package torch

import (
	"strings"
	"testing"

	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/stats"
)

// backends are what the optimized lane ran, by request.
func (s *session) backends() map[uint64]string {
	found := map[uint64]string{}
	for _, b := range of[protocol.Batch](s) {
		for i, id := range b.Request {
			if b.Lane == "optimized" {
				found[id] = b.Backend
			}
			if len(b.Error) > 0 && b.Error[i] != "" {
				s.t.Errorf("request %d, lane %s failed: %s", id, b.Lane, b.Error[i])
			}
		}
	}
	return found
}

// Under force_eager nothing compiled runs, not even for a shape that has an
// executable: a row that said otherwise would be a lie.
func TestForceEagerIsToldOfEveryRequest(t *testing.T) {
	s := open(t, cpuLoad())
	s.send(req(1, "prefill", "variable", "eager", 5, 5), req(2, "prefill", "dynamic", "eager", 5, 5),
		&protocol.Set{Options: map[string]string{"stance": "force_eager"}},
		req(3, "prefill", "variable", "eager", 5, 5), req(4, "prefill", "dynamic", "eager", 5, 5),
		&protocol.Set{Options: map[string]string{"stance": "default"}}, req(5, "prefill", "variable", "eager", 5, 5))
	s.drainAndStop(t, 5)
	for id, got := range s.backends() {
		want := "torch-cpu-inductor"
		if id == 3 || id == 4 {
			want = "torch-cpu-eager"
		}
		if got != want {
			t.Errorf("request %d ran %s, want %s", id, got, want)
		}
	}
	told := s.events(stats.KindFallback)
	if len(told) != 2 || *told[0].Request != 3 || *told[1].Request != 4 || !strings.Contains(told[0].Reason, "force_eager") {
		t.Errorf("fallbacks %+v", told)
	}
}

// Automatic dynamic shapes begin with an executable for one shape. Where the
// limit allows no second one, the other steps run eager and are told of.
func TestFirstExecutableOfDynamicServesOneShape(t *testing.T) {
	s := open(t, cpuLoad())
	one := 1
	s.send(&protocol.Set{RecompileLimit: &one}, req(1, "kv_decode", "eager", "dynamic", 5, 5), req(2, "kv_decode", "eager", "dynamic", 5, 5))
	s.drainAndStop(t, 2)
	for id, got := range s.backends() {
		if got != "torch-cpu-inductor+eager" {
			t.Errorf("request %d ran %s: one of its 4 steps is compiled", id, got)
		}
	}
	told := s.events(stats.KindFallback)
	if len(told) != 2 || !strings.HasPrefix(told[1].Reason, "3 of 4 calls") {
		t.Errorf("fallbacks %+v", told)
	}
}

// An old torch without torch.compile still runs: both lanes eager, and told.
func TestTorchWithoutCompile(t *testing.T) {
	s := open(t, cpuLoad(), "STANDIN_OLD=1")
	s.send(req(1, "prefill", "padded", "eager", 5, 8), req(2, "prefill", "variable", "eager", 5, 5), req(3, "prefill", "variable", "eager", 5, 5),
		&protocol.Set{Options: map[string]string{"stance": "force_eager"}}, &protocol.Clear{ID: 9},
		req(4, "kv_decode", "variable", "variable", 5, 5), req(5, "e2e_kv", "padded", "eager", 5, 8))
	s.drainAndStop(t, 5)
	for id, got := range s.backends() {
		if got != "torch-cpu-eager" {
			t.Errorf("request %d ran %s", id, got)
		}
	}
	hello, loaded, errs := of[protocol.Hello](s)[0], of[protocol.Loaded](s)[0], of[protocol.Error](s)
	if len(hello.Stances) != 0 || !strings.Contains(hello.Lacks["stance"], "set_stance") {
		t.Errorf("stances %v, lacks %v", hello.Stances, hello.Lacks)
	}
	if told := s.events(stats.KindFallback); len(told) != 1 || !strings.Contains(told[0].Reason, "no torch.compile") ||
		!strings.Contains(strings.Join(loaded.Notes, "\n"), "no torch.compile") {
		t.Errorf("fallbacks %+v, notes %q", told, loaded.Notes)
	}
	if len(errs) != 1 || errs[0].Fatal || errs[0].Code != "option" {
		t.Errorf("errors %+v: want the stance refused, and nothing else", errs)
	}
	if c := of[protocol.Cleared](s); len(c) != 1 || c[0].Freed != 0 {
		t.Errorf("cleared %+v", c)
	}
	groups := map[string]int{}
	for _, e := range of[protocol.Evidence](s) {
		groups[e.Mode+" "+e.Strategy]++
		if e.BackendRequested != "inductor" || e.BackendActual != "eager" || e.FallbackError == "" {
			t.Errorf("evidence %+v", e)
		}
	}
	if groups["prefill variable"] != 1 || groups["kv_decode variable"] != 1 {
		t.Errorf("evidence of %v, want once a mode and strategy", groups)
	}
}

// A backend that this torch does not know is the user's mistake: it ends the
// load, and while running it changes nothing.
func TestUnknownBackend(t *testing.T) {
	s := open(t, protocol.Load{Options: map[string]string{"backend": "indcutor"}})
	if code := s.rest(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if errs := of[protocol.Error](s); len(errs) != 1 || errs[0].Code != "option" || !strings.Contains(errs[0].Message, "indcutor") {
		t.Errorf("errors %+v", errs)
	}
	s = open(t, cpuLoad())
	s.send(req(1, "prefill", "variable", "eager", 5, 5), &protocol.Set{Options: map[string]string{"backend": "indcutor"}},
		req(2, "prefill", "variable", "eager", 5, 5), &protocol.Set{Options: map[string]string{"backend": "aot_eager"}},
		req(3, "prefill", "variable", "eager", 5, 5))
	s.drainAndStop(t, 3)
	if errs := of[protocol.Error](s); len(errs) != 1 || errs[0].Fatal || errs[0].Code != "option" {
		t.Errorf("errors %+v", errs)
	}
	if b := s.backends(); b[2] != "torch-cpu-inductor" || b[3] != "torch-cpu-aot_eager" {
		t.Errorf("backends %v", b)
	}
}

// A request that does not fit into memory says nothing against its backend.
func TestOutOfMemoryKeepsTheBackend(t *testing.T) {
	s := open(t, cpuLoad(), "STANDIN_BREAK=inductor", "STANDIN_SAYS=CUDA out of memory. Tried to allocate 2.00 GiB")
	for id := range uint64(3) {
		s.send(req(id+1, "prefill", "variable", "eager", 5, 5))
	}
	s.drainAndStop(t, 3)
	for id, got := range s.backends() {
		if got != "torch-cpu-eager" {
			t.Errorf("request %d ran %s", id, got)
		}
	}
	told := s.events(stats.KindFallback)
	if len(told) != 3 {
		t.Fatalf("fallbacks %+v, want one a request: the backend stays", told)
	}
	wall := map[uint64]int64{}
	for _, b := range of[protocol.Batch](s) {
		for i, id := range b.Request {
			if b.Lane == "optimized" {
				wall[id] = b.WallNs[i]
			}
		}
	}
	for _, e := range told {
		if e.DurNs <= 0 || e.DurNs >= wall[*e.Request] {
			t.Errorf("request %d tried in vain for %d of %d ns", *e.Request, e.DurNs, wall[*e.Request])
		}
	}
}

// What a failed attempt had made is gone before the request is served eager: an error
// held its frames, and their tensors, on a device that was out of memory.
func TestAFailedAttemptHoldsNothing(t *testing.T) {
	const lines = `
import types, weakref
from tailscope_torch.regions import Regions
from tailscope_torch.requests import Turn
class Tensor: pass
held = []
def go():
    made = Tensor()
    held.append(weakref.ref(made))
    try: raise RuntimeError("CUDA out of memory")
    except RuntimeError as e: raise ValueError("the backend failed") from e
def run(go):
    try: go()
    except Exception as e:
        e.times = {"start_ns": 0, "wall_ns": 1}
        raise
clock = types.SimpleNamespace(cuda=False, run=run, sync=lambda: None)
host = types.SimpleNamespace(start=lambda: None, stop=lambda wall: {})
j = types.SimpleNamespace(prepare=lambda: None, used=[1], go=go, undo=lambda: print(held[-1]()), step_marks=None)
Regions(None, {"nvtx": False}, clock, host).run(j)
turn = Turn({"id": 1}, "eager", 0)
try: go()
except ValueError as e: turn.fail(e, 0)
print(held[-1](), type(turn.error).__name__)
`
	if got, want := python(t, lines), "None\nNone ValueError\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What a clear drops is freed: it stayed for as long as the process, because all that
// survives a compile is kept from the collector.
func TestWhatIsClearedIsFreed(t *testing.T) {
	const lines = `
import weakref
from selftest import worker
class Args: device, dtype, attn, model = "cpu", "float32", "", "tiny-gpt2"
w, out = worker(Args, {"explain": "false"})
def compiled():
    w.requests.run({"t": "req", "id": 1, "mode": "prefill", "batch": 1, "tokens": 5, "exec": [5, 5], "order": ["optimized"],
                    "strategy": {"prefill": "variable", "decode": "eager"}})
    c, = next(iter(w.groups.all.values())).callables.values()
    c.steps[1, 8] = [c]  # as a step's graph holds what it was made of
    w.collector.settle()
    return weakref.ref(c)
for message in {"t": "clear", "id": 1}, {"t": "set", "options": {"backend": "eager"}}:
    c = compiled()
    w.handle(message)
    print(c())
`
	if got, want := python(t, lines), "None\nNone\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
