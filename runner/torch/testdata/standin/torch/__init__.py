"""Stand-in for torch: see the README beside this folder."""

import os

if os.environ.get("STANDIN_NO_TORCH"):
    raise ModuleNotFoundError("No module named 'torch'")

from . import _dynamo, backends, compiler, cuda, profiler, version  # noqa: E402,F401
from ._logging import _logging  # noqa: E402,F401
from ._tensor import (Tensor, arange, bfloat16, finfo, float16, float32, int64, long, tensor, zeros)  # noqa: E402,F401
from .compiler import compile  # noqa: E402,F401

__version__ = "0.0.standin"
contiguous_format = "contiguous"

if os.environ.get("STANDIN_OLD"):
    import sys
    del compile, compiler, _dynamo, _logging
    for gone in [m for m in sys.modules if m.startswith(("torch._dynamo", "torch.compiler"))]:
        sys.modules[gone] = None


class device:
    def __init__(self, type, index=None):
        self.type, self.index = type, index

    def __str__(self):
        return self.type


def manual_seed(seed):
    from . import nn
    nn.seed = seed


def set_grad_enabled(on):
    pass


def set_num_threads(n):
    global _threads
    _threads = n


_threads = 1


def get_num_threads():
    return _threads
