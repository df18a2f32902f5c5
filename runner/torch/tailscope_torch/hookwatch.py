"""What torch says of its compiles, in a program that is somebody else's:
loggers are listened to and nothing is printed that was not printed before."""

import logging
import threading

import torch

from . import evidence
from .wire import now

QUIET = ("torch._dynamo.guards.__recompiles", "torch._inductor.cudagraph_utils.__perf_hints", "torch._inductor.compile_fx.__perf_hints")


def limit():
    c = evidence.dynamo().config
    return int(getattr(c, "recompile_limit", 0) or getattr(c, "cache_size_limit", 8))


class Watch(evidence.Watch):
    """Events of this process; those of a call carry its number."""

    def __init__(self, hook):
        super().__init__(None, None, self.limited, self.skipped)
        self.hook, self.own, self.skips, self.installed = hook, threading.local(), set(), False

    def install(self):
        """Once something is compiled: importing Dynamo takes seconds, which
        a program that compiles nothing shall not spend."""
        if self.installed:
            return
        self.installed = True
        import torch._dynamo.guards  # noqa: F401  its loggers are made with it
        for name in QUIET:
            logger = logging.getLogger(name)
            if not logger.isEnabledFor(logging.DEBUG):
                logger.setLevel(logging.DEBUG)
                logger.propagate = False
        try:
            torch._logging._internal.log_state.enable_artifact("recompiles")
        except Exception:  # an older torch: the logger's level says it
            pass
        for name in evidence.LOGGERS:
            logging.getLogger(name).addHandler(self.handler)
        try:
            self.register()
        except Exception as e:
            self.callbacks = False
            self.tell("mark", f"this torch has no compilation callbacks ({e!r}): compiles are not seen", extra={"lacks": "callbacks"})
        self.keep_callbacks()
        self.graphs_of_users()

    def keep_callbacks(self):
        """torch._dynamo.reset() drops callbacks: they go in again."""
        d = evidence.dynamo()
        reset = d.reset

        def again(*args, **kwargs):
            out = reset(*args, **kwargs)
            if self.callbacks:
                self.register()
            self.tell("mark", "torch._dynamo.reset(): every executable of this process is dropped", extra={"reset": True})
            return out

        d.reset = again

    def graphs_of_users(self):
        """Recordings of CUDA graphs, the compiler's and the program's own:
        none of our events may fall into one."""
        graph = getattr(getattr(torch, "cuda", None), "graph", None)
        if not isinstance(graph, type):
            return
        enter, leave, watch = graph.__enter__, graph.__exit__, self

        def begin(self, *args):
            watch.hook.capturing += 1
            try:
                return enter(self, *args)
            except BaseException:  # its exit is not called
                watch.hook.capturing -= 1
                raise

        def end(self, *args):
            try:
                return leave(self, *args)
            finally:
                watch.hook.capturing -= 1

        graph.__enter__, graph.__exit__ = begin, end

    # told by torch, in the thread that compiles

    def start(self, args=None):
        own = self.own.__dict__.setdefault("started", {})
        trigger = evidence.trigger_of(args)
        own[trigger] = now(), evidence.unique_graphs(), self.count_breaks()
        if trigger == "DYNAMO":
            self.tell("compiling", "", now())

    def end(self, args=None):
        t, trigger = now(), evidence.trigger_of(args)
        start, graphs, breaks = self.own.__dict__.get("started", {}).pop(trigger, (t, 0, 0))
        if trigger == "CUDAGRAPH_RECORDING":
            return self.tell("graph_capture", "CUDA graph recorded", start, t)
        if trigger == "TRITON_AUTOTUNING":
            return self.tell("mark", "Triton tuned a kernel", start, t, {"autotune": True})
        ident = str(getattr(args, "compile_id", "") or "")
        if trigger == "LAZY_BACKWARD":
            return self.tell("mark", "the backward pass was compiled", start, t, {"compile_id": ident, "backward": True})
        made = evidence.unique_graphs() - graphs
        reason = self.own.__dict__.pop("reason", "")
        if made > 0:
            again = ident.rpartition("/")[2].split("_")[0] not in ("", "0")
            self.tell("recompile" if again else "compile", reason or ("another executable" if again else "first executable"),
                      start, t, {"compile_id": ident, "guard": reason, "graphs": made})
        for why, n in self.new_breaks(breaks).items():
            self.tell("mark", f"graph break: {why}", extra={"graph_break": True, "n": n})

    def count_breaks(self):
        return dict(evidence.counters().get("graph_break", {}))

    def new_breaks(self, before):
        before = before or {}
        now_ = self.count_breaks()
        return {str(k).splitlines()[0][:300]: v - before.get(k, 0) for k, v in now_.items() if v > before.get(k, 0)}

    def limited(self, reason):
        self.tell("limit_reached", f"all {limit()} executables used: new shapes run eager from here; {reason}")

    def skipped(self, why):
        if why not in self.skips:
            self.skips.add(why)
            self.tell("mark", f"no CUDA graph: {why}", extra={"cudagraph_skip": why})

    def on_reason(self, reason):
        self.own.reason = reason

    def tell(self, kind, reason, start=None, end=None, extra=None):
        """An event. What took time inside a call is part of it."""
        calls, link = self.hook.calls, self.hook.link
        call = calls.local.call
        fields = {"kind": kind, "reason": reason, "t_ns": start or now()}
        if end is not None:
            fields["dur_ns"] = end - start
        if call.depth:
            fields.update(call=calls.number(call), callable=call.one.number, shape=self.hook.shape(call.key), lane=0 if call.eager else 1,
                          on_cuda=call.one.cuda)
            if kind in ("compile", "recompile"):
                call.compile_ns += end - start
        if extra:
            fields["extra"] = extra
        link.say("event", **fields)
