"""A decode step that feeds itself: token, position and mask are tensors at fixed
addresses, which the step moves on, so that all that it is can be one CUDA graph
and the host's part of a step is one replay. Nothing is copied in, no guard is
checked and no token copied out, which torch.compile's own graphs do each step.

The first two steps run as compiled, the third is captured; each is a step of the
request that it serves."""

import torch

from .statics import fix_address
from .wire import first_line, now

RUNS = 2  # steps before the capture: what is made at first use must be there


class StepGraph:
    """The steps of one compiled function on one cache."""

    def __init__(self, compiled, model, cache, batch, length, recorded, skipped):
        self.compiled, self.cache, self.recorded, self.skipped = compiled, cache, recorded, skipped
        dev, self.least = model.device, torch.finfo(model.dtype).min / 2
        self.tok, self.pos, self.hist = (fixed((batch, n), dev) for n in (1, 1, length))
        self.at = fixed((1,), dev)
        self.mask = fixed((batch, 1, 1, length), dev, model.dtype)
        self.args = (self.tok, self.mask, self.pos, self.at, cache, self.hist)
        self.graph, self.last, self.ran, self.refused = None, None, 0, not compiled.captures

    def begin(self, tok, filled, pad):
        """Ready for a request whose cache holds filled tokens, the first pad
        of them padding; tok: the tokens to begin with, (batch, 1)."""
        self.tok.copy_(tok)
        self.at.fill_(filled)
        self.pos.fill_(filled - pad)
        self.mask.fill_(self.least)
        self.mask[..., pad:filled] = 0

    def run(self, n, filled, toks, marks, stream, forced, holding, first=0):
        """The greedy loop that is timed: n steps, first of the request were before them. Returns the last step's
        logits, and the tokens in toks. forced is for checks: (tokens to use, list
        that takes each step's logits). holding: by stance, no graph is replayed."""
        records, clock = marks.records, now
        stamp = None if marks.stamps is None else marks.stamps.append
        replay = None if self.graph is None or holding else self.graph.replay
        for i in range(n):
            if forced:
                self.tok.copy_(forced[0][i])
            if replay:
                replay()
            else:
                self.step(holding)
            if records:
                records[first + i](stream)
            elif stamp:
                stamp(clock())
            if forced:
                forced[1].append(self.last.clone())
        toks.extend(self.hist[:, filled:filled + n].clone().split(1, 1))
        last = self.last.clone()
        marks.launched = now()
        return last

    def step(self, holding):
        """One step before there is a graph, or the one that makes it."""
        if self.graph is not None and not holding:
            self.graph.replay()
            return
        self.ran += 1
        if self.ran > RUNS and not self.refused and not holding and self.mask.shape[-1] in self.compiled.shapes:
            self.capture()
            if self.graph is not None:
                self.graph.replay()
                return
        self.last = self.compiled.call(*self.args)

    def capture(self):
        """Records the step; nothing of it runs meanwhile."""
        began, graph = now(), torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                last = self.compiled.call(*self.args)
        except RuntimeError as e:  # an operation that cannot be recorded: the step stays as it is
            self.refused = True
            self.skipped(f"the step cannot be recorded: {first_line(e)}")
            return
        self.graph, self.last = graph, last
        self.recorded(began, now())


def fixed(shape, device, dtype=torch.long):
    """A tensor that torch.compile may take for one at a fixed address."""
    t = torch.zeros(shape, dtype=dtype, device=device)
    fix_address(t)
    return t
