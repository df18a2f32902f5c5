"""Fixed-size caches of a decode, at fixed addresses."""

import functools
import inspect

import torch

from .calls import Inputs, make


class StaticCaches:
    """Fixed-size caches at fixed addresses, one a batch and length, made and
    filled once before anything is timed (their tensors must exist, outside of
    a compiled region, before a graph may rely on their addresses)."""

    def __init__(self, model):
        self.model, self.caches = model, {}

    def get(self, batch, length):
        """Returns the cache, empty."""
        key = (batch, length)
        if key not in self.caches:
            self.caches[key] = self.build(batch, length)
        cache = self.caches[key]
        cache.reset()
        return cache

    def build(self, batch, length):
        try:
            from transformers import StaticCache
        except ImportError as e:
            from .job import BadRequest  # which needs this module
            raise BadRequest(f"a fixed-size cache is transformers' StaticCache, which cannot be had ({e}): "
                             "choose a decode strategy whose cache grows") from e
        m = self.model
        config = m.config.get_text_config() if hasattr(m.config, "get_text_config") else m.config
        has = inspect.signature(StaticCache.__init__).parameters
        args = {"config": config, "max_cache_len": length, "max_batch_size": batch, "batch_size": batch,
                "device": m.device, "dtype": m.dtype}
        cache = with_one_counter(StaticCache)(**{k: v for k, v in args.items() if k in has})
        cache.share_counter(m.device)
        inputs = Inputs(m, {"batch": batch, "tokens": 2, "seed": 1}, 2, True, length)
        make(m.module, "prefill", True)(*inputs.prefill(), cache)
        fix_addresses(cache)
        return cache


@functools.cache
def with_one_counter(kind):
    """A fixed-size cache whose layers share one counter of the tokens in it.
    transformers gives each layer its own: one more kernel a layer and step."""
    class OneCounter(kind):
        counter = None

        def share_counter(self, device):
            layers = getattr(self, "layers", [])
            if not layers or any(type(x).__name__ != "StaticLayer" or not hasattr(x, "cumulative_length") for x in layers):
                return  # another release's, or a sliding window: as transformers has it
            self.counter = torch.zeros((), dtype=torch.long, device=device)
            counted = counted_layer(type(layers[0]))
            for layer in layers:
                layer.__class__, layer.cumulative_length = counted, self.counter

        def advance(self, tokens):
            """Called once a step, when all layers hold the tokens."""
            if self.counter is not None:
                self.counter.add_(tokens)
    return OneCounter


@functools.cache
def counted_layer(kind):
    class CountedLayer(kind):
        def lazy_initialization(self, *states):
            counter = self.cumulative_length
            super().lazy_initialization(*states)
            self.cumulative_length = counter

        def update(self, keys, values, *args, **kwargs):
            if not self.is_initialized:
                self.lazy_initialization(keys, values)
            at = torch.arange(keys.shape[-2], device=self.device) + self.cumulative_length
            try:
                self.keys.index_copy_(2, at, keys)
                self.values.index_copy_(2, at, values)
            except NotImplementedError:  # MPS
                self.keys[:, :, at] = keys
                self.values[:, :, at] = values
            return self.keys, self.values
    return CountedLayer


def fix_addresses(cache):
    """Fixes the addresses of the cache's tensors."""
    layers = getattr(cache, "layers", None)
    found = [v for layer in layers for v in vars(layer).values()] if layers else \
        [*getattr(cache, "key_cache", []), *getattr(cache, "value_cache", [])]
    for t in found:
        if isinstance(t, torch.Tensor):
            fix_address(t)


def fix_address(t):
    """Tells torch that the tensor stays where it is, as it assumes of parameters:
    inputs that a graph writes to forbid CUDA graphs otherwise. Without a guard,
    because these live as long as the process. An older torch cannot be told."""
    mark = getattr(getattr(torch, "_dynamo", None), "mark_static_address", None)
    if mark is not None:
        mark(t, guard=False)
