"""Around one call of something compiled. What most calls run is short and
touches little memory: after a millisecond of arithmetic the caches are cold,
and each line of them that the hook needs is felt. The rest is done by the
thread that sends, and by whole() for the calls that have more to them."""

import collections
import functools
import threading

import torch

from .hooklink import ROOM
from .wire import now

WORTH = 8_000_000  # ns: below, reading what the host did (12 us, 60 with cold caches) would be felt
ONE_IN = 16  # calls below that whose device time is taken, drawn by chance: two events cost a call 25 to 36 us
SHAPELESS = "?"  # in place of a shape, of tensors that tell none: nested ones


class Call:
    """The call in hand of a thread."""
    __slots__ = ("depth", "key", "one", "told", "number", "compile_ns", "eager")

    def __init__(self):
        self.depth = self.number = self.compile_ns = 0
        self.key = self.one = None
        self.eager, self.told = False, True  # a thread's first call begins the one that sends


class Callable:
    """Something compiled. rate is the share of its calls that go through whole()."""
    __slots__ = ("number", "rate", "usual", "cuda", "fixed")

    def __init__(self, number):
        self.number, self.rate, self.usual, self.cuda, self.fixed = number, 1.0, 0, False, False

    def follow(self, wall):
        """Keeps about the median of calls without a compile."""
        u = self.usual
        self.usual = u + (u >> 7 if wall > u else -(u >> 7)) if u else wall
        if not self.fixed:
            self.rate = 1.0 if self.usual > WORTH else 1 / ONE_IN if self.cuda else 0


class Local(threading.local):
    def __init__(self):
        self.call = Call()


class Calls:
    def __init__(self, hook):
        self.hook, self.local, self.link = hook, Local(), hook.link

    def anew(self):
        """After a fork."""
        self.local.call = Call()

    def timed(self, compiled, original, one):
        local, rows, append, luck, tensor, link = self.local, self.link.rows, self.link.rows.append, self.hook.luck, torch.Tensor, self.link
        one.fixed = self.hook.share > 0

        def call(*args, **kwargs):
            me = local.call
            if me.depth:
                return compiled(*args, **kwargs)
            if one.rate and (one.rate == 1 or luck() < one.rate):
                return whole(me, args, kwargs)
            try:
                me.key = args[0].shape if len(args) == 1 and not kwargs and type(args[0]) is tensor else key_of(tensors(args, kwargs))
            except Exception:
                me.key = SHAPELESS
            me.depth, me.one = 1, one
            t = now()
            try:
                return compiled(*args, **kwargs)
            except BaseException as e:
                self.failed(me, e)
                raise
            finally:
                end = now()
                me.depth = 0
                if me.told or len(rows) >= ROOM:
                    self.row(me, t, end)
                else:
                    append((one, me.key, t, end))

        def whole(me, args, kwargs):
            """A call whose device time, lane or host may be of interest."""
            hook = self.hook
            if link.off:
                return compiled(*args, **kwargs)
            found = tensors(args, kwargs)
            one.cuda = cuda = bool(found) and found[0].is_cuda
            me.depth, me.one, me.key = 1, one, key_of(found)
            me.eager = eager = hook.share > 0 and hook.draw() < hook.share
            events = hook.before() if cuda and hook.device_time else None
            h = hook.host.read() if one.usual > WORTH else None
            t = now()
            try:
                return (original if eager else compiled)(*args, **kwargs)
            except BaseException as e:
                self.failed(me, e)
                raise
            finally:
                end = now()
                me.depth = 0
                self.row(me, t, end, events, h)

        functools.update_wrapper(call, compiled, updated=())
        call.__dict__.update({k: v for k, v in vars(compiled).items() if k != "__wrapped__"})
        return call

    def number(self, me):
        """The number of the call in hand, for what mentions it."""
        me.told = True
        me.number = me.number or next(self.link.numbers)
        return me.number

    def failed(self, me, e):
        try:
            text = f"{type(e).__name__}: {e}"
        except Exception:  # what it says of itself failed
            text = type(e).__name__
        self.link.say("failed", call=self.number(me), error=text[:300])

    def row(self, me, t, end, events=None, host=None):
        """What is left of a call of which there is more to tell."""
        row = [me.one, me.key, 0 if me.eager else 1, me.number, t, end - t, -1, me.compile_ns]
        if host is not None:
            row += self.hook.host.since(host, end - t)
        if me.told:
            self.link.start()
        me.told, me.eager, me.number, me.compile_ns = False, False, 0, 0
        if events is None:
            self.link.row(row)
        else:
            self.hook.after(events, row)


def tensors(args, kwargs):
    """The tensors among a call's arguments, or one level below."""
    found = [a for a in args if isinstance(a, torch.Tensor)] if args else []
    if kwargs:
        found += [a for a in kwargs.values() if isinstance(a, torch.Tensor)]
    if not found:
        found = [x for a in (*args, *kwargs.values()) if isinstance(a, (list, tuple, dict))
                 for x in (a.values() if isinstance(a, dict) else a) if isinstance(x, torch.Tensor)]
    return found[:8]


def key_of(found):
    """What tells shapes apart: a torch.Size, a tuple of them, None where there is no tensor."""
    try:
        return found[0].shape if len(found) == 1 else tuple([a.shape for a in found]) or None
    except Exception:
        return SHAPELESS


class Nobody:
    """A hook that nobody listens to, for cost()."""
    share, off, numbers = 0, False, iter(())

    def __init__(self, luck):
        self.link, self.luck, self.rows = self, luck, collections.deque()

    def start(self):
        pass

    def row(self, row):
        self.rows.append(row)


def cost(hook):
    """Nanoseconds that the hook adds to a call that does nothing, at least:
    after a call that works its caches are cold, and it takes some times that."""
    x, bare, one = torch.zeros(1), (lambda x: x), Callable(0)
    hooked, took = Calls(Nobody(hook.luck)).timed(bare, bare, one), ([], [])
    hooked(x)
    one.rate = 0
    for _ in range(301):
        for f, times in zip((bare, hooked), took):
            t = now()
            f(x)
            times.append(now() - t)
    return max(sorted(took[1])[150] - sorted(took[0])[150], 0)
