"""torch.compile: specialises on shapes by generating source for each."""

import itertools
import logging
import os
import time
import types

from . import _dynamo
from ._dynamo import callback, utils
from ._tensor import Tensor

caches, ids, stance = {}, itertools.count(), "default"
recompiles = logging.getLogger("torch._dynamo.guards.__recompiles")
frames = logging.getLogger("torch._dynamo.convert_frame")


class BackendCompilerFailed(RuntimeError):
    pass


def set_stance(name):
    global stance
    stance = name


def reset():
    _dynamo.reset()


def cudagraph_mark_step_begin():
    pass


def shapes(args):
    """What guards would look at."""
    found = []
    for a in args:
        if isinstance(a, Tensor):
            found.append(a.shape)
        elif isinstance(a, dict):
            found += shapes(a.values())
        elif hasattr(a, "guard"):
            found.append(a.guard())
        else:
            found.append(a is None)
    return found


def compile(fn, backend="inductor", dynamic=None, fullgraph=False, mode=None, options=None):
    if backend not in ("inductor", "aot_eager", "eager"):
        raise ValueError(f"Invalid backend: '{backend}'")
    mine = object()

    def call(*args):
        entries = caches.setdefault((fn.__code__, mine), {})
        if stance == "force_eager":
            return fn(*args)
        key = tuple(map(str, shapes(args)))
        if dynamic is True or "*" in entries:
            key = "*"
        if key not in entries:
            if stance == "eager_on_recompile":  # the first compile too, as torch has it
                return fn(*args)
            if stance == "fail_on_recompile":
                raise RuntimeError("Detected recompile when torch.compile stance is 'fail_on_recompile'")
            if entries:
                reason = why(list(entries)[-1], key)
            if len(entries) >= _dynamo.config.recompile_limit:
                if not entries.get("limit"):
                    frames.warning("torch._dynamo hit config.recompile_limit (%s)\n   function: %s\n   last reason: %s\n",
                                   _dynamo.config.recompile_limit, fn.__name__, reason)
                    utils.counters["unimplemented"]["recompile_limit reached"] += 1
                return fn(*args)
            if entries:
                recompiles.debug("Recompiling function %s in %s:1\n    triggered by the following guard failure(s):\n"
                                 "    - 0/0: %s", fn.__name__, fn.__code__.co_filename, reason)
                if dynamic is None:
                    key = "*"  # automatic dynamic shapes
            entries[key] = build(fn, backend, len(entries))
        return entries[key](*args)
    return call


def why(have, want):
    i = next((i for i, (a, b) in enumerate(zip(have, want)) if a != b), 0)
    return f"tensor 'args[{i}]' size mismatch at index 1. expected {have[i]}, actual {want[i]}"


def build(fn, backend, nth):
    number = f"{next(ids)}/{nth}"
    args = callback.CallbackArgs(callback.CallbackTrigger.DYNAMO, number)
    handler = getattr(callback, "callback_handler", None)
    for cb in list(handler.start_callbacks) if handler else []:
        cb(args)
    began = time.monotonic()
    try:
        if backend in os.environ.get("STANDIN_BREAK", "").split(","):
            raise BackendCompilerFailed(f"backend='{backend}' raised:\nRuntimeError: {os.environ.get('STANDIN_SAYS', 'asked to break')}")
        made = generate(fn)
        utils.counters["stats"]["unique_graphs"] += 1
        utils.counters["frames"]["total"] += 1
        utils.counters["frames"]["ok"] += 1
        utils.metrics.append(types.SimpleNamespace(
            compile_id=number, co_name=fn.__name__, guard_count=3, graph_op_count=7,
            entire_frame_compile_time_s=time.monotonic() - began))
        return made
    finally:
        for cb in list(handler.end_callbacks) if handler else []:
            cb(args)


def generate(fn):
    """Compiles a long unrolled function: real work, some milliseconds. The
    executable takes the model's shorter path."""
    text = "def table(x):\n" + "".join(f"    x = x * {i} % 8191 + {i}\n" for i in range(1500)) + "    return x\n"
    space = {}
    exec(__builtins__["compile"](text, "<standin>", "exec"), space)
    space["table"](1)
    wrong = os.environ.get("STANDIN_WRONG")

    def run(*args):
        model = fn.__globals__["model"]
        model.fast = True
        try:
            out = fn(*args)
        finally:
            model.fast = False
        if wrong:
            spoil(out)
        return out
    return run


def spoil(out):
    from ._tensor import flat  # noqa: F401
    for t in out if isinstance(out, tuple) else [out]:
        if isinstance(t, Tensor):
            v = t.v
            while isinstance(v[-1], list):
                v = v[-1]
            v[0] += 1000
