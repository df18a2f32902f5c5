"""What a pass over the model must move and do: docs/limits.md.

A forward on the meta device, which computes nothing, tells which weights are
read whole, what is gathered from the others, and the operations of its
products. Of a language model two such passes tell all others: operations are
linear in tokens and in what each token attends to."""

import contextlib
import inspect

import torch

from . import walk
from .wire import log, named

GATHERS = ("embedding", "index_select", "gather", "index")  # read what they give, not all of what they are given
SHORT, LONG = 8, 16  # tokens of the two passes


def attention_ops(query, key, value, *args, out_val=None, **kwargs):
    """Both products of an attention, every query with every key; torch's own
    formulas leave out the CPU's kernel, and grouped queries."""
    batch, heads, q, d = query
    return 2 * batch * heads * q * key[-2] * (d + value[-1])


def counter():
    from torch.utils.flop_counter import FlopCounterMode
    ours = {getattr(torch.ops.aten, n): attention_ops for n in dir(torch.ops.aten)
            if n.startswith("_scaled_dot_product") and not n.endswith("backward")}
    return FlopCounterMode(display=False, custom_mapping=ours)


class Reads:
    """Which of the weights operators read whole, and the bytes they gather."""

    def __init__(self, weights):
        self.of = {id(w): w for w in weights}  # tensor, or view of one, to its weight
        self.views, self.whole, self.gathered = [], {}, 0

    @contextlib.contextmanager
    def watch(self):
        """Notes every operator that runs inside; an old torch cannot tell them."""
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.utils._pytree import tree_leaves

        class Watch(TorchDispatchMode):
            def __torch_dispatch__(mode, func, types, args=(), kwargs=None):
                out = func(*args, **(kwargs or {}))
                for t in tree_leaves((args, kwargs)):
                    if isinstance(t, torch.Tensor) and (w := self.of.get(id(t))) is not None:
                        self.note(func, w, [o for o in tree_leaves(out) if isinstance(o, torch.Tensor)])
                return out
        with Watch():
            yield self

    def note(self, func, weight, outs):
        if func.is_view:
            self.views += outs  # kept, so that no other tensor takes their id
            self.of.update((id(t), weight) for t in outs)
        elif func.overloadpacket.__name__ in GATHERS:
            self.gathered += size(*outs)
        else:
            self.whole[id(weight)] = weight


def size(*tensors):
    return sum(t.numel() * t.element_size() for t in tensors)


def tensors(x, depth=4):
    """The tensors in whatever a module returns."""
    if isinstance(x, torch.Tensor):
        return [x]
    if depth == 0 or x is None or isinstance(x, (str, int, float, bool, torch.device, torch.dtype)):
        return []
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else vars(x).values() if hasattr(x, "__dict__") else []
    return [t for p in list(parts) for t in tensors(p, depth - 1)]


def on_meta(x):
    from torch.utils._pytree import tree_map_only
    return tree_map_only(torch.Tensor, lambda t: torch.empty_like(t, device="meta"), x)


def forward(module, inputs):
    """(output, Reads, operations) of one call on the meta device."""
    state = {n: torch.empty_like(t, device="meta") for n, t in
             (*module.named_parameters(), *module.named_buffers())}  # each once: tied names follow
    with torch.no_grad(), Reads(state.values()).watch() as reads, counter() as ops:
        out = torch.func.functional_call(module, state, (), inputs)
    return out, reads, ops.get_total_flops()


class LanguageModel:
    """Bytes and operations as functions of rows, tokens and cache length."""

    def __init__(self, model):
        self.module = model.module
        short, long = self.measure(SHORT), self.measure(LONG)
        self.weights, self.out = short["weights"], short["out"]
        self.row = (long["gathered"] - short["gathered"]) / (LONG - SHORT) + 8  # of embeddings, and a token id
        self.cache = (long["cache"] - short["cache"]) / (LONG - SHORT)  # bytes a token
        # ops(T) = head + linear T + square T²: the head is of one position
        head = 2 * self.module.get_output_embeddings().weight.numel() if self.last_only() else 0
        a, b = (short["ops"] - head) / SHORT, (long["ops"] - head) / LONG
        self.square = (b - a) / (LONG - SHORT)
        self.linear, self.head = a - self.square * SHORT, head
        if min(self.square, self.linear, self.cache, self.weights) < 0 or self.weights == 0:
            raise ValueError("its cost does not grow with its tokens as a transformer's does")

    def last_only(self):
        return "logits_to_keep" in inspect.signature(self.module.forward).parameters

    def measure(self, tokens):
        ids = torch.zeros((1, tokens), dtype=torch.long, device="meta")
        keep = {"logits_to_keep": 1} if self.last_only() else {}
        out, reads, ops = forward(self.module, {"input_ids": ids, "use_cache": True, **keep})
        return {"weights": size(*reads.whole.values()), "gathered": reads.gathered, "ops": ops,
                "cache": size(*tensors(out.past_key_values)), "out": size(out.logits[:, -1])}

    def prefill(self, batch, tokens):
        return {"bytes": self.weights + batch * (tokens * (self.row + self.cache) + self.out),
                "ops": batch * (self.head + self.linear * tokens + self.square * tokens * tokens)}

    def steps(self, batch, lengths):
        """The mean over steps; lengths are the cache's, with the step's own token."""
        length = sum(lengths) / len(lengths)
        return {"bytes": self.weights + batch * (self.row + length * self.cache + self.out),
                "ops": batch * (self.head + self.linear + self.square * length)}

    def passes(self, job, chunk=0):
        """chunk: tokens of a piece, each of which reads the weights; 0 the prompt runs whole."""
        real, padded, passes = job.req["tokens"], job.exec, []
        if job.mode != "kv_decode":
            executed = self.prefill(job.batch, padded)
            again = padded // chunk - 1 if chunk else 0
            executed = {"bytes": executed["bytes"] + again * (self.weights + job.batch * self.out), "ops": executed["ops"] + again * job.batch * self.head}
            passes.append({"times": 1, "natural": self.prefill(job.batch, real), "executed": executed})
        if job.mode != "prefill":
            natural = [real + 1, real + job.new]
            executed = [walk.mean(job.blocks, job.new)] if job.cache_len else [padded + 1, padded + job.new]
            passes.append({"times": job.new, "natural": self.steps(job.batch, natural), "executed": self.steps(job.batch, executed)})
        return passes


class Work:
    """Tells the work of requests, once for each kind of them."""

    def __init__(self, model, out):
        self.model, self.out, self.lm, self.told = model, out, None, set()
        self.unknown = ""  # why
        if model.kind == "causal-lm":
            self.trying(self.measure)

    def measure(self):
        self.lm = LanguageModel(self.model)

    def trying(self, f, *args):
        """A model that cannot be asked has no limit, and its requests run all the same."""
        try:
            return f(*args)
        except Exception as e:
            self.unknown = f"the model cannot run on the meta device: {named(e)}"
            log("limit:", self.unknown)
            return None

    def tell(self, job):
        """Before the first sample of its kind."""
        key = (job.lane, job.mode, job.shape, job.req.get("tokens"), job.new)
        if self.unknown or key in self.told:
            return
        self.told.add(key)
        passes = self.lm.passes(job, job.chunk) if self.lm else self.trying(self.forward, job.req["made"])
        if passes:
            self.out.send("work", lane=job.lane, mode=job.mode, shape=job.shape, tokens=job.req.get("tokens") or 0,
                          new_tokens=0 if job.mode in ("prefill", "forward") else job.new, passes=passes)

    def forward(self, inputs):
        out, reads, ops = forward(self.model.module, on_meta(inputs))
        moved = size(*reads.whole.values()) + reads.gathered + size(*tensors(inputs)) + size(*tensors(out))
        return [{"times": 1, "natural": {"bytes": moved, "ops": ops}, "executed": {"bytes": moved, "ops": ops}}]
