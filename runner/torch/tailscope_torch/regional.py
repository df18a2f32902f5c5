"""Repeated blocks compiled once: of a model of 32 layers a cold start compiles
one. For functions on a fixed-size cache, whose layers differ by nothing but
their tensors: each block gets its own layer of the cache in place of the whole
one and a number, because a number is compiled in. What stands around the blocks
runs as it is."""

import copy

from torch import nn


class OneLayer:
    """A cache as one block sees it: its own layer."""

    def __init__(self, layer):
        self.layer = layer

    def update(self, keys, values, *args, **kwargs):
        return self.layer.update(keys, values)

    def get_seq_length(self, *args):
        return self.layer.get_seq_length()


class Region(nn.Module):
    """In place of a block: the block under what compiles it. run is shared by
    all regions of a module and set before each call."""

    def __init__(self, block, i, run):
        super().__init__()
        self.block, self.i, self.run = block, i, run

    def own(self, x):
        layers = getattr(x, "layers", None)
        return OneLayer(layers[self.i]) if isinstance(layers, list) and hasattr(x, "update") else x

    def forward(self, *args, **kwargs):
        return self.run[0](self.block, [self.own(a) for a in args], {k: self.own(v) for k, v in kwargs.items()})


def regional(module):
    """(twin, run, blocks): a twin of the module with the same weights whose
    repeated blocks are regions; run[0] is what calls a block."""
    kept = [*module.parameters(), *module.buffers()]
    kept += [t for m in module.modules() if hasattr(m, "whole") for t in (m.whole.weight, m.whole.bias) if t is not None]
    twin, run, blocks = copy.deepcopy(module, {id(t): t for t in kept}), [None], 0
    for m in list(twin.modules()):
        if not isinstance(m, nn.ModuleList) or len(m) < 2 or len({type(b) for b in m}) > 1 or not any(hasattr(x, "layer_idx") for x in m[0].modules()):
            continue
        for i, block in enumerate(m):
            for x in block.modules():
                if hasattr(x, "layer_idx"):
                    x.layer_idx = 0  # a cache of one layer is what it gets
            m[i] = Region(block, i, run)
            blocks += 1
    return twin, run, blocks
