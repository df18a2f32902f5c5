"""One request in one lane: which functions run, on what, and for how long."""

import contextlib
import copy

import torch

from . import calls, groups
from .check import Kept, first_tensor
from .timing import elapsed, step_times


class BadRequest(ValueError):
    """A request that this model cannot run; the sentence says why."""


class Job:
    """A request prepared for one lane. go() is the timed call."""

    def __init__(self, req, lane):
        self.req, self.lane, self.mode = req, lane, req["mode"]
        self.optimized = lane == "optimized" and not req.get("aa")
        self.exec = req["exec"][1 if lane == "optimized" else 0]
        self.batch, self.new = req["batch"], req.get("new_tokens") or 0
        words = req["strategy"] if self.optimized else {"prefill": "eager", "decode": "eager"}
        self.words = (words["prefill"], words["decode"])
        self.group, self.used = None, []  # compiled callables inside the region, as (Compiled, shapes)
        self.cache_len, self.first, self.toks, self.last, self.out = 0, None, [], None, None
        self.shape, self.backend, self.times = "", "", {}
        self.compile_ns, self.go, self.undo, self.rescued = 0, None, None, None
        self.prepare = self.step_marks = self.head = self.row = self.kept = None

    def release(self):
        """Lets go of tensors and breaks the job's cycles: the collector is
        off, and a replay of CUDA graphs must not find its old output alive."""
        self.go = self.undo = self.prepare = self.step_marks = self.head = None
        self.out = self.last = self.first = self.rescued = None
        self.toks = []

    def at(self):
        """(callable, shape name, shape key) of the call under way."""
        if self.mode == "kv_decode" or self.first is not None:
            length = self.cache_len or self.exec + len(self.toks) + 1
            return self.used[-1][0] if self.used else None, calls.step_name(self.batch, length), length
        return self.used[0][0] if self.used else None, self.shape_name(), self.shape_name()

    def shape_name(self):
        if self.mode == "forward":
            return "x".join(str(v) for v in (self.req.get("dims") or {}).values()) or "fixed"
        return f"{self.batch}x{self.exec}"


class Lanes:
    """Makes jobs of requests and runs them."""

    def __init__(self, model, opts, clock, host, groups_, load):
        self.model, self.opts, self.clock, self.host, self.groups = model, opts, clock, host, groups_
        self.twin, self.eager, self.statics = None, {}, calls.StaticCaches(model)
        self.edges = load.get("kv_edges") or []
        self.static_len = opts["static_len"]

    def job(self, req, lane):
        """A job ready to run; raises BadRequest."""
        j = Job(req, lane)
        if j.optimized:
            j.group = self.groups.get(j.mode, req["strategy"])
        self.validate(j)
        {"prefill": self.prefill, "kv_decode": self.decode, "e2e_kv": self.end_to_end,
         "forward": self.forward}[j.mode](j)
        j.backend = self.backend_name(j)
        return j

    def validate(self, j):
        lm, r = self.model.kind == "causal-lm", j.req
        if j.mode in ("kv_decode", "e2e_kv") and not lm:
            raise BadRequest(f"mode {j.mode} needs a causal language model with a cache")
        if j.mode == "forward" and lm:
            raise BadRequest("mode forward is for other models: use prefill, kv_decode or e2e_kv")
        if j.mode == "forward":
            return
        if r["tokens"] < 1 or j.exec < r["tokens"]:
            raise BadRequest(f"{r['tokens']} tokens do not fit into {j.exec} executed")
        if lm and 0 < self.model.positions < j.exec + j.new:
            raise BadRequest(f"{j.exec} + {j.new} tokens exceed the model's {self.model.positions} positions")
        if j.mode != "prefill" and j.new < 1:
            raise BadRequest(f"mode {j.mode} needs new_tokens of at least 1")

    def masked(self, j):
        """Whether a mask is passed: always where padding may occur."""
        r = j.req
        padding = r["strategy"]["prefill"] in ("padded", "bucketed")
        return j.exec > r["tokens"] or padding and (j.lane == "optimized" or r["exec"][0] == r["exec"][1])

    def function(self, j, phase, word, static=False):
        """The function of a phase; compiled ones are noted in j.used."""
        if not j.optimized or word == "eager":
            module = self.aa_module() if j.req.get("aa") and j.lane == "optimized" else self.model.module
            key = (id(module), phase, static)
            if key not in self.eager:
                self.eager[key] = calls.make(module, phase, static)
            return self.eager[key], None
        c = self.groups.callable(j.group, phase, word)
        return c.call, c

    def aa_module(self):
        if self.twin is None:
            self.twin = copy.deepcopy(self.model.module)
        return self.twin

    def prefill(self, j):
        if self.model.kind != "causal-lm":
            j.req.setdefault("dims", {"batch": j.batch, "tokens": j.exec})
            return self.forward(j)
        fn, c = self.function(j, "prefill", j.words[0])
        args = (*calls.Inputs(self.model, j.req, j.exec, self.masked(j)).prefill(), None)
        j.shape = j.shape_name()
        self.mark(j, c, {j.shape})

        def go():
            j.out = fn(*args)
            return j.out

        def undo():
            j.out = self.function_eager("prefill", False)(*args)
        j.go, j.undo = go, undo

    def forward(self, j):
        r = j.req
        fn, c = self.function(j, "forward", j.words[0])
        shape = dict(r.get("dims") or {"batch": j.batch, "tokens": j.exec})
        inputs = self.model.make_inputs(shape, r.get("seed") or 0, self.model.device)
        j.shape = j.shape_name()
        self.mark(j, c, {j.shape})

        def go():
            j.out = fn(inputs)
            return j.out

        def undo():
            j.out = self.function_eager("forward", False)(inputs)
        j.go, j.undo = go, undo

    def decode(self, j):
        j.cache_len = self.cache_length(j)
        inputs = calls.Inputs(self.model, j.req, j.exec, self.masked(j), j.cache_len)
        first = inputs.prefill()
        start = self.function_eager("prefill", bool(j.cache_len), j)

        def fresh():  # untimed and uncounted: the prefill runs eager
            cache = self.statics.get(j.batch, j.cache_len) if j.cache_len else None
            logits, past = start(*first, cache)
            return logits[:, -1:].argmax(-1), past
        fn, c = self.function(j, "step", j.words[1], bool(j.cache_len))
        self.mark(j, c, self.step_keys(j))
        self.decode_shape(j)
        fn, steps, state = self.ranged(fn), inputs.steps(), {}
        events, stamps = self.marks(j.new)
        begin, clone, stream = *self.graph_care(c), getattr(self.clock, "stream", None)

        def prepare():
            state["tok"], state["past"] = fresh()

        def go(step=fn, begin=begin, clone=clone, forced=None):
            j.last = calls.decode(step, state["tok"], state["past"], steps, j.toks, begin, clone, events, stream,
                                  stamps, forced)

        def undo():
            prepare()
            forget(j, stamps)
            go(self.function_eager("step", bool(j.cache_len)), None, False)
        j.prepare, j.go, j.undo = prepare, go, undo
        j.step_marks = (lambda t0: step_times(t0, stamps or [], events and [self.clock.events[0], *events]))

    def end_to_end(self, j):
        j.cache_len = self.cache_length(j)
        inputs = calls.Inputs(self.model, j.req, j.exec, self.masked(j), j.cache_len)
        static = bool(j.cache_len)
        prefill, cp = self.function(j, "prefill", j.words[0], static) if not (static and j.optimized) \
            else self.static_prefill(j)
        step, cd = self.function(j, "step", j.words[1], static)
        self.mark(j, cp, {j.shape_name()})
        self.mark(j, cd, self.step_keys(j))
        self.decode_shape(j)
        first, steps, step = inputs.prefill(), inputs.steps(), self.ranged(step)
        events, stamps = self.marks(j.new + 1)
        begin, clone, stream = *self.graph_care(cd), getattr(self.clock, "stream", None)
        state = {"cache": None}

        def prepare():
            state["cache"] = self.statics.get(j.batch, j.cache_len) if static else None
            if cp and cp.cudagraphs:
                torch.compiler.cudagraph_mark_step_begin()

        def go(prefill=prefill, step=step, begin=begin, clone=clone, forced=None):
            logits, past = prefill(*first, state["cache"])
            j.first = tok = logits[:, -1:].argmax(-1)
            if events:
                events[0].record(stream)
            elif stamps is not None:
                stamps.append(calls.now())
            j.last = calls.decode(step, tok, past, steps, j.toks, begin, clone, events and events[1:], stream, stamps,
                                  forced)

        def undo():
            prepare()
            forget(j, stamps)
            go(self.function_eager("prefill", static), self.function_eager("step", static), None, False)

        def marks(t0):
            if events:
                j.times["ttft_ns"] = elapsed(self.clock.events[0], events[0])
                return step_times(t0, [], events)
            if stamps:
                j.times["ttft_ns"] = stamps[0] - t0
                return step_times(stamps[0], stamps[1:], None)
            return []

        def head():
            return prefill(*first, state["cache"])[0][:, -1].clone()
        j.prepare, j.go, j.undo, j.step_marks, j.head = prepare, go, undo, marks, head

    def static_prefill(self, j):
        """A prefill that writes into the fixed-size cache."""
        if j.words[0] == "eager":
            return self.function_eager("prefill", True), None
        c = self.groups.callable(j.group, "prefill", j.words[0], static=True)
        return c.call, c

    def function_eager(self, phase, static, j=None):
        module = self.aa_module() if j and j.req.get("aa") and j.lane == "optimized" else self.model.module
        key = (id(module), phase, static)
        if key not in self.eager:
            self.eager[key] = calls.make(module, phase, static)
        return self.eager[key]

    def marks(self, n):
        """(events, stamps) for n instants inside the region; one is None."""
        if self.opts["steps"] == "off":
            return None, None
        if self.clock.cuda and self.opts["steps"] == "events":
            return self.clock.take(n + 2)[2:], None
        return None, []

    @staticmethod
    def graph_care(c):
        """(begin, clone): what a step on replayed CUDA graphs needs."""
        graphs = bool(c and c.cudagraphs)
        return (torch.compiler.cudagraph_mark_step_begin if graphs else None), graphs

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

    def mark(self, j, compiled, shapes):
        if compiled:
            j.used.append((compiled, shapes))

    def step_keys(self, j):
        return {j.cache_len} if j.cache_len else set(range(j.exec + 1, j.exec + j.new + 1))

    def decode_shape(self, j):
        j.shape = f"{j.batch}x{j.exec}+{j.new}"
        if j.cache_len:
            j.shape += f"/kv{j.cache_len}"

    def cache_length(self, j):
        """Fixed cache length of a static strategy, 0 for a growing cache.
        static-cache keeps one length for all requests, and doubles when one
        does not fit; kv-bucketed takes the next edge."""
        if not j.optimized or j.words[1] not in groups.STATIC:
            return 0
        need, most = j.exec + j.new, self.model.positions or 1 << 30
        if j.words[1] == "kv-bucketed":
            edges = [e for e in self.edges if e >= need]
            return min(min(edges) if edges else power_of_two(need, 16), max(most, need))
        if need > self.static_len:
            self.static_len = min(max(256, power_of_two(need, 256)), max(most, need))
        return self.static_len

    def backend_name(self, j):
        dev = self.model.device.type
        names = sorted({c.backend for c, _ in j.used})
        if not names:
            return f"torch-{dev}-eager"
        return f"torch-{dev}-{'+'.join(names)}"

    def run(self, j):
        """Runs the job's timed region; the times land in j.times."""
        if j.prepare:
            j.prepare()
        else:
            self.begin(j)
        nvtx = self.nvtx(j) if self.opts["nvtx"] and self.clock.cuda else contextlib.nullcontext()
        with nvtx:
            self.host.start()
            try:
                _, j.times = self.clock.run(j.go, ())
            except Exception as e:
                j.times = e.times
                if not j.used or asked_for(e):
                    raise
                self.rescue(j, e)
            finally:
                j.times.update(self.host.stop())
        self.steps(j)

    def rescue(self, j, e):
        """The compiled path failed: the request is served eager, and its time
        is what a user would have waited."""
        j.rescued = e
        j.undo()
        self.clock.sync()
        j.times["wall_ns"] = calls.now() - j.times["start_ns"]

    def begin(self, j):
        if j.used and j.used[0][0].cudagraphs:
            torch.compiler.cudagraph_mark_step_begin()

    def steps(self, j):
        if not j.step_marks:
            return
        j.times["steps_ns"] = j.step_marks(j.times["start_ns"])
        if j.times["steps_ns"]:
            j.times["steps_kv"] = list(range(j.exec + 1, j.exec + j.new + 1))

    @contextlib.contextmanager
    def nvtx(self, j):
        torch.cuda.nvtx.range_push(f"tailscope {j.lane} {j.mode} {j.shape} #{j.req['id']}")
        try:
            yield
        finally:
            torch.cuda.nvtx.range_pop()

    def keep(self, j):
        """What the check needs of a finished job."""
        if j.mode in ("prefill", "forward"):
            if self.model.kind == "causal-lm":
                return Kept(j.out[0][:, -1], [])
            return Kept(first_tensor(j.out), [])
        return Kept(j.last, ([j.first] if j.first is not None else []) + j.toks)


def forget(j, stamps):
    """Drops what a failed attempt left."""
    j.first = None
    del j.toks[:]
    if stamps:
        del stamps[:]


def asked_for(e):
    """An error that the user's own settings ask for."""
    return "fail_on_recompile" in str(e)


def power_of_two(n, least):
    e = least
    while e < n:
        e *= 2
    return e
