"""What a stranger's own script may be: a model, compiled, called with batches of
several sizes. Under "tailscope exec" it says what was compiled, and why again."""
import torch

net = torch.compile(torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.GELU(), torch.nn.Linear(64, 8)))
for n in (4, 7, 9, 12):
    print(n, net(torch.randn(n, 64)).sum().item())
