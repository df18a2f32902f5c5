"""Runs jobs: the timed region of each, with what the host did meanwhile."""

import contextlib
import traceback

import torch

from . import calls
from .check import Kept, first_tensor


class Regions:
    """Runs one job after the other on a clock."""

    def __init__(self, model, opts, clock, host):
        self.model, self.opts, self.clock, self.host = model, opts, clock, host

    def run(self, j, recorded=None):
        """Runs the job's timed region; the times land in j.times. recorded is
        what a profiler names it by."""
        if j.prepare:
            j.prepare()
        else:
            self.begin(j)
        nvtx = self.nvtx(j) if self.opts["nvtx"] and self.clock.cuda else contextlib.nullcontext()
        with recorded or contextlib.nullcontext(), nvtx:
            self.host.start()
            try:
                j.times = self.clock.run(j.go)
            except Exception as e:
                j.times = getattr(e, "times", {})
                if not j.used or not j.times or asked_for(e):
                    raise
                self.rescue(j, e)
            finally:
                j.times.update(self.host.stop(j.times.get("wall_ns")))
        self.steps(j)

    def rescue(self, j, e):
        """The compiled path failed: the request is served eager, and its time
        is what a user would have waited."""
        j.rescued, j.lost_ns = e, j.times["wall_ns"]
        empty_frames(e)
        if self.clock.cuda and out_of_memory(e):
            torch.cuda.empty_cache()
        j.undo()
        self.clock.sync()
        j.times["wall_ns"] = calls.now() - j.times["start_ns"]

    def begin(self, j):
        if j.used and j.used[0][0].cudagraphs:
            torch.compiler.cudagraph_mark_step_begin()

    def steps(self, j):
        if not j.step_marks:
            return
        j.times["steps_ns"] = j.step_marks(j)
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


def empty_frames(e):
    """Lets go of what an attempt had made before it failed: an error holds its
    frames, and they their tensors, on a device that may be full."""
    seen = []
    while e is not None and e not in seen:
        seen.append(e)
        traceback.clear_frames(e.__traceback__)
        e = e.__cause__ or e.__context__


def out_of_memory(e):
    """No fault of the backend: a smaller request may fit."""
    return "out of memory" in str(e).lower()


def asked_for(e):
    """An error that the user's own settings ask for."""
    return "fail_on_recompile" in str(e)
