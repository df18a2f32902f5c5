"""What "tailscope exec" changes in a program: torch.compile's results are
timed. Each outermost call of one is a row

    [callable, shape, lane, number, start_ns, wall_ns, device_ns, compile_ns, run_delay_ns, minflt, majflt, nivcsw]

which ends after compile_ns where there is no more to say. lane 0 is eager (the original callable, drawn by the share of --ab), 1 is
compiled; number is 0 where no event mentions the call. Nothing is synchronised: wall is what the call took its caller."""

import collections
import functools
import os
import platform
import random
import sys
import threading

import torch

from . import hookwatch
from .hookcall import Callable, Calls, cost
from .hooklink import Link
from .timing import Thread
from .wire import named

TEXTS = 4096  # shapes that are told apart


def rank():
    r = os.environ.get("RANK", "")
    return int(r) if r.isdigit() else None


class Late(threading.local):
    """A thread's calls that the device has not finished."""

    def __init__(self, of_all):
        self.rows = collections.deque()
        of_all.append(self.rows)


class Hook:
    def __init__(self):
        want = os.environ.get("TAILSCOPE_EXEC_RANK", "")
        self.link = Link(os.environ["TAILSCOPE_EXEC"], rank())
        self.link.off = bool(want) and rank() is not None and want != str(rank())
        self.share = float(os.environ.get("TAILSCOPE_EXEC_AB") or 0)
        self.seed = int(os.environ.get("TAILSCOPE_EXEC_SEED") or 1)
        self.device_time = os.environ.get("TAILSCOPE_EXEC_DEVICE", "1") != "0"
        self.dice = random.Random(), random.Random()  # of lanes, and of whose device time is taken
        self.draw, self.luck = (d.random for d in self.dice)
        self.draws(rank())
        self.calls, self.shapes, self.callables, self.capturing = Calls(self), {}, {}, 0
        self.pool, self.lates = [], []
        self.late = Late(self.lates)
        self.watch = hookwatch.Watch(self)
        self.lock, self.host = threading.Lock(), Thread()
        self.link.wire, self.link.gone = self.wire, self.gone
        os.register_at_fork(after_in_child=self.child)

    def draws(self, who):
        for d, of in zip(self.dice, ("", "events ")):
            d.seed(f"{of}{self.seed} {who}")

    def child(self):
        """After a fork: lanes and readings of its own; events of the device
        belong to the parent."""
        self.draws(os.getpid())
        self.pool, self.lates, self.host = [], [], Thread()
        self.late = Late(self.lates)
        self.calls.anew()
        self.lock = threading.Lock()

    def gone(self):
        """Nobody listens any more: calls pass through."""
        for one in list(self.callables.values()):
            one.fixed, one.rate = True, 1.0

    def install(self):
        self.compile, hook = torch.compile, self

        @functools.wraps(torch.compile)
        def compile(model=None, *args, **kwargs):
            made = hook.compile(model, *args, **kwargs)
            if model is None or hook.link.off:
                return made  # a decorator: it comes back here with what it decorates
            try:
                return hook.observe(made, model, kwargs)
            except Exception as e:  # never the program's
                print(f"tailscope: {getattr(model, '__qualname__', type(model).__qualname__)} is not observed: {named(e)}", file=sys.stderr)
                return made

        torch.compile = compile
        Link.facts = {"torch": str(torch.__version__), "python": platform.python_version(),
                      "cuda": torch.version.cuda or "", "hook_ns": cost(self)}
        self.link.last = self.last
        self.link.say("hello")

    def observe(self, made, model, options):
        """Puts the timing around a compiled module or function."""
        self.watch.install()
        name = getattr(model, "__qualname__", "") or type(model).__qualname__
        owner = getattr(model, "__self__", None)
        if owner is not None and isinstance(owner, torch.nn.Module):
            name = type(owner).__qualname__ + "." + getattr(model, "__name__", "call")
        backend = options.get("backend", "inductor")
        backend = backend if isinstance(backend, str) else getattr(backend, "__name__", type(backend).__name__)
        strategy = "dynamic" if options.get("dynamic") else "variable"
        if options.get("disable"):
            return made
        key = (name.replace("<locals>.", ""), backend, strategy, str(options.get("mode") or "default"))
        with self.lock:
            one = self.callables.setdefault(key, Callable(len(self.callables)))
        self.link.define("callable", one.number, name=key[0], backend=backend, strategy=strategy, mode=key[3], limit=hookwatch.limit())
        if isinstance(made, torch.nn.Module):
            made.__dict__["forward"] = self.calls.timed(made.forward, model, one)
            return made
        return self.calls.timed(made, model, one)

    def wire(self, row):
        """A row as it is sent, made by the thread that sends."""
        if len(row) == 4:  # a compiled call that nothing happened in
            one, key, t, end = row
            one.follow(end - t)
            return one.number, self.shape(key), 1, 0, t, end - t, -1, 0
        if not row[7]:
            row[0].follow(row[5])
        row[0], row[1] = row[0].number, self.shape(row[1])
        return row

    def shape(self, key):
        """The number of a shape: a tensor's, or a tuple of those of several."""
        n = self.shapes.get(key)
        return self.named(key, [key] if isinstance(key, torch.Size) else key or ()) if n is None else n

    def named(self, key, shapes):
        """The number of a shape that is new."""
        with self.lock:
            n = self.shapes.get(key, min(len(self.shapes), TEXTS))
            if n < TEXTS:
                self.shapes[key] = n
        text = ",".join("x".join(map(str, s)) or "0d" for s in shapes[:4]) or "no tensors"
        text += ",…" if len(shapes) > 4 else ""
        self.link.define("shape", n, text=text if n < TEXTS else "other shapes")
        return n

    # time of the device

    def before(self):
        """A pair of events, the first recorded; None where there is no time to be had,
        also of a device that is lost, which is the program's own to find."""
        if self.capturing:
            return None
        try:
            self.settle()
            pair = self.pool.pop() if self.pool else (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
            pair[0].record()
        except Exception:
            return None
        return pair

    def after(self, pair, row):
        try:
            if not self.capturing:
                pair[1].record()
                return self.late.rows.append((pair, row))
        except Exception:  # lost meanwhile
            pass
        self.link.row(row)

    def settle(self):
        """Hands on the calls of this thread that the device has finished."""
        rows = self.late.rows
        while rows and (len(rows) > 4096 or rows[0][0][1].query()):
            self.timed_by_device(*rows.popleft())

    def last(self):
        """At the end of the process: what still waits, of all threads. The
        device is not waited for: what it has not finished has no time."""
        for rows in self.lates:
            while rows:
                self.timed_by_device(*rows.popleft())

    def timed_by_device(self, pair, row):
        try:
            if pair[1].query():
                row[6] = int(pair[0].elapsed_time(pair[1]) * 1e6)
                self.pool.append(pair)
        except Exception:  # the device is gone, or the events were never recorded
            pass
        self.link.row(row)


def install():
    hook = Hook()
    hook.install()
    return hook
