"""What "tailscope exec" changes in a program: torch.compile's results are
timed. Each outermost call of one is a row

    [callable, shape, lane, number, start_ns, wall_ns, device_ns, compile_ns, run_delay_ns, minflt, majflt, nivcsw]

which ends after compile_ns where there is no more to say. lane 0 is eager (the original callable, drawn by the share of --ab), 1 is
compiled. Nothing is synchronised: wall is what the call took its caller."""

import functools
import os
import random
import threading

import torch

from . import hookwatch
from .hooklink import Link
from .wire import now

TEXTS = 4096  # shapes that are told apart
WORTH = 4_000_000  # ns: below, reading what the host did (12 us, 40 with cold caches) would be felt
ONE_IN = 16  # calls below that whose device time is taken, drawn by chance: two events cost a call about 25 us


class Call:
    """The call in hand of a thread."""
    __slots__ = ("depth", "number", "compile_ns", "callable", "shape", "eager", "cuda")

    def __init__(self):
        self.depth = self.number = self.compile_ns = self.callable = self.shape = 0
        self.eager = self.cuda = False


class Local(threading.local):
    def __init__(self):
        self.call = Call()


def rank():
    r = os.environ.get("RANK", "")
    return int(r) if r.isdigit() else None


class Hook:
    def __init__(self):
        want = os.environ.get("TAILSCOPE_EXEC_RANK", "")
        self.link = Link(os.environ["TAILSCOPE_EXEC"], rank())
        self.link.off = bool(want) and rank() is not None and want != str(rank())
        self.share = float(os.environ.get("TAILSCOPE_EXEC_AB") or 0)
        self.seed = int(os.environ.get("TAILSCOPE_EXEC_SEED") or 1)
        self.device_time = os.environ.get("TAILSCOPE_EXEC_DEVICE", "1") != "0"
        self.local, self.shapes, self.callables, self.capturing = Local(), {}, {}, 0
        self.draws(rank())
        self.pool, self.late, self.lates = [], threading.local(), []
        self.watch = hookwatch.Watch(self)
        self.lock, self.host = threading.Lock(), Host()
        os.register_at_fork(after_in_child=self.child)

    def draws(self, who):
        self.draw, self.luck = random.Random(f"{self.seed} {who}").random, random.Random(f"events {self.seed} {who}").random

    def child(self):
        """After a fork: lanes and readings of its own; events of the device
        belong to the parent."""
        self.draws(os.getpid())
        self.pool, self.late, self.lates, self.host.local = [], threading.local(), [], threading.local()
        self.local.call = Call()

    def install(self):
        self.compile, hook = torch.compile, self

        @functools.wraps(torch.compile)
        def compile(model=None, *args, **kwargs):
            made = hook.compile(model, *args, **kwargs)
            if model is None or hook.link.off:
                return made  # a decorator: it comes back here with what it decorates
            return hook.observe(made, model, kwargs)

        torch.compile = compile
        Link.facts = {"torch": str(torch.__version__), "python": ".".join(map(str, __import__("sys").version_info[:3])),
                      "cuda": torch.version.cuda or "", "hook_ns": self.cost()}
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
            number = self.callables.setdefault(key, len(self.callables))
        self.link.define("callable", number, name=key[0], backend=backend, strategy=strategy, mode=key[3], limit=hookwatch.limit())
        if isinstance(made, torch.nn.Module):
            made.__dict__["forward"] = self.timed(made.forward, model, number)
            return made
        return self.timed(made, model, number)

    def timed(self, compiled, original, number):
        local, link, draw_of, share = self.local, self.link, self, self.share
        host, shape_of, before, after, usual, timed = self.host, self.shape, self.before, self.after, 0, self.device_time

        def call(*args, **kwargs):
            nonlocal usual
            me = local.call
            if me.depth or link.off:
                return compiled(*args, **kwargs)
            me.depth, me.number, me.compile_ns, me.callable = 1, next(link.numbers), 0, number
            me.eager = eager = share > 0 and draw_of.draw() < share
            me.shape, me.cuda = shape, cuda = shape_of(args, kwargs)
            events = before() if cuda and timed and (usual > WORTH or not usual or draw_of.luck() < 1 / ONE_IN) else None
            h = host.read() if usual > WORTH else None
            error = ""
            t = now()
            try:
                return (original if eager else compiled)(*args, **kwargs)
            except BaseException as e:
                error = f"{type(e).__name__}: {e}"[:300]
                raise
            finally:
                end = now()
                me.depth = 0
                row = [number, shape, 0 if eager else 1, me.number, t, end - t, -1, me.compile_ns]
                if h is not None:
                    row += map(int.__sub__, host.read(), h)
                if not me.compile_ns:
                    usual += usual >> 7 if end - t > usual else -(usual >> 7)  # follows the median
                    usual = usual or end - t
                if error:
                    link.say("failed", call=me.number, error=error)
                if events is None:
                    link.row(row)
                else:
                    after(events, row)
                if link.thread is None:
                    link.start()

        functools.update_wrapper(call, compiled, updated=())
        call.__dict__.update({k: v for k, v in vars(compiled).items() if k != "__wrapped__"})
        return call

    def shape(self, args, kwargs):
        """The number of a call's shape, and whether its tensors are on CUDA."""
        if len(args) == 1 and not kwargs and type(args[0]) is torch.Tensor:  # most calls: nothing is built
            found = args
            key = args[0].shape
        else:
            found = [a for a in args if isinstance(a, torch.Tensor)] if args else []
            if kwargs:
                found += [a for a in kwargs.values() if isinstance(a, torch.Tensor)]
            if not found:
                found = [x for a in (*args, *kwargs.values()) if isinstance(a, (list, tuple, dict))
                         for x in (a.values() if isinstance(a, dict) else a) if isinstance(x, torch.Tensor)][:8]
            key = tuple([a.shape for a in found[:8]])
        n = self.shapes.get(key)
        if n is None:
            n = self.named(key, [key] if found is args else key)
        return n, bool(found) and found[0].is_cuda

    def named(self, key, shapes):
        """The number of a shape that is new."""
        n = len(self.shapes) if len(self.shapes) < TEXTS else TEXTS
        if n < TEXTS:
            self.shapes[key] = n
        text = ",".join("x".join(map(str, s)) or "0d" for s in shapes[:4]) or "no tensors"
        text += ",…" if len(shapes) > 4 else ""
        self.link.define("shape", n, text=text if n < TEXTS else "other shapes")
        return n

    # time of the device

    def before(self):
        if self.capturing:
            return None
        self.settle()
        pair = self.pool.pop() if self.pool else (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
        pair[0].record()
        return pair

    def after(self, pair, row):
        if self.capturing:
            return self.link.row(row)
        pair[1].record()
        self.waiting().append((pair, row))

    def waiting(self):
        try:
            return self.late.rows
        except AttributeError:
            import collections
            self.late.rows = collections.deque()
            self.lates.append(self.late.rows)
            return self.late.rows

    def settle(self):
        """Hands on the calls of this thread that the device has finished."""
        rows = self.waiting()
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

    def cost(self):
        """Nanoseconds that the hook adds to a call, measured on one that does
        nothing."""
        x, kept = torch.zeros(1), (self.link, self.share)
        quiet = type("Nobody", (), {"off": False, "thread": 0, "numbers": self.link.numbers, "row": staticmethod(lambda r: None),
                                    "define": staticmethod(lambda *a, **k: None), "start": staticmethod(lambda: None)})
        try:
            self.link, self.share = quiet, 0
            bare = lambda x: x  # noqa: E731
            hooked = self.timed(bare, bare, 0)
            best = []
            for f in (hooked, bare):
                times = []
                for _ in range(300):
                    t = now()
                    f(x)
                    times.append(now() - t)
                best.append(sorted(times)[len(times) // 2])
            return max(best[0] - best[1], 0)
        finally:
            self.link, self.share = kept
            self.shapes.clear()
            self.local.call = Call()


class Host:
    """Run-queue delay, page faults and involuntary switches of the calling
    thread; -1 where the kernel does not say."""

    def __init__(self):
        self.local = threading.local()
        import resource
        self.usage, self.who = resource.getrusage, getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)

    def read(self):
        try:
            fd = self.local.fd
        except AttributeError:
            try:
                fd = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
            except OSError:
                fd = None
            self.local.fd = fd
        delay = int(os.pread(fd, 64, 0).split()[1]) if fd is not None else -1
        u = self.usage(self.who)
        return delay, u.ru_minflt, u.ru_majflt, u.ru_nivcsw


def install():
    hook = Hook()
    hook.install()
    return hook
