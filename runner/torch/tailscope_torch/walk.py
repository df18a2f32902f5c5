"""The steps of a decode: on one cache, or, with option cache_block, on fixed-size
caches that take each other's place as tokens come. A long generation then pays for
the tokens that it has and not for those that it may come to, and for a copy a block."""

import dataclasses

import torch

from . import calls
from .job import BadRequest


def lengths(j, block, most):
    """[(cache length, steps on it)] of a decode by blocks; most is what the model can."""
    out, at, end = [], j.exec, j.exec + j.new
    while at < end:
        length = min((at // block + 1) * block, max(most, end))
        out.append((length, min(length, end) - at))
        at = length
    return out


@dataclasses.dataclass
class Part:
    """Steps on one cache; done are those before it."""
    length: int
    done: int
    inputs: calls.Inputs
    own: object  # the step that feeds itself; None: calls
    steps: list  # arguments of each call, made when they are needed
    n: int


class Walk:
    """The timed steps of one job."""

    def __init__(self, lanes, j, c, step, inputs, marks):
        self.lanes, self.j, self.step, self.marks, self.parts = lanes, j, lanes.ranged(step), marks, []
        self.begins, self.clone = marked(c)
        self.stream = getattr(lanes.clock, "stream", None)
        done = 0
        for length, n in j.blocks:
            x = calls.Inputs(lanes.model, j.req, j.exec, inputs.masked, length) if done else inputs
            p = Part(length, done, x, lanes.step_graph(j, c, length), None, n)
            p.steps = None if p.own else self.calls(p)
            if done and lanes.statics.get(j.batch, length).counter is None:  # made now: not while anything is timed
                raise BadRequest("cache_block: this model's cache has layers that are no plain fixed-size ones")
            self.parts.append(p)
            done += n

    def calls(self, p):
        at = self.j.exec + p.done
        return [p.inputs.at(k, k + 1) for k in range(at, at + p.n)]

    def begin(self, tok):
        """What the first step needs of the token that it begins from."""
        if self.parts[0].own:
            self.parts[0].own.begin(tok, self.j.exec, self.parts[0].inputs.pad)

    def run(self, tok, past, forced=None):
        """All steps; returns the last one's logits. forced: see calls.decode."""
        last = None
        for p in self.parts:
            filled, given = self.j.exec + p.done, forced and (forced[0][p.done:], forced[1])
            if p.done:
                tok, past = self.j.toks[-1], self.move(past, p)
            if p.own:
                if p.done:
                    p.own.begin(tok, filled, p.inputs.pad)
                last = p.own.run(p.n, filled, self.j.toks, self.marks, self.stream, given, self.lanes.opts["stance"] != "default", p.done)
            else:
                last = calls.decode(self.step, tok, past, p.steps, self.j.toks, self.begins, self.clone, self.marks, self.stream, given, p.done)
        return last

    def eager(self, tok, past):
        """All steps in the eager lane's function, where the compiled one failed."""
        step, last = self.lanes.function_eager("step", bool(self.parts[0].length)), None
        for p in self.parts:
            if p.done:
                tok, past = self.j.toks[-1], self.move(past, p)
            last = calls.decode(step, tok, past, p.steps or self.calls(p), self.j.toks, None, False, self.marks, self.stream, None, p.done)
        return last

    def move(self, old, p):
        """The cache of a part, with all that the one before holds; what is beyond
        is masked, and written before it is read."""
        new = self.lanes.statics.caches[self.j.batch, p.length]
        for a, b in zip(old.layers, new.layers):
            n = a.keys.shape[2]
            b.keys[:, :, :n].copy_(a.keys)
            b.values[:, :, :n].copy_(a.values)
        new.counter.copy_(old.counter)
        self.j.cache_len = p.length
        return new


def mean(blocks, new):
    """The mean cache length over steps."""
    return sum(length * n for length, n in blocks) / max(new, 1)


def marked(c):
    """(begin, clone): what a step on replayed CUDA graphs needs."""
    graphs = bool(c and c.cudagraphs)
    return (torch.compiler.cudagraph_mark_step_begin if graphs else None), graphs
