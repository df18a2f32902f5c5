"""A service with threads. torch 2.11 compiles once more a thread (BACKEND_MATCH)
and fails when two compile at once: they take turns."""
import threading
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
turn = threading.Lock()


def answer(i):
    with turn:
        return m(torch.ones(1 + i % 4, 16)).shape[0]


with ThreadPoolExecutor(8) as pool:
    sums = list(pool.map(answer, range(400)))
print("rows", sum(sums))
