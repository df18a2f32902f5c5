"""What the optimized lane changes in a module before it is compiled, as options
ask: the weights stay those of the eager lane, in the same memory.

- merge: linears that have the same input (q, k and v; gate and up) become one
  product. A batch of one row reads weights and does little else, and one long
  read is faster than three short ones.
- optimized_attn: another attention than the eager lane's. "grouped" is that of a
  few queries over grouped keys, without repeating the keys for each query head."""

import copy

import torch
from torch import nn

MERGED = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


def optimized(module, opts):
    """The module that the optimized lane compiles: the module itself, or a
    twin with its weights. Returns (module, linears merged)."""
    if not (opts["merge"] or opts["optimized_attn"]):
        return module, 0
    twin = copy.deepcopy(module, {id(t): t for t in [*module.parameters(), *module.buffers()]})
    if opts["optimized_attn"]:
        register_grouped()
        twin.set_attn_implementation(opts["optimized_attn"])
    return twin, merge(module, twin) if opts["merge"] else 0


def merge(module, twin):
    """Lays weights of the module side by side, and has the twin take their
    product at once. Returns how many linears were merged."""
    count, own = 0, dict(module.named_modules())
    for path, child in list(twin.named_modules()):
        for names in MERGED:
            linears = [getattr(own[path], n, None) for n in names]
            if not all(type(x) is nn.Linear for x in linears) or len({x.weight.dtype for x in linears}) > 1:
                continue
            biases = [x.bias for x in linears]
            if any(b is None for b in biases) != all(b is None for b in biases):
                continue
            whole = Whole(side_by_side(linears, "weight"), side_by_side(linears, "bias") if biases[0] is not None else None,
                          [x.out_features for x in linears])
            for i, name in enumerate(names):
                setattr(child, name, Part(whole, i))
            count += len(names)
    return count


def side_by_side(linears, name):
    """One tensor that holds all; each linear keeps its rows, as a view."""
    whole = torch.cat([getattr(x, name) for x in linears])
    for linear, rows in zip(linears, whole.split([x.out_features for x in linears])):
        setattr(linear, name, nn.Parameter(rows, requires_grad=False))
    return whole


class Whole:
    """The product of linears that have the same input, until all took their part."""

    def __init__(self, weight, bias, sizes):
        self.weight, self.bias, self.sizes = weight, bias, sizes
        self.x, self.parts = None, None

    def take(self, x, i):
        """Part i of the product with x: whoever asks first computes it."""
        if self.x is not x:
            self.x, self.parts = x, nn.functional.linear(x, self.weight, self.bias).split(self.sizes, -1)
        part = self.parts[i]
        if i == len(self.sizes) - 1:
            self.x = self.parts = None
        return part


class Part(nn.Module):
    """In place of a linear: its part of the whole."""

    def __init__(self, whole, i):
        super().__init__()
        self.whole, self.i = whole, i

    def forward(self, x):
        return self.whole.take(x, self.i)


def register_grouped():
    """Makes "grouped" known to transformers as an attention implementation."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask
    AttentionInterface.register("grouped", grouped)
    AttentionMaskInterface.register("grouped", eager_mask)


def grouped(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **kwargs):
    """Attention whose rows are the queries of a group, of shape (batch, key
    heads, queries a group, width): keys and values are read once each. softmax in
    float32, as in transformers' own. A prompt takes sdpa."""
    batch, heads, tokens, width = query.shape
    if tokens > 1:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs)
    group = key.shape[1]
    scale = width ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query.reshape(batch, group, heads // group, width), key.transpose(2, 3)) * scale
    if attention_mask is not None:
        scores = scores + attention_mask
    shares = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    return torch.matmul(shares, value).reshape(batch, 1, heads, width), None
