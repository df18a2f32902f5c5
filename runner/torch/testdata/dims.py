"""A module of two dimensions that nothing ties together."""

import torch
from torch import nn


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return (x * self.w).tanh().sum(1)


def inputs(shape, seed, device):
    g = torch.Generator().manual_seed(seed % 2**31)
    return {"x": torch.rand(shape["rows"], shape["cols"], generator=g).to(device)}


inputs.dims = ["rows", "cols"]


def rows():
    return Rows(), inputs
