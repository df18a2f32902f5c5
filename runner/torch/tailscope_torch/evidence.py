"""What torch says of itself: compiles, their reasons and durations, CUDA
graph recordings, the recompile limit, Dynamo's and Inductor's counters.

Every source is optional, because versions differ: callbacks give the moment
and the duration, the log gives the reason, counters are the truth about how
many graphs there are."""

import collections
import logging
import re

import torch

from . import recordings
from .options import CHOICES, OptionError
from .wire import log, named, now


LOGGERS = ("torch._dynamo.guards.__recompiles", "torch._dynamo.convert_frame", "torch._dynamo.guards", "torch._dynamo",
           "torch._inductor.cudagraph_utils.__perf_hints", "torch._inductor.cudagraph_utils.__cudagraphs",
           "torch._inductor.cudagraph_utils", "torch._inductor.compile_fx.__perf_hints", *recordings.LOGGERS)


def dynamo():
    import torch._dynamo as d
    return d


def lacks_compile():
    """Why this torch compiles nothing; empty where it does."""
    if not hasattr(torch, "compile"):
        return f"torch {torch.__version__} has no torch.compile: it came with 2.0"
    try:
        dynamo()
        torch.compile(lambda: None, backend="eager")  # refuses a Python that it does not know; compiles nothing
    except Exception as e:
        return f"torch.compile cannot run here: {type(e).__name__}: {e}"
    return ""


def marks_steps():
    """Whether the step of a CUDA graph can be told from the next."""
    return hasattr(getattr(torch, "compiler", None), "cudagraph_mark_step_begin")


def stances():
    """Stances that this torch has, and why it lacks others (a sentence)."""
    fn = getattr(getattr(torch, "compiler", None), "set_stance", None)
    if fn is None:
        return [], f"torch {torch.__version__} has no torch.compiler.set_stance: it came with 2.6"
    text = fn.__doc__ or ""  # an unknown one would be refused by the first compiled call only
    return [s for s in CHOICES["stance"] if not text or f'"{s}"' in text], ""


def counters():
    try:
        import torch._dynamo.utils as u
        return u.counters
    except ImportError:
        return collections.defaultdict(collections.Counter)


def unique_graphs():
    return int(counters()["stats"]["unique_graphs"])


class Watch:
    """Follows compilation. on_compile(start_ns, end_ns, graphs, reason,
    compile_id), on_recording(start_ns, end_ns, why again), on_limit(reason) and
    on_skip(reason), CUDA graphs that are not used, are called as it happens,
    inside the request that caused it."""

    def __init__(self, on_compile, on_recording, on_limit, on_skip):
        self.on_compile, self.on_recording, self.on_limit, self.on_skip = on_compile, on_recording, on_limit, on_skip
        self.reason, self.started, self.graphs, self.callbacks = "", {}, 0, True
        self.quiet = False  # while explaining: nothing that happens is a request's
        self.handler, self.recordings = Listener(self), recordings.Recordings()

    def install(self):
        """Hooks in; again after a reset, which drops the hooks."""
        self.recordings.clear()
        for more in ({"cudagraphs": True}, {}):  # an older torch tells nothing of its trees
            try:
                torch._logging.set_logs(recompiles=True, perf_hints=True, **more)
                break
            except Exception as e:
                log(f"reasons are not available{'' if more else ', nor those of recompiles'}: {e!r}")
        for name in LOGGERS:
            logger = logging.getLogger(name)
            if self.handler not in logger.handlers:
                logger.addHandler(self.handler)
        try:
            self.register()
        except Exception as e:
            self.callbacks = False
            log(f"compilation callbacks are not available: {e!r}")

    def register(self):
        """Callbacks in, unless they are; a reset drops them."""
        from torch._dynamo.callback import callback_handler as h
        if self.start not in h.start_callbacks:
            h.register_start_callback(self.start)
            h.register_end_callback(self.end)

    def remove(self):
        """Hooks out, for a process that goes on with another model."""
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self.handler)
        if self.callbacks:
            from torch._dynamo.callback import callback_handler as h
            h.start_callbacks[:] = [c for c in h.start_callbacks if c != self.start]
            h.end_callbacks[:] = [c for c in h.end_callbacks if c != self.end]

    def start(self, args=None):
        trigger = trigger_of(args)
        self.started[trigger] = now()
        if trigger == "DYNAMO":
            self.graphs = unique_graphs()

    def end(self, args=None):
        t, trigger = now(), trigger_of(args)
        start = self.started.pop(trigger, t)
        if self.quiet:
            return
        if trigger == "CUDAGRAPH_RECORDING":
            self.on_recording(start, t, self.recordings.take())
        elif trigger == "DYNAMO":
            graphs = unique_graphs() - self.graphs
            reason, self.reason = self.reason, ""
            self.on_compile(start, t, graphs, reason, str(getattr(args, "compile_id", "")))

    def heard(self, text):
        """A line of torch's log."""
        if self.quiet or self.recordings.heard(text):
            return
        if "torch._dynamo hit config." in text:
            last = re.search(r"last reason: (.*)", text)
            self.on_limit(clean(last.group(1)) if last else "")
        elif "skipping cudagraph" in text:
            self.on_skip(clean(text.splitlines()[0]))
        elif "triggered by the following guard failure" in text or text.startswith("Recompiling function"):
            self.on_reason(guard_reason(text))

    def on_reason(self, reason):
        """Why what is compiled next is compiled again."""
        self.reason = reason


class Listener(logging.Handler):
    def __init__(self, watch):
        super().__init__(level=logging.DEBUG)
        self.watch, self.last = watch, None

    def emit(self, record):
        if record is self.last:  # reaches several loggers of a chain
            return
        self.last = record
        try:
            self.watch.heard(record.getMessage())
        except Exception as e:
            log(f"log line not understood: {e!r}")


def trigger_of(args):
    return getattr(getattr(args, "callback_trigger", None), "name", "DYNAMO")


def guard_reason(text):
    """The guard that failed, from a recompile message: that of the newest
    executable, which torch lists first."""
    found = [clean(m) for m in re.findall(r"^\s*-\s*\d+/\d+:\s*(.+)$", text, re.M)]
    if not found:
        return clean(text.splitlines()[-1])
    return found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")


def clean(text):
    text = re.sub(r"^\s*\d+/\d+:\s*", "", text.strip())
    return re.sub(r"\s+#.*$", "", text)[:400]


INDUCTOR = ("fxgraph_cache_hit", "fxgraph_cache_miss", "fxgraph_cache_bypass", "cudagraph_skips", "cudagraph_recorded_non_static_inputs")


def snapshot():
    """Dynamo's and Inductor's counters in short: {name: number or table}."""
    c = counters()
    inductor = c.get("inductor", {})
    return {
        "unique_graphs": int(c["stats"].get("unique_graphs", 0)),
        "calls_captured": int(c["stats"].get("calls_captured", 0)),
        "frames_total": int(c["frames"].get("total", 0)), "frames_ok": int(c["frames"].get("ok", 0)),
        "graph_breaks": int(sum(c.get("graph_break", {}).values())),
        "graph_break_reasons": {str(k)[:200]: int(v) for k, v in list(c.get("graph_break", {}).items())[:8]},
        "unimplemented": {str(k)[:200]: int(v) for k, v in list(c.get("unimplemented", {}).items())[:8]},
        **{k: int(inductor.get(k, 0)) for k in INDUCTOR},
    }


def last_metrics(compile_id):
    """Dynamo's metrics of the newest compile: sizes, guards, failures."""
    try:
        import torch._dynamo.utils as u
        rows = u.get_compilation_metrics()
        row = rows[-1]
        for r in reversed(rows):
            if compile_id and str(getattr(r, "compile_id", "")) == compile_id:
                row = r
                break
        names = ("compile_id", "co_name", "guard_count", "graph_op_count", "graph_node_count", "graph_input_count",
                 "entire_frame_compile_time_s", "backend_compile_time_s", "inductor_compile_time_s", "fail_type",
                 "fail_reason", "recompile_reason", "restart_reasons", "has_guarded_code", "dynamo_compile_time_before_restart_us")
        return {n: getattr(row, n) for n in names if getattr(row, n, None) not in (None, set(), [], {}, "")}
    except Exception as e:
        log(f"compilation metrics are not available: {e!r}")
        return {}


def explain(fn, args):
    """torch._dynamo.explain of one call, in short. It resets Dynamo."""
    try:
        r = dynamo().explain(fn)(*args)
        return {"graph_count": int(r.graph_count), "graph_break_count": int(r.graph_break_count),
                "op_count": int(r.op_count), "break_reasons": [clean(str(b.reason)) for b in r.break_reasons[:5]],
                "out_guards_count": len(r.out_guards or [])}
    except Exception as e:
        return {"error": named(e)}


def set_limit(n):
    """Executables Dynamo allows for one piece of code; 0: as torch has it.
    Returns the limit in force."""
    if lacks_compile():
        return n or 8
    c = dynamo().config
    name = next((k for k in ("recompile_limit", "cache_size_limit") if hasattr(c, k)), None)
    n = n or getattr(c, name or "", 8)
    if name:
        setattr(c, name, n)
    for name in ("accumulated_recompile_limit", "accumulated_cache_size_limit"):
        if hasattr(c, name):
            setattr(c, name, max(getattr(c, name), 256, 4 * n))
            break
    if hasattr(c, "automatic_dynamic_local_pgo"):
        c.automatic_dynamic_local_pgo = False  # what an earlier run saw must not decide this one
    return n


def reset():
    """Drops every executable of this process."""
    if lacks_compile():
        return
    fn = getattr(getattr(torch, "compiler", None), "reset", None) or dynamo().reset
    fn()


HOLDING = ("eager_on_recompile", "fail_on_recompile")  # stances that torch applies to the first compile as well


def set_stance(name):
    """Raises OptionError where this torch lacks the stance."""
    have, why = stances()
    if name not in have:
        raise OptionError(why or f'option "stance" is "{name}": torch {torch.__version__} has {", ".join(have)}')
    torch.compiler.set_stance(name)
