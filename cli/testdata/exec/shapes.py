"""A loop whose shapes change: pytorch's automatic dynamic off, so that each is an executable."""
import torch


@torch.compile(backend="aot_eager", dynamic=False)
def step(x):
    return (x * 2 + 1).sin().sum()


total = 0.0
for i in range(90):
    total += step(torch.ones(3 + i % 3)).item()
print(f"total {total:.6f}")
