"""One request in one lane, from its preparation to its times."""

from . import calls


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
        self.blocks = []  # of a decode: cache lengths and the steps on each
        self.cache_len, self.first, self.toks, self.last, self.out = 0, None, [], None, None
        self.shape, self.backend, self.times = "", "", {}
        self.piece, self.chunk = "", 0  # the call of a prompt in pieces, as events name it, and their tokens
        self.compile_ns, self.go, self.undo = 0, None, None
        self.rescued, self.lost_ns = None, 0  # what broke the compiled path, and how long that took
        self.prepare = self.step_marks = self.head = self.row = self.kept = None

    def let_go(self):
        """Lets go of outputs, and breaks the job's cycles: the collector is
        off, and a replay of CUDA graphs must not find its old output alive."""
        self.go = self.undo = self.prepare = self.step_marks = self.head = None
        self.out = self.last = self.first = None
        self.toks = []

    def release(self):
        """Lets go of everything that is not a number or a word."""
        self.let_go()
        self.rescued = None

    def at(self):
        """(callable, shape name, shape key) of the call under way."""
        if self.mode == "kv_decode" or self.first is not None:
            length = self.cache_len or self.exec + len(self.toks) + 1
            return self.used[-1][0] if self.used else None, calls.step_name(self.batch, length), length
        name = self.piece or self.shape_name()
        return self.used[0][0] if self.used else None, name, name

    def shape_name(self):
        if self.mode == "forward":
            return "x".join(str(v) for v in (self.req.get("dims") or {}).values()) or "fixed"
        return f"{self.batch}x{self.exec}"


def forget(j, marks):
    """Drops what a failed attempt left."""
    j.first = None
    del j.toks[:]
    marks.forget()
