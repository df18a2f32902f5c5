"""A program that ends with an exception, after samples."""
import torch


@torch.compile(backend="eager")
def step(x):
    if x.shape[0] > 5:
        raise ValueError("too long")
    return x + 1


for n in range(1, 9):
    step(torch.ones(n))
