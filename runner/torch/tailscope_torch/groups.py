"""Compiled callables and their counters: one group a mode and strategy."""

import collections

import torch

from . import calls, evidence, packages, regional, rewrites
from .options import OptionError
from .wire import named

EAGER = None  # in place of a backend: nothing is compiled ("eager" is a backend of Dynamo's)
STATIC = ("static-cache", "kv-bucketed")


def label(mode, strategy):
    """The strategy as files name it: the word of the phase that the mode has,
    or the shortest spelling of both."""
    p, d = strategy["prefill"], strategy["decode"]
    if mode == "kv_decode":
        return d
    if mode != "e2e_kv" or p == d:
        return p
    if (p, d) in (("padded", "static-cache"), ("bucketed", "kv-bucketed")):
        return d
    return f"prefill={p},decode={d}"


class Compiled:
    """One function under torch.compile, or eager when nothing could compile
    it. shapes are those it has an executable for; auto: torch decides which
    dimensions are dynamic once it has seen two. With opts, the first call
    may compile under every stance: "recompile" in its name is meant here, while
    torch would forbid the first compile too, and nothing would ever run
    compiled. feeds_itself: a step that moves its own inputs on; captures: as a CUDA
    graph of ours."""

    def __init__(self, fn, call, backend, requested, cudagraphs, dynamic, auto=False, opts=None, feeds_itself=False, captures=False):
        self.fn, self.call, self.backend, self.requested = fn, call, backend, requested
        self.cudagraphs, self.dynamic, self.auto = cudagraphs, dynamic, auto
        self.compiles = call is not fn
        self.feeds_itself, self.captures, self.steps = feeds_itself, captures, {}  # steps: a StepGraph a batch and cache length
        self.shapes, self.graphs, self.error, self.told = set(), 0, "", False
        self.ran = collections.Counter()  # timed runs of each shape: the second one records a CUDA graph
        if opts is not None:
            self.call = self.first(call, opts)

    def first(self, compiled, opts):
        """A call that takes itself out of the way after the first time."""
        def call(*args):
            if self.call is compiled or opts["stance"] not in evidence.HOLDING:
                self.call = compiled
                return compiled(*args)
            evidence.set_stance("default")
            try:
                return compiled(*args)
            finally:
                evidence.set_stance(opts["stance"])
                self.call = compiled
        return call


class Group:
    """State of one mode and strategy."""

    def __init__(self, mode, strategy):
        self.mode, self.strategy = mode, strategy
        self.callables = {}
        self.graphs = self.made = self.fallbacks = self.captures = self.compile_ns = 0
        self.limit_reached, self.skips = False, []  # skips: why CUDA graphs were not used

    def frames(self):
        """Pieces of code that Dynamo counts apart: at least one."""
        return max(len(self.callables), 1)

    def counter(self, limit):
        return {"mode": self.mode, "strategy": self.strategy, "unique_graphs": self.graphs,
                "compiles": min(self.made, 1), "recompiles": max(self.made - 1, 0),
                "recompile_limit": limit * self.frames(), "limit_reached": self.limit_reached,
                "fallbacks": self.fallbacks, "captures": self.captures, "compile_ns": self.compile_ns}

    def renew(self):
        """Forgets the executables; the next call compiles anew."""
        freed, self.graphs = self.graphs, 0
        self.callables, self.limit_reached = {}, False
        return freed


class Groups:
    """All groups, and how a callable is compiled."""

    def __init__(self, model, opts):
        self.model, self.opts, self.all = model, opts, {}
        self.backend, self.refused = usable_backend(opts["backend"], model.device)  # may be EAGER
        self.made = lambda *compiled: None  # who hears of an executable that torch does not tell of
        self.module, self.merged, self.regions = None, 0, None  # regions: (twin, run, blocks), see regional.py

    def get(self, mode, strategy):
        key = (mode, label(mode, strategy))
        if key not in self.all:
            self.all[key] = Group(*key)
        return self.all[key]

    def callable(self, group, phase, word, static=False):
        """The compiled function of one phase of a group; static: it works on
        a fixed-size cache."""
        key = (phase, word, static)
        if key not in group.callables:
            backend, why = self.backend, self.refused
            if backend == packages.NAME and phase != "forward":
                backend, why = "inductor", "AOTInductor packages are for mode forward"
            group.callables[key] = self.build(phase, word, static, backend)
            group.callables[key].error = why
        return group.callables[key]

    def retreat(self, group, compiled, error):
        """What takes the place of a callable whose backend failed: the next
        simpler backend, at the end none. None when it was replaced before: a
        train's requests all hold the callable that failed the first of them."""
        for key, c in group.callables.items():
            if c is not compiled:
                continue
            new = self.build(*key, {packages.NAME: "inductor", "inductor": "aot_eager"}.get(c.backend, EAGER))
            new.error = error
            group.callables[key] = new
            group.graphs -= c.graphs
            return new
        return None

    def build(self, phase, word, static, backend):
        if self.module is None:
            self.module, self.merged = rewrites.optimized(self.model.module, self.opts)
        own = phase == "step" and static and self.opts["step_graph"] == "own"  # a step that feeds itself
        kind, asked = "self" if own else phase, self.opts["backend"]
        fn = calls.make(self.module, kind, static)
        if backend is EAGER:
            return Compiled(fn, fn, "eager", asked, False, True, feeds_itself=own)
        if backend == packages.NAME:
            return Compiled(fn, packages.Packages(self.module, self.opts["compile"], self.made), backend, asked, False, False)
        by_block, graphs = self.opts["regional"] and static, self.graphs(backend, phase, static)
        trees = graphs and not own and not by_block  # torch's graphs would be recorded anew for each block
        dynamic = {"dynamic": True if phase != "step" else None}.get(word, False)
        marked = dynamic is True and bool(self.opts["dynamic_dims"])
        how = {"backend": backend, "dynamic": False if marked or by_block else dynamic, "fullgraph": self.opts["fullgraph"],
               **self.inductor_options(backend, self.opts["mode"], trees)}
        call = self.by_region(kind, static, how) if by_block else torch.compile(fn, **how)
        return Compiled(fn, call, backend, asked, trees, dynamic is not False, dynamic is None, self.opts, own, own and graphs)

    def graphs(self, backend, phase, static):
        """Whether calls are replayed as CUDA graphs. Not on a growing cache: each
        step's is the next one's input, and replays would overwrite it (TR120 5.3.1)."""
        return backend == "inductor" and self.opts["mode"] in ("reduce-overhead", "max-autotune") and self.model.device.type == "cuda" \
            and not self.opts["disable_cudagraphs"] and evidence.marks_steps() and (static or phase != "step")

    def by_region(self, kind, static, how):
        """A call whose repeated blocks are compiled, once for all of them."""
        if self.regions is None:
            self.regions = regional.regional(self.module)
        twin, run, blocks = self.regions
        fn = calls.make(twin, kind, static)
        block = torch.compile(calls.make(None, "region", False), **how)

        def call(*args):
            run[0] = block
            return fn(*args)
        return call if blocks else torch.compile(fn, **how)

    def inductor_options(self, backend, mode, graphs):
        if backend != "inductor":
            return {}
        wants = "reduce-overhead" in mode or mode == "max-autotune"
        if not self.opts["compile"] and wants == graphs:
            return {"mode": mode}
        options = dict(mode_options(mode))
        options["triton.cudagraphs"] = graphs
        options.update(self.opts["compile"])
        return {"options": options}

    def clear(self):
        return sum(g.renew() for g in self.all.values())


def mode_options(mode):
    if mode == "default":
        return {}
    try:
        import torch._inductor
        return torch._inductor.list_mode_options(mode)
    except Exception:
        return {"max_autotune": True} if mode.startswith("max-autotune") else {}


def usable_backend(asked, device):
    """Returns (backend, why not the one that was asked for). Inductor needs
    Triton on a GPU: without it everything would fail at the first call. Where
    torch compiles nothing at all, the backend is EAGER. A backend that this
    torch does not know is an OptionError."""
    why = evidence.lacks_compile()
    if why:
        return EAGER, why
    if asked == packages.NAME:
        if device.type == "cuda" and (why := lacks_triton()):
            return "aot_eager", why
        return ("inductor" if (why := packages.lacks()) else asked), why
    try:
        torch.compile(lambda: None, backend=asked)  # looks the backend up, compiles nothing
    except Exception as e:
        raise OptionError(f'option "backend" is "{asked}": {named(e)}') from e
    if asked == "inductor" and device.type == "cuda" and (why := lacks_triton()):
        return "aot_eager", why
    return asked, ""


def lacks_triton():
    """Why Inductor compiles nothing for a GPU; empty where it does."""
    try:
        import triton  # noqa: F401  only whether it is there
    except Exception as e:
        return f"Triton cannot be imported: {type(e).__name__}: {e}"
    return ""
