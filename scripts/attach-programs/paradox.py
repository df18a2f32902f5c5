"""pytorch #149582's situation: a model whose compiled calls are fast and whose
average is a hundred times worse than eager, because each new length compiles.

    python paradox.py [bad|cured] [eager]

cured is what the advice says: one executable for all lengths."""
import random
import sys
import time

import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
width, layers = (2048, 24) if device == "cuda" else (128, 8)


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = torch.nn.LayerNorm(width), torch.nn.Linear(width, 2 * width), torch.nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(torch.nn.functional.gelu(self.up(self.norm(x))))


torch.manual_seed(0)
random.seed(0)
torch.set_grad_enabled(False)
model = torch.nn.Sequential(*(Block() for _ in range(layers)))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = model

    def forward(self, x):
        for b in self.blocks:
            x = b(x)
        return x.mean()


net = Net().to(device).eval()
torch._dynamo.config.recompile_limit = 64
run = torch.compile(net, dynamic=True if "cured" in sys.argv else False)
if "eager" in sys.argv:
    run = net
lengths = [random.randint(2, 40) for _ in range(24)]
took = []
for n in lengths + lengths[:3] * 4:
    x = torch.randn(n, width, device=device)
    t = time.perf_counter()
    run(x).item()
    took.append(1e3 * (time.perf_counter() - t))
print(f"average {sum(took) / len(took):.3f} ms, fastest {min(took):.3f} ms, calls {len(took)}")
