"""The functions that are timed, and what they are given.

Each callable gets code of its own, because Dynamo keeps its executables, their
limit and its guesses about dynamic shapes with the code: so counts and limits
are per mode and strategy, as they must be. The code comes from a file of its
own: a function without a source file is wrapped by torch.compile into one that
all would share."""

import atexit
import functools
import importlib.util
import inspect
import itertools
import os
import random
import shutil
import sys
import tempfile

import torch

from .wire import now

SOURCES = {"prefill": """
def {name}(ids, mask, pos, cp, past):
    out = model(input_ids=ids, attention_mask=mask, position_ids=pos, past_key_values=past, use_cache=True{cp}){advance}
    return out.logits, {past}
""", "step": """
def {name}(tok, mask, pos, cp, past):
    out = model(input_ids=tok, attention_mask=mask, position_ids=pos, past_key_values=past, use_cache=True{cp}){advance}
    last = out.logits[:, -1]
    return last.argmax(-1, keepdim=True), last, {past}
""", "self": """
def {name}(tok, mask, pos, cp, past, hist):
    mask.index_fill_(3, cp, 0)
    out = model(input_ids=tok, attention_mask=mask, position_ids=pos, past_key_values=past, use_cache=True{cp})
    last = out.logits[:, -1]
    tok.copy_(greedy(last))
    hist.index_copy_(1, cp, tok)
    pos.add_(1)
    cp.add_(1){advance}
    return last
""", "forward": """
def {name}(inputs):
    return model(**inputs)
""", "region": """
def {name}(block, args, kwargs):
    return block(*args, **kwargs)
"""}
serial = itertools.count()


def make(module, kind, static):
    """Returns a new function with new code: kind is prefill, step,
    self (a step that feeds itself), region (of any module) or forward; static says that it works on a fixed-size cache."""
    name = f"tailscope_{kind}_{next(serial)}"
    cp = ", cache_position=cp" if static and takes_cache_position(module) else ""
    advance = f"\n    past.advance({'ids' if kind == 'prefill' else 'tok'}.shape[1])" if static else ""
    text = SOURCES[kind].format(name=name, cp=cp, advance=advance, past="None" if static else "out.past_key_values")
    path = os.path.join(folder(), name + ".py")
    with open(path, "w") as f:
        f.write(text)
    spec = importlib.util.spec_from_file_location(name, path)
    code = sys.modules[name] = importlib.util.module_from_spec(spec)
    code.model, code.greedy = module, greedy
    spec.loader.exec_module(code)
    return getattr(code, name)


def greedy(logits, parts=128):
    """The index of the largest logit of each row, (batch, 1). In two stages:
    one reduction over a vocabulary of 128 k, which one block of a GPU does, takes
    a fortieth of a step at 1 B."""
    batch, vocab = logits.shape
    if vocab % parts or vocab < parts * parts:
        return logits.argmax(-1, keepdim=True)
    most, at = logits.view(batch, parts, vocab // parts).max(-1)
    part = most.argmax(-1, keepdim=True)
    return part * (vocab // parts) + at.gather(1, part)


@functools.cache
def folder():
    """The folder of generated sources; it goes with the process."""
    made = tempfile.mkdtemp(prefix="tailscope-torch-")
    atexit.register(shutil.rmtree, made, True)
    return made


def takes_cache_position(module):
    try:
        return "cache_position" in inspect.signature(module.forward).parameters
    except (TypeError, ValueError):
        return False


class Inputs:
    """The inputs of one request in one lane, on the device. Rows are padded on
    the left to exec tokens. The mask is given where padding may occur, so that
    a strategy has one kind of graph: two-dimensional for a growing cache; for
    a fixed-size one the finished four-dimensional one (0 or a very small number,
    added to the scores), so that no graph has to make it from the cache's
    state."""

    def __init__(self, model, req, exec_tokens, masked, cache_len=0):
        self.model, self.batch, self.tokens, self.exec = model, req["batch"], req["tokens"], exec_tokens
        self.new, self.cache_len, self.masked = req.get("new_tokens") or 0, cache_len, masked
        self.pad, dev = exec_tokens - self.tokens, model.device
        rows, total = token_ids(req, model.vocab), cache_len or exec_tokens + self.new
        self.ids = torch.tensor([[0] * self.pad + r for r in rows], dtype=torch.long, device=dev)
        self.mask = self.pos = None
        if masked:
            ahead = total - self.pad
            self.mask = torch.tensor([[0] * self.pad + [1] * ahead] * self.batch, dtype=torch.long, device=dev)
            self.pos = torch.tensor([[0] * self.pad + list(range(ahead))] * self.batch, dtype=torch.long, device=dev)
        self.cp = torch.arange(total, device=dev) if cache_len else None

    def prefill(self):
        """Arguments of a prefill function, the cache left out."""
        return self.ids, *self.at(0, self.exec)

    def steps(self):
        """Arguments (mask, pos, cp) of each decode step."""
        return [self.at(k, k + 1) for k in range(self.exec, self.exec + self.new)]

    def at(self, a, b):
        """(mask, pos, cp) of the tokens a to b. They are copies: a view's
        stride or alignment would be one more thing to recompile for."""
        cp = None if self.cp is None else self.cp[a:b].clone()
        if not self.masked:
            return None, None, cp
        mask = self.finished_mask(a, b) if self.cache_len else self.mask[:, :b].clone()
        return mask, part(self.pos, a, b), cp

    def finished_mask(self, a, b):
        m = torch.zeros((self.batch, 1, b - a, self.cache_len), dtype=self.model.dtype, device=self.model.device)
        least = torch.finfo(self.model.dtype).min / 2  # adding a score to it must not give infinity
        if self.pad:
            m[:, :, :, :self.pad] = least
        for i in range(b - a):
            m[:, :, i, a + i + 1:] = least
        return m


def part(rows, a, b):
    """Columns a to b, laid out as if there were no others."""
    return rows[:, a:b].clone(memory_format=torch.contiguous_format)


def copied(x, dtype=None):
    """Inputs of its own for a lane: a module may write into them. dtype, where
    given, is what floating point tensors become."""
    if isinstance(x, torch.Tensor):
        return x.to(dtype, copy=True) if dtype is not None and x.is_floating_point() else x.clone()
    if isinstance(x, dict):
        return {k: copied(v, dtype) for k, v in x.items()}
    if type(x) in (list, tuple):
        return type(x)(copied(v, dtype) for v in x)
    return x


def alike(a, b):
    """Whether two inputs are the same, as far as their tensors say."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(alike(v, b[k]) for k, v in a.items())
    if type(a) in (list, tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(alike, a, b))
    return True


def token_ids(req, vocab):
    """Rows of token ids: given, or drawn from the request's seed."""
    b, n = req["batch"], req["tokens"]
    if req.get("ids"):
        flat = req["ids"]
        if len(flat) != b * n or not all(0 <= i < vocab for i in flat):
            from .job import BadRequest
            raise BadRequest(f"ids: want {b} x {n} token ids below {vocab}")
        return [flat[i * n:(i + 1) * n] for i in range(b)]
    rng = random.Random(req.get("seed") or 0)
    return [rng.choices(range(vocab), k=n) for _ in range(b)]


def decode(step, tok, past, steps, toks, begin, clone, marks, stream, forced=None, first=0):
    """The greedy loop that is timed: len(steps) calls, first of the request were before them. Returns the last
    step's logits. begin marks a step of CUDA graphs; clone keeps a token that
    the next replay would overwrite; marks keep each step's time.
    forced is for checks: (tokens to use, list that takes each step's logits)."""
    last, records, clock = None, marks.records, now
    stamp = None if marks.stamps is None else marks.stamps.append
    for i, (mask, pos, cp) in enumerate(steps):
        if forced:
            tok = forced[0][i]
        if begin:
            begin()
        tok, last, more = step(tok, mask, pos, cp, past)
        if clone:
            tok = tok.clone()
        if more is not None:
            past = more
        toks.append(tok)
        if records:
            records[first + i](stream)
        elif stamp:
            stamp(clock())
        if forced:
            forced[1].append(last.clone())
    marks.launched = now()
    return last


def step_name(batch, length):
    """How one decode step is called in events."""
    return f"{batch}x1+kv{length}"
