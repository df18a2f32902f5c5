"""Modules in bfloat16 whose lanes differ: by rounding, and by a wrong answer."""

import torch
from torch import nn


class Cancel(nn.Module):
    """Eager rounds after each operation, a fused kernel does not."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return (x * 300 + 1) * 0.01 - x * 3 * self.w


class Wrong(nn.Module):
    """Compiled, it computes something else."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x * self.w * (1.2 if torch.compiler.is_compiling() else 1.0)


def inputs(shape, seed, device):
    g = torch.Generator().manual_seed(seed % 2**31)
    return {"x": torch.rand(shape["n"], generator=g).to(torch.bfloat16).to(device)}


inputs.dims = ["n"]


def rounding():
    return Cancel().to(torch.bfloat16), inputs


def wrong():
    return Wrong().to(torch.bfloat16), inputs
