package torch

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tailscope/tailscope/internal/demand"
	"github.com/tailscope/tailscope/internal/must"
)

// realPython runs a program against the worker's package in a real torch,
// TAILSCOPE_TORCH_PYTHON, and returns what it prints.
func realPython(t *testing.T, program string) string {
	t.Helper()
	python := demand.TorchPython(t)
	dir := must.Get(install(t.TempDir()))(t)
	cmd := exec.Command(python, "-c", program)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+dir+string(os.PathListSeparator)+selftest(t))
	cmd.Stderr = testLog{t}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// withTransformers is realPython for a program that needs transformers.
func withTransformers(t *testing.T, program string) string {
	t.Helper()
	got := realPython(t, "try: import transformers\nexcept ImportError: print('no transformers'); raise SystemExit\n"+program)
	if strings.HasPrefix(got, "no transformers") {
		demand.Lacks(t, demand.Transformers, "this torch has no transformers beside it")
	}
	return got
}

const merging = `
import torch
from torch import nn
from tailscope_torch import rewrites, options
from tailscope_torch.calls import greedy
torch.manual_seed(1)
torch.set_grad_enabled(False)
class Block(nn.Module):
    def __init__(self, bias):
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = nn.Linear(8, 8, bias=bias), nn.Linear(8, 4, bias=bias), nn.Linear(8, 4, bias=bias)
        self.gate_proj, self.up_proj, self.down_proj = nn.Linear(16, 6, bias=False), nn.Linear(16, 6, bias=False), nn.Linear(6, 8)
    def forward(self, x):
        y = torch.cat([self.q_proj(x), self.k_proj(x), self.v_proj(x)], -1)
        return x + self.down_proj(torch.sigmoid(self.gate_proj(y)) * self.up_proj(y))
m = nn.Sequential(Block(True), Block(False))
x = torch.randn(3, 8)
want = m(x)
size = sum(p.numel() for p in m.parameters())
twin, merged = rewrites.optimized(m, options.parse({"merge": "true"}))
fused = torch.compile(twin, backend="eager", fullgraph=True)
print(merged, torch.equal(m(x), want), torch.allclose(twin(x), want, atol=1e-6), torch.allclose(fused(2 * x), m(2 * x), atol=1e-6))
print(size == sum(p.numel() for p in m.parameters()), twin[0].q_proj.whole.weight.data_ptr() == m[0].q_proj.weight.data_ptr(),
      twin[1].down_proj.weight.data_ptr() == m[1].down_proj.weight.data_ptr(), m[0].k_proj.weight.is_contiguous())
m[0].up_proj.weight.mul_(2)  # both lanes see it: the memory is one
print(torch.allclose(twin(x), m(x), atol=1e-6), torch.allclose(twin(x), want, atol=1e-6))
print(rewrites.optimized(m, options.parse({}))[0] is m)
q, k, v, mask = torch.randn(2, 8, 1, 4), torch.randn(2, 2, 9, 4), torch.randn(2, 2, 9, 4), torch.randn(2, 1, 1, 9)
sdpa = nn.functional.scaled_dot_product_attention(q, k.repeat_interleave(4, 1), v.repeat_interleave(4, 1), attn_mask=mask)
print(torch.allclose(rewrites.grouped(None, q, k, v, mask)[0], sdpa.transpose(1, 2), atol=1e-6))
print(all((greedy(l) == l.argmax(-1, keepdim=True)).all() for l in (torch.randn(3, v) for v in (7, 128, 16384, 128256, 50257))))
`

// Merged linears give what they gave apart, from the same memory, compiled and
// not; attention without repeated keys is sdpa's; a choice in two stages is argmax.
func TestWhatTheOptimizedLaneRewrites(t *testing.T) {
	if got, want := realPython(t, merging), "10 True True True\nTrue True True True\nTrue False\nTrue\nTrue\nTrue\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const itself = `
import selftest
from tailscope_torch import evidence
class Args: device, dtype, attn, model, new, quick = "cpu", "float32", "", "tiny-llama", 6, True
for mode, prefill, decode, more in (("kv_decode", "padded", "static-cache", {}), ("kv_decode", "variable", "static-cache", {"merge": "true", "optimized_attn": "grouped"}),
                                    ("e2e_kv", "padded", "kv-bucketed", {"optimized_attn": "eager"}),
                                    ("kv_decode", "padded", "static-cache", {"regional": "true", "merge": "true"})):
    w, out = selftest.worker(Args, {"explain": "false", "backend": "aot_eager", "step_graph": "own", **more})
    w.comparer.share = 1
    for r in selftest.requests(Args, mode, prefill, decode, 2):
        w.requests.run(r)
    w.report(); w.close(); w.out.flush()
    c, e = out.take("counters")[-1], out.take("evidence")
    print(mode, [x for b in out.take("batch") for x in b.get("error", []) if x], c["checks"]["n"], c["checks"]["failed"], c["engine"]["tokens_differ"],
          any(x["extra"]["step_graph"] == "own" for x in e), e[0]["extra"]["linears_merged"], e[0]["extra"]["blocks_compiled_once"])
    evidence.reset()
`

const streamedHead = `
import torch
from torch import nn
from tailscope_torch.reference import Reference, streamed
torch.manual_seed(1)
torch.set_grad_enabled(False)
def compare(m, *args):
    m = m.eval().to(torch.bfloat16)
    twin, wide = streamed(m, torch.float32), __import__("copy").deepcopy(m).float()
    first = lambda out: out if isinstance(out, torch.Tensor) else out.logits
    print(first(twin(*args)).dtype, torch.allclose(first(twin(*args)), first(wide(*args)), atol=1e-6), {p.dtype for p in twin.parameters()})
`

const streamedT5 = streamedHead + `
from transformers import T5Config, T5ForConditionalGeneration
compare(T5ForConditionalGeneration(T5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0)),
        torch.arange(6)[None], torch.ones(1, 6, dtype=torch.long), torch.arange(4)[None])
`

const streaming = streamedHead + `
class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.inner = nn.Parameter(torch.rand(6)), nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 6))
    def forward(self, x):
        return self.inner(x) * self.scale
m = nn.Sequential(nn.Embedding(11, 6), Scaled(), nn.LayerNorm(6), nn.Linear(6, 11, bias=False)).to(torch.bfloat16)
m[3].weight = m[0].weight
twin, ids = streamed(m, torch.float32), torch.arange(11)
got, wide = twin(ids), __import__("copy").deepcopy(m).float()(ids)
print(got.dtype, torch.equal(got, wide), torch.equal(got.bfloat16(), m(ids)))
print({p.dtype for p in twin.parameters()}, all(a is b for a, b in zip(twin.parameters(), m.parameters())))
try:
    twin(torch.tensor([99]))
except IndexError:
    print({p.dtype for p in twin.parameters()}, torch.equal(twin(ids), wide))
class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn, self.rnn, self.last = nn.MultiheadAttention(8, 2, batch_first=True), nn.LSTM(8, 8, 2, batch_first=True), nn.GRU(8, 8, bidirectional=True)
    def forward(self, x):
        x = x.to(self.last.weight_hh_l0.dtype)
        return self.last(self.rnn(self.attn(x, x, x)[0])[0])[0]
compare(Attends(), torch.rand(2, 3, 8))
class Lanes:
    def beside(self, model): return model
class Model: module, dtype, device = m, torch.bfloat16, torch.device("cpu")
from tailscope_torch import reference
for size in (10**12, 1500, 100):
    reference.room = lambda device: size
    r = Reference(Model(), Lanes(), None)
    r.make()
    print(r.why or (r.lanes.dtype, [p.dtype for p in r.lanes.module.parameters()][0]))
`

const stateful = `
import torch
from torch import nn
from tailscope_torch import reference
torch.set_grad_enabled(False)
class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("seen", torch.zeros(4))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.norm.register_buffer("shared", self.seen)
    def forward(self, x):
        self.seen += 1
        self.calls += 1
        return self.norm(x) + self.seen
m = Counts().eval().half()
m.norm.shared = m.seen
x, twin = torch.rand(3, 4), reference.streamed(m, torch.float32)
got = twin(x)
print(got.dtype, m.seen.tolist(), int(m.calls), twin.seen.tolist(), twin.seen is twin.norm.shared, m.norm.running_mean.dtype, twin.calls.dtype)

def forbidden(): raise AssertionError("the cache was given back")
torch.cuda.empty_cache = forbidden
torch.cuda.mem_get_info, torch.cuda.memory_reserved, torch.cuda.memory_allocated = lambda d: (100, 9), lambda d: 1000, lambda d: 300
print(reference.room(torch.device("cuda")))
class Lanes:
    def beside(self, model): return model
class Model: module, dtype, device = m, torch.float16, torch.device("cuda")
r = reference.Reference(Model(), Lanes(), None)
r.make()
print(r.why or r.lanes.dtype)
`

// A reference leaves what it judges as it was: buffers that a module writes, and what
// the allocator keeps.
func TestAReferenceChangesNothing(t *testing.T) {
	want := "torch.float32 [0.0, 0.0, 0.0, 0.0] 0 [1.0, 1.0, 1.0, 1.0] True torch.float16 torch.int64\n800\ntorch.float32\n"
	if got := realPython(t, stateful); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A reference of a model that fits but once takes the weights one by one, and gives what
// a whole copy gives: also where a module computes with its children's, and recurrent ones.
func TestAReferenceOneModuleAtATime(t *testing.T) {
	want := "torch.float32 True False\n{torch.bfloat16} True\n{torch.bfloat16} True\n" +
		"torch.float32 True {torch.bfloat16}\n" +
		"(torch.float32, torch.float32)\n(torch.float32, torch.bfloat16)\nnot even one module of 0.0 GB in float32 fits beside the model\n"
	if got := realPython(t, streaming); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// T5's layers look at the precision of their children's weights.
func TestAReferenceOfT5(t *testing.T) {
	got := withTransformers(t, streamedT5)
	if want := "torch.float32 True {torch.bfloat16}\n"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

const unjudged = `
import torch
from tailscope_torch import check
class Model: module, dtype, device = torch.nn.Linear(2, 2), torch.float16, torch.device("cpu")
class Story:
    dirty = False
    def event(self, kind, job, reason, extra): print(kind, reason, extra.get("judged"))
class Job:
    def __init__(self, x): self.kept = check.Kept(torch.tensor(x), [])
def broken(*args): raise RuntimeError("mat1 and mat2 must have the same dtype")
for run in (broken, lambda *args: [torch.tensor([1., 1.])], lambda *args: [torch.tensor([1., 2.])]):
    c = check.Comparer(Model(), None, None, Story(), 1)
    c.reference.run = run
    c.compare({"id": 1, "mode": "forward", "order": ["eager", "optimized"], "strategy": {"prefill": "variable", "decode": "eager"}, "exec": [2, 2], "batch": 1},
              {"eager": Job([1., 1.]), "optimized": Job([1., 2.])})
    print(c.sums.n, c.sums.failed)
`

// A reference that cannot be run judges nothing: the lanes differ all the same, and
// it is told as what nothing has judged.
func TestADifferenceThatNothingHasJudged(t *testing.T) {
	want := "divergence outputs differ by 0.707 (relative L2, tolerance 0.02); nothing has judged that: the reference failed: RuntimeError: mat1 and mat2 must have the same dtype False\n1 1\n" +
		"divergence outputs differ by 0.707 (relative L2, tolerance 0.02); from a reference in higher precision the optimized lane is 0.707 away, the eager lane 0 None\n1 1\n1 0\n"
	if got := realPython(t, unjudged); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const pieces = `
import selftest
from tailscope_torch import evidence
class Args: device, dtype, attn, model, new, quick = "cpu", "float32", "", "tiny-llama", 4, False
for mode, decode, more in (("prefill", "eager", {}), ("e2e_kv", "static-cache", {"step_graph": "own"}), ("e2e_kv", "variable", {}), ("prefill", "eager", {"prefill_chunk": "48"})):
    w, out = selftest.worker(Args, {"explain": "false", "backend": "aot_eager", **more})
    w.comparer.share = 1
    for r in list(selftest.requests(Args, mode, "chunked", decode, 1)):
        w.requests.run(r)
    w.report(); w.close(); w.out.flush()
    c, events = out.take("counters")[-1], out.take("event")
    bad = sorted({x for b in out.take("batch") for x in b.get("error", []) if x})
    print(mode, bad, c["checks"]["n"], c["checks"]["failed"], c["engine"]["tokens_differ"], [(g["strategy"], g["unique_graphs"], g["recompiles"], g["fallbacks"]) for g in c["groups"]],
          sorted({e["shape"] for e in events if e["kind"] in ("compile", "recompile")}))
    work = [p for m in out.take("work") if m["lane"] == "optimized" for p in m["passes"][:1] if m["tokens"] > 64]
    print(all(p["executed"]["bytes"] > 1.5 * p["natural"]["bytes"] for p in work), len(work) > 0)
    evidence.reset()
`

// A prompt in pieces over a fixed-size cache answers as whole, with one executable
// for all lengths; each piece reads the weights, and what has no such cache is refused.
func TestAPromptInPieces(t *testing.T) {
	got := withTransformers(t, pieces)
	want := `prefill [] 9 0 0 [('chunked', 1, 0, 0)] ['1x64/kv256']
True True
e2e_kv [] 9 0 0 [('prefill=chunked,decode=static-cache', 2, 1, 0)] ['1x1+kv256', '1x64/kv256']
True True
e2e_kv ['prefill=chunked fills a cache of fixed size, which decode=variable has not: static-cache and kv-bucketed have one'] 0 0 0 [] []
True False
prefill [] 9 0 0 [('chunked', 1, 0, 0)] ['1x48/kv256']
True True
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

const blocks = `
import selftest
from tailscope_torch import evidence, walk
from tailscope_torch.job import Job
print(walk.lengths(Job({"exec": [63, 63], "batch": 1, "mode": "kv_decode", "new_tokens": 70, "strategy": {"prefill": "eager", "decode": "static-cache"}}, "optimized"), 64, 130))
class Args: device, dtype, attn, model, new, quick = "cpu", "float32", "", "tiny-llama", 20, True
for mode, prefill, more in (("kv_decode", "padded", {}), ("kv_decode", "variable", {"step_graph": "own"}), ("e2e_kv", "chunked", {"step_graph": "own"})):
    w, out = selftest.worker(Args, {"explain": "false", "backend": "aot_eager", "cache_block": "16", **more})
    w.comparer.share = 1
    for r in selftest.requests(Args, mode, prefill, "static-cache", 1):
        w.requests.run(r)
    w.report(); w.close(); w.out.flush()
    c, batches = out.take("counters")[-1], out.take("batch")
    print(mode, sorted({x for b in batches for x in b.get("error", []) if x}), c["checks"]["n"], c["checks"]["failed"], c["engine"]["tokens_differ"],
          [(g["unique_graphs"], g["fallbacks"]) for g in c["groups"]], sorted({e["shape"] for e in out.take("event") if e["kind"] in ("compile", "recompile")}),
          sorted({b["shape"] for b in batches if b["lane"] == "optimized"})[-1], {len(s) for b in batches for s in b["steps_ns"]})
    evidence.reset()
`

// A cache that grows by blocks answers as one of full length, with one executable a
// length; every step has its time.
func TestACacheThatGrowsByBlocks(t *testing.T) {
	got := withTransformers(t, blocks)
	want := `[(64, 1), (128, 64), (133, 5)]
kv_decode [] 4 0 0 [(3, 0)] ['1x1+kv16', '1x1+kv32', '1x1+kv48'] 1x9+20/kv16-32 {20}
kv_decode [] 4 0 0 [(3, 0)] ['1x1+kv16', '1x1+kv32', '1x1+kv48'] 1x9+20/kv16-32 {20}
e2e_kv [] 4 0 0 [(3, 0)] ['1x1+kv80', '1x1+kv96', '1x64/kv80'] 1x64+20/kv80-96 {20}
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A step that feeds itself chooses the tokens that the eager lane chooses, padded
// or not, in every request of a cache; also where its blocks are compiled once.
func TestAStepThatFeedsItself(t *testing.T) {
	got := withTransformers(t, itself)
	if want := "kv_decode [] 8 0 0 True 0 0\nkv_decode [] 8 0 0 True 10 0\ne2e_kv [] 8 0 0 True 0 0\nkv_decode [] 8 0 0 True 10 2\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
