"""A service with threads: compiled once, then called by eight of them."""
from concurrent.futures import ThreadPoolExecutor

import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(16, 16)

    def forward(self, x):
        return self.a(x).relu()


m = torch.compile(Model().eval().requires_grad_(False), backend="aot_eager", dynamic=False)
for n in (1, 2, 3, 4):
    m(torch.ones(n, 16))
with ThreadPoolExecutor(8) as pool:
    sums = list(pool.map(lambda i: m(torch.ones(1 + i % 4, 16)).shape[0], range(400)))
print("rows", sum(sums))
