"""The worker's life: hello, load, requests, stop."""

import gc
import os
import platform
import sys
import time
import traceback

from . import options
from .wire import In, Out, log, named, now

PROTOCOL, CREDIT = 1, 64
BOTH = ["variable", "padded", "bucketed", "dynamic", "eager"]
PREFILL = BOTH + ["chunked"]
DECODE = BOTH + ["kv-bucketed", "static-cache"]


def main():
    """Runs until stop or the end of stdin; returns the exit code."""
    out = Out(os.dup(1))
    os.dup2(2, 1)  # whatever prints to stdout from here on is the log's
    try:
        import torch
    except Exception as e:
        hello(out, "", [], {"torch": f"torch cannot be imported by {sys.executable}: {e}"})
        out.send("error", fatal=True, code="library", message=f"torch cannot be imported by {sys.executable}: "
                 f"{type(e).__name__}: {e}; choose an interpreter that has it with --python")
        return 1
    from . import evidence
    lacks = {"concurrent": "one Python interpreter runs one lane at a time"}
    stances, why = evidence.stances()
    if why:
        lacks["stance"] = why
    hello(out, str(torch.__version__), ["prefill", "kv_decode", "e2e_kv", "forward"], lacks, stances)
    inbox = In(os.dup(0), out)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # what libraries start must not read it
    try:
        return serve(out, inbox)
    except BrokenPipeError:
        log("the supervisor is gone")
        return 1
    except Fatal as e:
        out.flush()
        out.send("error", fatal=True, code=e.code, message=str(e))
        return 1
    except Exception as e:
        log(traceback.format_exc())
        out.flush()
        out.send("error", fatal=True, code="internal", message=f"{type(e).__name__}: {e}; the traceback is in the log")
        return 1


class Fatal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def hello(out, version, modes, lacks, stances=()):
    out.send("hello", protocol=PROTOCOL, engine="torch", version=version, pid=os.getpid(), clock_ns=now(),
             credit=CREDIT, modes=modes, strategies={"prefill": PREFILL, "decode": DECODE},
             pairings=["interleaved", "sequential"], lacks=lacks, stances=list(stances),
             features=["clear", "set", "profile", "aa", "evidence", "check", "device_ns", "steps", "capture"])


def serve(out, inbox):
    """Waits for load, then works through the messages in order."""
    worker = None
    while True:
        if not inbox.queue:
            out.flush()
            if worker:
                worker.report()
            if not inbox.poll(None) and not inbox.queue:
                break
            continue
        msg = inbox.queue.popleft()
        if msg["t"] == "stop" or inbox.eof and msg["t"] == "req":
            break
        try:
            if worker is None:
                worker = start(out, inbox, msg) or worker
            else:
                worker.handle(msg)
                worker.keep_up()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as e:
            log(traceback.format_exc())
            out.send("error", fatal=False, code="input",
                     message=f"line {msg.get('line')}: {msg['t']}: {type(e).__name__}: {e}")
        inbox.poll(0)
    if worker:
        worker.close()
    out.flush()
    out.send("bye", samples=out.samples)
    return 0


def start(out, inbox, msg):
    if msg["t"] != "load":
        if msg["t"] == "flush":
            out.send("flushed", id=msg["id"], dropped=msg["dropped"])
            return None
        raise Fatal("input", f'line {msg["line"]}: the first message is "{msg["t"]}", want load')
    from .models import ModelError
    from .regions import out_of_memory
    from .worker import Worker
    try:
        return Worker(out, inbox, msg)
    except options.OptionError as e:
        raise Fatal("option", str(e)) from e
    except ModelError as e:
        raise Fatal(e.code, str(e)) from e
    except BrokenPipeError:
        raise
    except Exception as e:  # whatever it is, there is no model: nothing can go on
        log(traceback.format_exc())
        code = "memory" if out_of_memory(e) else "model"
        raise Fatal(code, f"load: {named(e)}; the traceback is in the log") from e


def versions():
    import torch
    v = {"python": platform.python_version(), "torch": str(torch.__version__)}
    for name, get in {"cuda": lambda: torch.version.cuda, "cudnn": lambda: torch.backends.cudnn.version(),
                      "triton": lambda: __import__("triton").__version__,
                      "transformers": lambda: __import__("transformers").__version__,
                      "driver": driver}.items():
        try:
            if found := get():
                v[name] = str(found)
        except Exception as e:
            log(f"version of {name}: {e!r}")
    return v


def driver():
    with open("/proc/driver/nvidia/version") as f:
        words = f.readline().split()
    return next(w for w in words if w[:1].isdigit() and "." in w)


class Collector:
    """Python's garbage collector: off while anything is timed, run between
    requests; what survives is frozen, so that a pass costs little."""

    def __init__(self):
        gc.disable()
        self.settle()

    def settle(self):
        """After loading or compiling: what is there stays."""
        gc.collect()
        gc.freeze()

    def renew(self):
        """After executables were dropped: what was frozen with them may go."""
        gc.unfreeze()
        self.settle()

    def between(self):
        if gc.get_count()[0] > 20_000:
            gc.collect()


def wait_until(due, inbox):
    """Sleeps until due, coarse then fine, taking messages meanwhile. False:
    something overtook (a flush, a stop)."""
    while (left := due - now()) > 0:
        if left > 2_000_000:
            inbox.poll((left - 1_000_000) / 1e9)
            if inbox.eof or any(m["t"] in ("flush", "stop") for m in inbox.queue):
                return False
        elif left > 200_000:
            time.sleep((left - 100_000) / 1e9)
    return True
