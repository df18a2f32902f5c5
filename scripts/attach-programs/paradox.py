"""pytorch #149582's situation: a model whose compiled calls are the fastest and
whose average is a hundred times worse than eager, as each new length compiles.

    python paradox.py [all|eager|bad|cured [CALLS [BLOCKS]]]

As there the first call is left out and the average is of the next 30, whatever
they are; that of the calls whose length came before stands beside it. Its
6.149 s times 30 are seven times the 25.8 s of its first call: seven recompiles,
and so it is here, with eight lengths (a ninth would be beyond torch's limit),
in random order. eager and cured run the same calls. cured is what the advice
says: one executable for all lengths, which the first call compiles. all runs
the three in turn, in one process. Needs a cold TORCHINDUCTOR_CACHE_DIR, as that
report had."""
import random
import sys
import time

import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
width, heads = (1536, 12) if device == "cuda" else (64, 2)
what, calls, layers = (sys.argv[1:] + ["bad", "30", "2"][len(sys.argv) - 1:])[:3]
calls, layers = int(calls), int(layers)
torch.manual_seed(0)
torch.set_grad_enabled(False)
torch.backends.cuda.enable_cudnn_sdp(False)  # it makes a plan for each new size: 64 to 89 ms on an H200, eager as well as compiled, which is another matter


class Norm(torch.nn.Module):
    def __init__(self, n=width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(n))

    def forward(self, x):
        f = x.float()
        return self.weight * (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat((-b, a), -1) * sin


class Block(torch.nn.Module):
    """A decoder's block as such models are written: Llama, Qwen 3."""

    def __init__(self):
        super().__init__()
        linear = lambda n, m: torch.nn.Linear(n, m, bias=False)  # noqa: E731
        self.before, self.after = Norm(), Norm()
        self.q_norm, self.k_norm = Norm(width // heads), Norm(width // heads)
        self.q, self.k, self.v, self.o = (linear(width, width) for _ in range(4))
        self.gate, self.up, self.down = linear(width, 4 * width), linear(width, 4 * width), linear(4 * width, width)

    def forward(self, x, cos, sin):
        h = self.before(x)
        q, k, v = (f(h).view(x.shape[0], heads, -1).transpose(0, 1) for f in (self.q, self.k, self.v))
        q, k = self.q_norm(q), self.k_norm(k)
        a = torch.nn.functional.scaled_dot_product_attention(rotate(q, cos, sin)[None], rotate(k, cos, sin)[None], v[None], is_causal=True)
        x = x + self.o(a[0].transpose(0, 1).reshape(x.shape))
        h = self.after(x)
        return x + self.down(torch.nn.functional.silu(self.gate(h)) * self.up(h))


class Decoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks, self.norm = torch.nn.ModuleList(Block() for _ in range(layers)), Norm()
        self.register_buffer("rate", 1e4 ** -(torch.arange(0, width // heads, 2) / (width // heads)))

    def forward(self, x):
        angle = torch.arange(x.shape[0], device=x.device)[:, None] * self.rate
        cos, sin = (f(torch.cat((angle, angle), -1)).to(x.dtype) for f in (torch.cos, torch.sin))
        for b in self.blocks:
            x = b(x, cos, sin)
        return self.norm(x)[-1]


net = Decoder().to(device, torch.bfloat16 if device == "cuda" else torch.float32).eval()
lengths = random.Random(7).sample(range(16, 96), 8)
order = random.Random(8)
traffic = order.choices(lengths, k=max(calls - 7, 0)) + lengths[1:]
order.shuffle(traffic)


def measure(what):
    torch._dynamo.reset()
    run = net if what == "eager" else torch.compile(net, dynamic=what == "cured")
    inputs = {n: torch.randn(n, width, device=device, dtype=net.norm.weight.dtype) for n in lengths}
    if what == "cured":
        torch._dynamo.mark_dynamic(inputs[lengths[0]], 0)
    run(inputs[lengths[0]]).float().sum().item()
    took, steady, seen = [], [], {lengths[0]}
    for n in traffic:
        t = time.perf_counter()
        run(inputs[n]).float().sum().item()
        took.append(1e3 * (time.perf_counter() - t))
        steady += took[-1:] if n in seen else []
        seen.add(n)
    print(f"{what}: average {sum(took) / len(took):.3f} ms, fastest {min(took):.3f} ms, steady {sum(steady) / len(steady):.3f} ms; "
          f"{len(took)} calls of {len(lengths)} lengths, {len(steady)} of them steady", flush=True)


for w in ("eager", "cured", "bad") if what == "all" else (what,):
    measure(w)
