package torch

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/must"
)

// heard feeds lines as torch 2.11 logged them on a GPU to the listener and
// prints what it made of them.
const heard = `
from tailscope_torch.evidence import Watch
w = Watch(None, None, lambda r: print("limit:", r), lambda r: print("skip:", r))
for text in (
    "Recompiling function step_0 in step_0.py:2\n    triggered by the following guard failure(s):\n"
    "    - 0/3: tensor 'ids' size mismatch at index 1. expected 61, actual 120\n"
    "    - User stack trace:\n    -   File \"step_0.py\", line 3, in step_0\n"
    "    - 0/2: tensor 'ids' size mismatch at index 1. expected 22, actual 120",
    "torch._dynamo hit config.recompile_limit (8)\n   function: 'step_0' (step_0.py:2)\n"
    "   last reason: 0/7: tensor 'past.layers[0].keys' size mismatch at index 2. expected 12, actual 13\nTo log all",
    "skipping cudagraphs due to mutated inputs (6 instances). Found from : \n  File x",
    "something else",
):
    w.heard(text)
print("reason:", w.reason)
`

// python runs lines beside the worker's files and returns what they print.
func python(t *testing.T, lines string) string {
	t.Helper()
	argv, env := standin(t)
	cmd := exec.Command(argv[0], "-c", lines)
	cmd.Env, cmd.Dir = env, strings.TrimSuffix(argv[1], "worker.py")
	cmd.Stderr = testLog{t}
	out := must.Get(cmd.Output())(t)
	return string(out)
}

func TestWhatTorchLogsIsUnderstood(t *testing.T) {
	out := python(t, heard)
	want := "limit: tensor 'past.layers[0].keys' size mismatch at index 2. expected 12, actual 13\n" +
		"skip: skipping cudagraphs due to mutated inputs (6 instances). Found from :\n" +
		"reason: tensor 'ids' size mismatch at index 1. expected 61, actual 120 (and 1 more)\n"
	if out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
}

// recording lets torch's own logger and callbacks tell of recordings, in torch's own
// words (the templates are looked up in its source), where no GPU records any.
const recording = `
import inspect
import torch
from torch._dynamo.callback import CallbackTrigger, callback_handler
from torch._inductor import cudagraph_trees as trees, cudagraph_utils as utils
from tailscope_torch.evidence import Watch
again, anew, size = "[%s] Re-recording function=%s, reason=%s", "[%s] Recording function=%s, cuda_graph_id=%d, inputs: %s", "Recording cudagraph tree for symint key %s"
source = inspect.getsource(trees)
print(all(f'"{t}"' in source for t in (again, anew, size)))
w = Watch(None, lambda start, end, why: print(end >= start, why or "first"), print, print)
w.install()
def record(id, name, n, *before):
    for line in before:
        trees.log.debug(*line)
    with callback_handler.install_callbacks(CallbackTrigger.CUDAGRAPH_RECORDING, id):
        trees.log.debug(anew, id, name, n, "[]")
class Place: name, stack_trace, users, mutating_use_stack_trace = "past_keys", "a\n", [], None
moved = utils.log_data_ptr_mismatch([Place], [torch.zeros(3)], [16], [0], utils.CheckInvariantStatus.StaticInputIdxMismatch)
record("0/0", "call", 1)
record("0/0", "call", 2, (again, "0/0", "call", moved))
record("0/0", "call", 3)
record("0/1", "call", 4, (size, (37,)))
record("0/1", "call", 5, (size, (41,)), ("[%s] Running warmup function=%s", "0/1", "call"))
w.install()  # after a reset
record("0/0", "call", 1)
print(dict(w.recordings.count))
w.remove()
`

// TestWhyAGraphIsRecordedAgain needs a real torch.
func TestWhyAGraphIsRecordedAgain(t *testing.T) {
	want := `True
True first
True static input data pointer changed: past_keys
True it follows another graph than before
True first
True another size under dynamic shapes, (41,)
True first
{'static input data pointer changed: past_keys': 1, 'it follows another graph than before': 1, 'another size under dynamic shapes, (N,)': 1}
`
	if got := realPython(t, recording); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// wanted asks whether requests are compared, at a share of next to none.
const wanted = `
from tailscope_torch.check import Comparer, seen_as
class Model: dtype = None
c = Comparer(Model, None, None, None, 1e-12)
r = {"id": 1, "mode": "prefill", "strategy": {"prefill": "padded", "decode": "eager"}, "exec": [4, 4], "batch": 1, "order": ["eager", "optimized"]}
print(c.wanted(r), c.wanted({**r, "id": 2}), c.wanted({**r, "order": ["eager"]}))
c.seen.add(seen_as(r))
print(c.wanted(r), c.wanted({**r, "exec": [4, 5]}), c.wanted({**r, "dims": {"width": 3}}))
`

// The first of a shape is the first that was compared: one that was flushed
// after it was chosen leaves the next one to be compared.
func TestFirstOfAShapeIsCompared(t *testing.T) {
	if got, want := python(t, wanted), "True True False\nFalse True True\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const repeatable = `
from tailscope_torch.check import settled
from tailscope_torch.groups import Compiled
from tailscope_torch.job import Job
def job(graphs, words="padded"):
    j = Job({"exec": [4, 8], "batch": 1, "mode": "e2e_kv", "strategy": {"prefill": words, "decode": "static-cache"}}, "optimized")
    j.used = [(Compiled(print, len, "inductor", "inductor", graphs, False), {"1x8"})]
    return j
replayed, plain = job(True), job(False)
for _ in range(3):
    print(settled(replayed), settled(plain), settled(job(True, "eager")))
    replayed.used[0][0].ran.update({"1x8"})
`

// The prefill of a request on CUDA graphs is repeated for the check only after
// two timed runs: the second one records the graph.
func TestChecksRecordNoGraph(t *testing.T) {
	if got, want := python(t, repeatable), "False True True\nFalse True True\nTrue True True\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// steps runs requests on a clock whose events complete when it is told: short
// steps that are kept up with, one that is not, and long ones.
const steps = `
from tailscope_torch.job import Job
from tailscope_torch.steps import Steps
class Event:
    at = 0
    def elapsed_time(self, later): return (later.at - self.at) / 1e6
class Clock:
    cuda = True
    events, records = [Event() for _ in range(9)], ["record"] * 9
    def take(self, n): return self.events[:n]
def run(s, mode, step, behind, compile_ns=0):
    j = Job({"exec": [4, 4], "new_tokens": 3, "batch": 1, "mode": mode, "strategy": {"prefill": "padded", "decode": "static-cache"}}, "optimized")
    head = mode == "e2e_kv"
    m = s.marks(j, 3, head)
    ends = [1000 + (i + 1) * step for i in range(3 + head)]
    for e, t in zip(m.events, ends):
        e.at = t - 1000
    if m.stamps is not None:
        m.stamps.extend(t - behind for t in (ends[1:] if head else ends))
    m.launched, j.compile_ns = ends[-1] - behind, compile_ns
    j.times = {"start_ns": 1000, "wall_ns": ends[-1] - 1000 + 7, "device_ns": ends[-1] - 1000}
    print(mode, m.how, len(m.events), m.records is not None, m.read(j), j.times.get("ttft_ns"))
s = Steps({"steps": "auto"}, Clock())
for behind, compile_ns in ((0, 5), (0, 0), (9000, 0), (90, 0), (80, 0), (70, 0), (9000, 0), (0, 0)):
    run(s, "kv_decode", 3000, behind, compile_ns)
for _ in range(3):
    run(s, "e2e_kv", 3000, 0)
for _ in range(3):
    run(s, "e2e_kv", 2000000, 0)
print(dict(s.sums))
`

const stepsWant = `kv_decode learning 3 True [3000, 3000, 3000] None
kv_decode learning 3 True [3000, 3000, 3000] None
kv_decode learning 3 True [3000, 3000, 3000] None
kv_decode learning 3 True [3000, 3000, 3000] None
kv_decode learning 3 True [3000, 3000, 3000] None
kv_decode kept up 0 False [2930, 3000, 3000] None
kv_decode kept up 0 False [] None
kv_decode learning 3 True [3000, 3000, 3000] None
e2e_kv learning 4 True [3000, 3000, 3000] 3000
e2e_kv learning 4 True [3000, 3000, 3000] 3000
e2e_kv kept up 1 False [3000, 3000, 3000] 3000
e2e_kv kept up 1 False [2000000, 2000000, 2000000] 2000000
e2e_kv kept up 1 False [2000000, 2000000, 2000000] 2000000
e2e_kv kept up 1 False [2000000, 2000000, 2000000] 2000000
{'events': 8, 'host': 5, 'unknown': 1}
`

// Steps are timed by events until the device was seen to keep up with short
// ones; then by the host, and one that does not keep up has no step times.
func TestStepsAreTimedByWhatCostsThemNothing(t *testing.T) {
	if got := python(t, steps); got != stepsWant {
		t.Errorf("got\n%swant\n%s", got, stepsWant)
	}
}

// silent runs a request that compiles, and prints how many lines were written
// within its regions and how many compiles were told of in all.
const silent = `
from selftest import worker
class Args: device, dtype, attn, model = "cpu", "float32", "", "tiny-gpt2"
w, out = worker(Args, {})
run = w.requests.regions.run
def watched(*args):
    n = len(out.lines)
    run(*args)
    print(len(out.lines) - n)
w.requests.regions.run = watched
w.requests.run({"t": "req", "id": 1, "mode": "prefill", "batch": 1, "tokens": 5, "exec": [5, 5], "order": ["eager", "optimized"],
                "strategy": {"prefill": "variable", "decode": "eager"}})
print([e["kind"] for e in out.take("event") if not e["reason"].startswith("loading")])
`

func TestNothingIsWrittenWithinARegion(t *testing.T) {
	if got, want := python(t, silent), "0\n0\n['compile']\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
