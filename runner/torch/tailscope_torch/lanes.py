"""Makes of a request and a lane a job: which functions run, and on what."""

import contextlib
import copy

import torch

from . import calls, chunks, dynamics, groups, walk
from .job import BadRequest, Job, forget
from .statics import StaticCaches
from .stepgraph import StepGraph
from .steps import Steps
from .walk import Walk

MOST = 1 << 26  # tokens of a request: beyond any model, and no longer made than a second or two


class Lanes:
    """Makes jobs of requests."""

    def __init__(self, model, opts, clock, groups_, story, load):
        self.model, self.opts, self.clock, self.groups, self.story = model, opts, clock, groups_, story
        self.twin, self.eager, self.statics = None, {}, StaticCaches(model)
        self.edges = load.get("kv_edges") or []
        self.swap = bool(load.get("swap"))  # A/A: the twin plays the eager lane
        self.static_len = opts["static_len"]
        self.steps = Steps(opts, clock)
        self.made_in = model.dtype  # what make_inputs fits
        self.trapped, self.maker_is = set(), None  # traps of dynamic dimensions that were told; whether make_inputs draws anew

    def beside(self, model):
        """Lanes of another model with the same settings; nothing of them is timed."""
        other = copy.copy(self)
        other.model, other.twin, other.eager, other.statics = model, None, {}, StaticCaches(model)
        return other

    def job(self, req, lane):
        """A job ready to run; raises BadRequest."""
        j = Job(req, lane)
        self.validate(j)
        if j.optimized:
            j.group = self.groups.get(j.mode, req["strategy"])
        {"prefill": self.prefill, "kv_decode": self.decode, "e2e_kv": self.end_to_end,
         "forward": self.forward}[j.mode](j)
        j.backend = self.backend_name(j)
        return j

    @contextlib.contextmanager
    def untimed(self, req, lane):
        """A job made ready for a run that nobody times, and let go of after it."""
        j = self.job(req, lane)
        try:
            if j.prepare:
                j.prepare()
            yield j
        finally:
            j.release()

    def validate(self, j):
        lm, r = self.model.kind == "causal-lm", j.req
        if r["batch"] < 1:
            raise BadRequest(f"a batch of {r['batch']} rows is none")
        if j.mode not in ("prefill", "kv_decode", "e2e_kv", "forward"):
            raise BadRequest(f"mode {j.mode} is unknown")
        if j.mode in ("kv_decode", "e2e_kv") and not lm:
            raise BadRequest(f"mode {j.mode} needs a causal language model with a cache")
        if j.mode == "forward" and lm:
            raise BadRequest("mode forward is for other models: use prefill, kv_decode or e2e_kv")
        if j.mode == "forward":
            return
        chunks.fit(j, self.opts, lm)
        if r["tokens"] < 1 or j.exec < r["tokens"]:
            raise BadRequest(f"{r['tokens']} tokens do not fit into {j.exec} executed")
        if lm and 0 < self.model.positions < j.exec + j.new:
            raise BadRequest(f"{j.exec} + {j.new} tokens exceed the model's {self.model.positions} positions")
        if r["batch"] * (j.exec + j.new) > MOST:
            raise BadRequest(f"{r['batch']} x {j.exec + j.new} tokens are more than {MOST}")
        if j.mode != "prefill" and j.new < 1:
            raise BadRequest(f"mode {j.mode} needs new_tokens of at least 1")

    def masked(self, j):
        """Whether a mask is passed: always where padding may occur."""
        r = j.req
        padding = r["strategy"]["prefill"] in ("padded", "bucketed", chunks.WORD)
        return j.exec > r["tokens"] or padding and (j.lane == "optimized" or r["exec"][0] == r["exec"][1])

    def function(self, j, phase, word, static=False):
        """(function, Compiled or None) of a phase; static: it works on a
        fixed-size cache."""
        if not j.optimized or word == "eager":
            return self.function_eager(phase, static, j), None
        c = self.groups.callable(j.group, phase, word, static)
        return c.call, c

    def aa_module(self):
        if self.twin is None:
            self.twin = copy.deepcopy(self.model.module)
        return self.twin

    def prefill(self, j):
        if self.model.kind != "causal-lm":
            j.req.setdefault("dims", {"batch": j.batch, "tokens": j.exec})
            return self.forward(j)
        if chunks.size(j, self.opts):
            return chunks.prefill(self, j)
        fn, c = self.function(j, "prefill", j.words[0])
        args = (*calls.Inputs(self.model, j.req, j.exec, self.masked(j)).prefill(), None)
        j.shape = j.shape_name()
        self.mark_dims(j, c, args, {"batch": j.batch, "tokens": j.exec})
        self.mark(j, c, {j.shape})
        self.whole(j, "prefill", fn, *args)

    def whole(self, j, phase, fn, *args):
        """Fills a job that is one call."""
        def go():
            j.out = fn(*args)

        def undo():
            j.out = self.function_eager(phase, False)(*args)
        j.go, j.undo = go, undo

    def made(self, r, shape):
        """The inputs of a request, made once and the same in both lanes: a
        maker that draws anew each time would look like a divergence. The first
        time it is asked twice, and told about if its answers differ."""
        if "made" in r:
            return r["made"]
        try:
            r["made"] = self.model.make_inputs(shape, r.get("seed") or 0, self.model.device)
            if self.maker_is is None:
                again = self.model.make_inputs(shape, r.get("seed") or 0, self.model.device)
                self.maker_is = "same" if calls.alike(r["made"], again) else "random"
                if self.maker_is == "random":
                    self.story.warn("make_inputs gives other inputs for the same shape and seed: both lanes get the same ones, "
                                    "but a run with this seed cannot be repeated")
        except Exception as e:
            raise RuntimeError(f"make_inputs({shape}): {type(e).__name__}: {e}") from e
        return r["made"]

    def forward(self, j):
        r = j.req
        fn, c = self.function(j, "forward", j.words[0])
        shape = dict(r.get("dims") or {"batch": j.batch, "tokens": j.exec})
        inputs = calls.copied(self.made(r, shape), self.model.dtype if self.model.dtype is not self.made_in else None)
        j.shape = j.shape_name()
        self.mark_dims(j, c, inputs.values(), {n: shape[n] for n in self.model.dims if n in shape} or shape)
        self.mark(j, c, {j.shape})
        self.whole(j, "forward", fn, inputs)

    def decode(self, j):
        j.cache_len = self.cache_length(j)
        inputs = calls.Inputs(self.model, j.req, j.exec, self.masked(j), j.cache_len)
        first = inputs.prefill()
        start = self.function_eager("prefill", bool(j.cache_len), j)

        def fresh():  # untimed and uncounted: the prefill runs eager
            cache = self.statics.get(j.batch, j.cache_len) if j.cache_len else None
            logits, past = start(*first, cache)
            return logits[:, -1:].argmax(-1), past if cache is None else cache
        fn, c = self.function(j, "step", j.words[1], bool(j.cache_len))
        self.mark(j, c, self.step_keys(j))
        self.decode_shape(j)
        marks, state = self.steps.marks(j, j.new), {}
        steps = Walk(self, j, c, fn, inputs, marks)

        def prepare():
            j.cache_len = inputs.cache_len
            state["tok"], state["past"] = fresh()
            steps.begin(state["tok"])

        def go(forced=None):
            j.last = steps.run(state["tok"], state["past"], forced)

        def undo():
            prepare()
            forget(j, marks)
            j.last = steps.eager(state["tok"], state["past"])
        j.prepare, j.go, j.undo, j.step_marks = prepare, go, undo, marks.read

    def end_to_end(self, j):
        j.cache_len = self.cache_length(j)
        inputs = calls.Inputs(self.model, j.req, j.exec, self.masked(j), j.cache_len)
        static = bool(j.cache_len)
        prefill, cp = self.function(j, "prefill", j.words[0], static)
        step, cd = self.function(j, "step", j.words[1], static)
        n = chunks.size(j, self.opts)
        j.chunk, j.piece = n, chunks.name(j, n, j.cache_len) if n else ""
        self.mark(j, cp, {j.piece or j.shape_name()})
        self.mark(j, cd, self.step_keys(j))
        self.decode_shape(j)
        first, marks = chunks.pieces(inputs, n) if n else [inputs.prefill()], self.steps.marks(j, j.new, head=True)
        steps, state = Walk(self, j, cd, step, inputs, marks), {"cache": None}

        def prepare():
            j.cache_len = inputs.cache_len
            state["cache"] = self.statics.get(j.batch, j.cache_len) if static else None
            if cp and cp.cudagraphs:
                torch.compiler.cudagraph_mark_step_begin()

        def go(prefill=prefill, run=steps.run, forced=None, graphs=bool(n and cp and cp.cudagraphs)):
            logits, past = chunks.run(prefill, first, state["cache"], graphs)
            past = past if state["cache"] is None else state["cache"]  # a fixed-size cache is filled in place and not handed back
            j.first = tok = logits[:, -1:].argmax(-1)
            if marks.first:
                marks.first(steps.stream)
            elif marks.stamps is not None:
                marks.stamps.append(calls.now())
            steps.begin(tok)
            j.last = run(tok, past, *([forced] if forced else []))

        def undo():
            prepare()
            forget(j, marks)
            go(self.function_eager("prefill", static), steps.eager, graphs=False)

        def head():
            return chunks.run(prefill, first, state["cache"], bool(n and cp and cp.cudagraphs))[0][:, -1].clone()
        j.prepare, j.go, j.undo, j.step_marks, j.head = prepare, go, undo, marks.read, head

    def function_eager(self, phase, static, j=None):
        module = self.aa_module() if j and j.req.get("aa") and (j.lane == "optimized") != self.swap else self.model.module
        key = (id(module), phase, static)
        if key not in self.eager:
            self.eager[key] = calls.make(module, phase, static)
        return self.eager[key]

    def step_graph(self, j, c, length):
        """The step that feeds itself on a cache, where the option asks
        for one: the same one for every request of a batch and cache length."""
        if c is None or not c.feeds_itself:
            return None
        key = (j.batch, length)
        if key not in c.steps:
            c.steps[key] = StepGraph(c, self.model, self.statics.get(*key), *key, self.story.recorded, self.story.skipped)
        return c.steps[key]

    def ranged(self, step):
        """The step inside an NVTX range, when ranges are asked for."""
        if not (self.opts["nvtx"] and self.clock.cuda):
            return step

        def inside(*args):
            torch.cuda.nvtx.range_push("tailscope step")
            try:
                return step(*args)
            finally:
                torch.cuda.nvtx.range_pop()
        return inside

    def mark_dims(self, j, compiled, tensors, sizes):
        """Marks dimensions of the inputs of a dynamic executable, where they are
        named; each trap is told once, those of equal sizes before it is made."""
        if compiled is None or j.words[0] != "dynamic" or not self.opts["dynamic_dims"] and compiled.graphs:
            return
        for text in dynamics.mark(self.opts, tensors, sizes):
            if text not in self.trapped:
                self.trapped.add(text)
                self.story.event("mark", j, text)

    def mark(self, j, compiled, shapes):
        if compiled:
            j.used.append((compiled, shapes))

    def step_keys(self, j):
        return {length for length, _ in j.blocks} if j.cache_len else set(range(j.exec + 1, j.exec + j.new + 1))

    def decode_shape(self, j):
        j.shape = f"{j.batch}x{j.exec}+{j.new}"
        if j.cache_len:
            j.shape += f"/kv{j.cache_len}" + (f"-{j.blocks[-1][0]}" if len(j.blocks) > 1 else "")

    def cache_length(self, j):
        """Fixed cache length of a static strategy, 0 for a growing cache: that of
        the first step, where option cache_block has it grow."""
        if j.optimized and j.words[1] == "static-cache" and self.opts["cache_block"]:
            j.blocks = walk.lengths(j, self.opts["cache_block"], self.model.positions or 1 << 30)
        else:
            j.blocks = [(self.one_length(j), j.new)]
        return j.blocks[0][0]

    def one_length(self, j):
        """static-cache keeps one length for all requests, and doubles when one
        does not fit; kv-bucketed takes the next edge."""
        if not j.optimized or j.words[1] not in groups.STATIC:
            return 0
        need, most = j.exec + j.new, self.model.positions or 1 << 30
        if j.words[1] == "kv-bucketed":
            edges = [e for e in self.edges if e >= need]
            return min(min(edges) if edges else power_of_two(need, 16), max(most, need))
        return self.fixed_length(need)

    def fixed_length(self, need):
        """The one length of all caches, which doubles when a request does not fit."""
        if need > self.static_len:
            self.static_len = min(max(256, power_of_two(need, 256)), max(self.model.positions or 1 << 30, need))
        return self.static_len

    def backend_name(self, j):
        dev = self.model.device.type
        names = sorted({c.backend for c, _ in j.used})
        if not names:
            return f"torch-{dev}-eager"
        return f"torch-{dev}-{'+'.join(names)}"


def power_of_two(n, least):
    e = least
    while e < n:
        e *= 2
    return e
