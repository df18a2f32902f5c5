package torch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
	"github.com/tailscope/tailscope/runner/protocol"
	"github.com/tailscope/tailscope/runner/protocol/conformance"
	"github.com/tailscope/tailscope/stats"
)

// standin returns the command that runs the embedded worker on the stand-in
// modules of testdata (they are no PyTorch: see the README there), and its
// environment.
func standin(t *testing.T, extra ...string) (argv, env []string) {
	t.Helper()
	python := demand.Command(t, demand.Python, "python3")
	dir := must.Get(install(t.TempDir()))(t)
	modules := must.Get(filepath.Abs("testdata/standin"))(t)
	env = append(os.Environ(), "PYTHONPATH="+modules+string(os.PathListSeparator)+selftest(t), "PYTHONDONTWRITEBYTECODE=1")
	return []string{python, filepath.Join(dir, "worker.py")}, append(env, extra...)
}

// selftest is the folder of selftest.py, which tests import.
func selftest(t *testing.T) string { return must.Get(filepath.Abs("testdata/selftest"))(t) }

func cpuLoad() protocol.Load { return protocol.Load{Options: map[string]string{"device": "cpu"}} }

func TestConformanceOnStandin(t *testing.T) {
	argv, env := standin(t)
	conformance.Run(t, argv, conformance.Options{Env: env, Load: cpuLoad()})
}

func TestConformanceOnStandinWithoutCallbacks(t *testing.T) {
	demand.Time(t)
	argv, env := standin(t, "STANDIN_LEGACY=1")
	conformance.Run(t, argv, conformance.Options{Env: env, Load: cpuLoad()})
}

func TestNoTorch(t *testing.T) {
	s := open(t, cpuLoad(), "STANDIN_NO_TORCH=1")
	if code := s.rest(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	hello, errs := of[protocol.Hello](s), of[protocol.Error](s)
	if len(hello) != 1 || len(errs) != 1 || !errs[0].Fatal || errs[0].Code != "library" || !strings.Contains(errs[0].Message, "--python") {
		t.Errorf("hello %+v, errors %+v", hello, errs)
	}
}

func TestLoadIsRefusedInOneSentence(t *testing.T) {
	for name, c := range map[string]struct {
		load protocol.Load
		code string
		want string
	}{
		"unknown builtin": {protocol.Load{Name: "builtin:none"}, "model", "unknown model"},
		"no such folder":  {protocol.Load{Name: "x", Model: "/nowhere"}, "model", "not a folder"},
		"bad dtype":       {protocol.Load{Options: map[string]string{"dtype": "int3"}}, "option", "float16"},
		"bad size":        {protocol.Load{Options: map[string]string{"config.layers": "many"}}, "option", "whole number"},
		"heads":           {protocol.Load{Options: map[string]string{"config.width": "5", "config.heads": "2"}}, "option", "multiple"},
		"no cuda":         {protocol.Load{Options: map[string]string{"device": "cuda"}}, "provider", "no CUDA device"},
		"entry":           {protocol.Load{Options: map[string]string{"entry": "/nowhere.py:make"}}, "model", "no such file"},
		"mode":            {protocol.Load{Modes: []string{"forward"}}, "model", "language model"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, c.load)
			if code := s.rest(); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			errs := of[protocol.Error](s)
			if len(errs) != 1 || !errs[0].Fatal || errs[0].Code != c.code || !strings.Contains(errs[0].Message, c.want) {
				t.Errorf("errors %+v", errs)
			}
		})
	}
}

// Pickled weights can run code: they need the user's explicit flag.
func TestPickleNeedsTheFlag(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"config.json", "pytorch_model.bin"} {
		must.OK(t, os.WriteFile(filepath.Join(dir, f), []byte("{}"), 0o644))
	}
	s := open(t, protocol.Load{Name: "x", Model: dir})
	s.rest()
	if errs := of[protocol.Error](s); len(errs) != 1 || !strings.Contains(errs[0].Message, "allow_pickle") {
		t.Errorf("errors %+v", errs)
	}
	must.OK(t, os.Truncate(filepath.Join(dir, "pytorch_model.bin"), 3_000_000_000)) // of holes
	s = open(t, protocol.Load{Name: "x", Model: dir, Options: map[string]string{"allow_pickle": "true"}})
	s.rest() // the stand-in reads none
	if !slices.ContainsFunc(of[protocol.Event](s), func(e *protocol.Event) bool { return strings.HasSuffix(e.Reason, ", 3.0 GB") }) {
		t.Errorf("what is read has another size: %+v", of[protocol.Event](s))
	}
}

func TestWrongOutputsAreFound(t *testing.T) {
	s := open(t, cpuLoad(), "STANDIN_WRONG=1")
	s.send(req(1, "prefill", "padded", "eager", 5, 8), req(2, "kv_decode", "padded", "static-cache", 5, 8),
		req(3, "e2e_kv", "padded", "eager", 5, 8), req(4, "e2e_kv", "eager", "eager", 5, 8))
	s.send(&protocol.Request{ID: 5, Mode: "prefill", Batch: 1, Tokens: 3, Exec: [2]int{3, 3}, Order: []string{"eager"},
		Strategy: protocol.Strategy{Prefill: "eager", Decode: "eager"}})
	s.drainAndStop(t, 5)
	wrong := map[uint64]bool{}
	for _, e := range s.events(stats.KindDivergence) {
		wrong[*e.Request] = true
	}
	ran := s.ran()
	for id := uint64(1); id <= 4; id++ {
		if want := id <= 3; !ran[id]["optimized"] || wrong[id] != want {
			t.Errorf("request %d: ran %v, divergence %v, want %v", id, ran[id], wrong[id], want)
		}
	}
}

// A backend that fails is replaced by the next simpler one; the request that
// met the failure is served eager and says so.
func TestBrokenBackendFallsBack(t *testing.T) {
	s := open(t, cpuLoad(), "STANDIN_BREAK=inductor")
	for i := range 3 {
		s.send(req(uint64(i+1), "prefill", "variable", "eager", 5, 5))
	}
	s.drainAndStop(t, 3)
	falls := s.events(stats.KindFallback)
	if len(falls) != 1 || *falls[0].Request != 1 || falls[0].Extra["fallback_from"] != "inductor" {
		t.Fatalf("fallbacks %+v", falls)
	}
	backends := map[uint64]string{}
	for _, b := range of[protocol.Batch](s) {
		for i, id := range b.Request {
			if b.Lane == "optimized" {
				backends[id] = b.Backend
			}
			if len(b.Error) > 0 && b.Error[i] != "" {
				t.Errorf("request %d failed: %s", id, b.Error[i])
			}
		}
	}
	if backends[1] != "torch-cpu-eager" || backends[3] != "torch-cpu-aot_eager" {
		t.Errorf("backends %v", backends)
	}
	for _, e := range of[protocol.Evidence](s) {
		if e.BackendRequested != "inductor" || e.BackendActual != "aot_eager" || e.FallbackError == "" {
			t.Errorf("evidence %+v: a label would be a lie here", e)
		}
	}
}

// The stance decides what a new shape does.
func TestStances(t *testing.T) {
	s := open(t, cpuLoad())
	s.send(req(1, "prefill", "variable", "eager", 5, 5),
		&protocol.Set{Options: map[string]string{"stance": "eager_on_recompile"}}, req(2, "prefill", "variable", "eager", 6, 6),
		&protocol.Set{Options: map[string]string{"stance": "fail_on_recompile"}}, req(3, "prefill", "variable", "eager", 7, 7),
		&protocol.Set{Options: map[string]string{"dtype": "float16"}}, req(4, "prefill", "variable", "eager", 5, 5))
	s.drainAndStop(t, 4)
	if f := s.events(stats.KindFallback); len(f) != 1 || *f[0].Request != 2 || !strings.Contains(f[0].Reason, "eager_on_recompile") {
		t.Errorf("fallbacks %+v", f)
	}
	failed := map[uint64]string{}
	for _, b := range of[protocol.Batch](s) {
		for i, id := range b.Request {
			if len(b.Error) > 0 && b.Error[i] != "" {
				failed[id] = b.Error[i]
			}
		}
	}
	if len(failed) != 1 || !strings.Contains(failed[3], "fail_on_recompile") {
		t.Errorf("failed rows %v", failed)
	}
	if errs := of[protocol.Error](s); len(errs) != 1 || errs[0].Fatal || !strings.Contains(errs[0].Message, "dtype") {
		t.Errorf("errors %+v: dtype cannot change while running", errs)
	}
}

func TestProfileSplitsTheLanes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, cpuLoad())
	s.send(req(1, "prefill", "variable", "eager", 5, 5), &protocol.Profile{ID: 4, Requests: 2, Dir: dir},
		req(2, "prefill", "variable", "eager", 5, 5), req(3, "prefill", "variable", "eager", 5, 5))
	s.drainAndStop(t, 3)
	p := of[protocol.Profiled](s)
	if len(p) != 1 || p[0].Error != "" || len(p[0].Files) != 4 {
		t.Fatalf("profiled %+v", p)
	}
	table := must.Get(os.ReadFile(filepath.Join(dir, "kernels.csv")))(t)
	for _, line := range []string{"standin::slow,2,", "standin::fast,0,0.0,2,"} {
		if !strings.Contains(string(table), line) {
			t.Errorf("no %q in\n%s", line, table)
		}
	}
	if marks := s.events(stats.KindMark); len(marks) != 4 {
		t.Errorf("%d marks, want one for each disturbed sample", len(marks))
	}
}

// A window that no request fell into is an error and no empty table; asked for
// behind requests that wait, it is of those.
func TestProfileOfNothing(t *testing.T) {
	s := open(t, cpuLoad())
	s.send(&protocol.Profile{ID: 4, Requests: 2, Dir: t.TempDir()}, &protocol.Stop{})
	if code := s.rest(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if p := of[protocol.Profiled](s); len(p) != 1 || !strings.Contains(p[0].Error, "no request ran") {
		t.Errorf("profiled %+v", p)
	}
}

func TestProfileOvertakes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, cpuLoad())
	due := req(1, "prefill", "variable", "eager", 5, 5)
	due.DueNs = 1 // long ago: runs on its own, so that the others wait
	s.send(due, req(2, "prefill", "variable", "eager", 5, 5), req(3, "prefill", "variable", "eager", 5, 5),
		&protocol.Profile{ID: 4, Requests: 1, Dir: dir})
	s.drainAndStop(t, 3)
	if p := of[protocol.Profiled](s); len(p) != 1 || p[0].Error != "" || len(p[0].Files) != 4 {
		t.Errorf("profiled %+v", p)
	}
}

// A stance given at the start holds from the second shape on: torch applies it
// to the first compile as well.
func TestStanceFromTheStart(t *testing.T) {
	for stance, failures := range map[string]int{"eager_on_recompile": 0, "fail_on_recompile": 1} {
		load := cpuLoad()
		load.Options["stance"] = stance
		s := open(t, load)
		s.send(req(1, "prefill", "variable", "eager", 5, 5), req(2, "prefill", "variable", "eager", 6, 6), req(3, "prefill", "variable", "eager", 5, 5))
		s.drainAndStop(t, 3)
		failed := 0
		for _, b := range of[protocol.Batch](s) {
			for i := range b.Request {
				if len(b.Error) > 0 && b.Error[i] != "" {
					failed++
				}
			}
		}
		if c := s.events(stats.KindCompile); len(c) != 1 || *c[0].Request != 1 {
			t.Errorf("%s: compiles %+v, want one, of the first request", stance, c)
		}
		if f := s.events(stats.KindFallback); failed != failures || len(f) != 1-failures {
			t.Errorf("%s: %d rows failed, fallbacks %+v", stance, failed, f)
		}
	}
}

// The prompt before a decode is not the decode's: its kernels are in neither
// lane's column.
func TestProfileOfDecodeHoldsItsSteps(t *testing.T) {
	dir := t.TempDir()
	s := open(t, seldomCompared())
	s.send(req(1, "kv_decode", "eager", "static-cache", 5, 5), &protocol.Flush{ID: 1}, &protocol.Profile{ID: 4, Requests: 1, Dir: dir})
	s.send(req(2, "kv_decode", "eager", "static-cache", 5, 5))
	s.drainAndStop(t, 2)
	table := must.Get(os.ReadFile(filepath.Join(dir, "kernels.csv")))(t)
	for _, line := range []string{"standin::slow,4,", "standin::fast,0,0.0,4,"} {
		if !strings.Contains(string(table), line) {
			t.Errorf("no %q in\n%s: 4 new tokens, 4 steps", line, table)
		}
	}
}

// A request that cannot be made is refused in a sentence: token ids that the
// model does not have, no rows, or more than there is memory for.
func TestWhatCannotBeMadeIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*protocol.Request){
		"ids: want 1 x 3 token ids below 50257":           func(r *protocol.Request) { r.IDs = []int{1, 50257, 2} },
		"a batch of -1 rows is none":                      func(r *protocol.Request) { r.Batch = -1 },
		"1099511627776 x 7 tokens are more than 67108864": func(r *protocol.Request) { r.Batch = 1 << 40 },
	} {
		s := open(t, cpuLoad())
		r := req(1, "prefill", "variable", "eager", 3, 3)
		spoil(r)
		s.send(r)
		s.drainAndStop(t, 1)
		batches := of[protocol.Batch](s)
		if len(batches) != 2 {
			t.Errorf("%d batches, want one a lane", len(batches))
		}
		for _, b := range batches {
			if len(b.Error) != 1 || b.Error[0] != want {
				t.Errorf("%+v, want %q", b, want)
			}
		}
	}
}

// A module of the user's own, through torch.entry.
func TestEntry(t *testing.T) {
	entry := must.Get(filepath.Abs("testdata/entry.py"))(t)
	s := open(t, protocol.Load{Name: "mine", Modes: []string{"forward"}, Options: map[string]string{"entry": entry + ":make", "device": "cpu"}})
	for i := range 4 {
		r := req(uint64(i+1), "forward", "variable", "eager", 0, 0)
		r.Dims = map[string]int{"batch": 1 + i/2, "length": 8}
		s.send(r)
	}
	s.drainAndStop(t, 4)
	l := of[protocol.Loaded](s)
	if len(l) != 1 || l[0].Model.Name != entry+":make" || l[0].Model.Kind != "any" || strings.Join(l[0].Model.Dims, " ") != "batch length" {
		t.Fatalf("loaded %+v", l)
	}
	if n := len(s.events(stats.KindCompile)) + len(s.events(stats.KindRecompile)); n != 2 {
		t.Errorf("%d compiles of two shapes", n)
	}
	if d := s.events(stats.KindDivergence); len(d) != 0 {
		t.Errorf("divergences %+v", d)
	}
	for _, b := range of[protocol.Batch](s) {
		if b.Shape != "1x8" && b.Shape != "2x8" {
			t.Errorf("shape %q", b.Shape)
		}
	}
}

// What fails in the user's own input maker is told by that name.
func TestEntryThatFails(t *testing.T) {
	entry := must.Get(filepath.Abs("testdata/entry.py"))(t)
	s := open(t, protocol.Load{Name: "mine", Modes: []string{"prefill"}, Options: map[string]string{"entry": entry + ":make", "device": "cpu"}})
	s.send(req(1, "prefill", "variable", "eager", 3, 3))
	s.drainAndStop(t, 1)
	for _, b := range of[protocol.Batch](s) {
		if len(b.Error) != 1 || !strings.Contains(b.Error[0], "make_inputs({'batch': 1, 'tokens': 3}): KeyError: 'length'") {
			t.Errorf("%q", b.Error)
		}
	}
}

// NVTX ranges lie around requests and steps, nested and closed, also of what
// fails; without a CUDA device that they are not there is a note.
func TestNVTX(t *testing.T) {
	const lines = `
import types
import torch
said = []
torch.cuda.nvtx = types.SimpleNamespace(range_push=lambda s: said.append(s), range_pop=lambda: said.append("end"))
from tailscope_torch.lanes import Lanes
from tailscope_torch.regions import Regions
clock = types.SimpleNamespace(cuda=True, run=lambda go: (go(), {"wall_ns": 1, "start_ns": 1})[1])
host = types.SimpleNamespace(start=lambda: None, stop=lambda wall: {})
opts = {"nvtx": True}
step = Lanes.ranged(types.SimpleNamespace(opts=opts, clock=clock), lambda: said.append("step"))
def broken(): raise ValueError("no")
for go in (lambda: (step(), step()), broken):
    j = types.SimpleNamespace(prepare=None, used=[], lane="eager", mode="kv_decode", shape="1x3+2", req={"id": 7}, go=go, times={}, step_marks=None)
    try: Regions(None, opts, clock, host).run(j)
    except ValueError: said.append("failed")
print("|".join(said))
`
	const head = "tailscope eager kv_decode 1x3+2 #7|"
	want := head + strings.Repeat("tailscope step|step|end|", 2) + "end|" + head + "end|failed"
	if out := strings.TrimSpace(python(t, lines)); out != want {
		t.Errorf("%s\nwant %s", out, want)
	}
	s := open(t, protocol.Load{Options: map[string]string{"device": "cpu", "nvtx": "true"}})
	s.send(req(1, "prefill", "variable", "eager", 3, 3))
	s.drainAndStop(t, 1)
	if l := of[protocol.Loaded](s); len(l) != 1 || !strings.Contains(strings.Join(l[0].Notes, "|"), "nvtx does nothing") {
		t.Errorf("loaded %+v", l)
	}
}
