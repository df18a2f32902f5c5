"""Requests in the order of their lanes, from due time to sample."""

import traceback

import torch

from . import evidence
from .engine import wait_until
from .groups import label
from .job import BadRequest
from .models import first_line
from .profiler import Window
from .wire import log, now


class Requests:
    """Runs requests and reports their samples."""

    def __init__(self, out, inbox, lanes, regions, story, comparer, watch, collector):
        self.out, self.inbox, self.lanes, self.regions, self.story = out, inbox, lanes, regions, story
        self.comparer, self.watch, self.collector, self.clock = comparer, watch, collector, regions.clock
        self.expected, self.window = {}, None  # wall time of the last run by shape; profile under way

    def run(self, req):
        req.setdefault("batch", 1)
        if req.get("due_ns") and not wait_until(req["due_ns"], self.inbox):
            self.put_back(req)
            return
        jobs = {}
        check = self.comparer.wanted(req)
        for order, lane in enumerate(req["order"]):
            job = self.lane(req, lane, order, check)
            if job is not None:
                jobs[lane] = job
        if check and jobs:
            try:
                self.comparer.compare(req, jobs)
            except Exception as e:
                log(traceback.format_exc())
                self.comparer.sums.skipped = f"a comparison failed: {type(e).__name__}: {first_line(e)}"
        for job in jobs.values():
            if job.row:  # held back, because a divergence is told before its sample
                self.sample(job.row, job)
        if self.window:
            self.window.left -= 1
            if self.window.left == 0:
                self.end_window()
        self.collector.between()

    def put_back(self, req):
        """A request that was waiting for its time and had not started."""
        for m in self.inbox.queue:
            if m["t"] == "flush":
                m["dropped"].insert(0, req["id"])
                return

    def lane(self, req, lane, order, check):
        """Runs one lane and reports it; None when it failed."""
        start, job = now(), None
        row = {"request": req["id"], "order": order}
        try:
            job = self.lanes.job(req, lane)
            key = (lane, req["mode"], job.shape, job.words)
            self.out.flush_before(self.expected.get(key))
            self.story.now, graphs = job, evidence.unique_graphs()
            if self.window:
                with self.window.range(lane, req["id"]):
                    self.regions.run(job)
                self.story.event("mark", job, "profiled: its time includes the profiler's", extra={"profiled": True})
            else:
                self.regions.run(job)
            if not self.watch.callbacks:
                self.story.noticed(evidence.unique_graphs() - graphs, self.watch.reason)
            self.story.now = None
            self.expected[key] = job.times["wall_ns"]
        except Exception as e:
            self.story.now = None
            self.failed(row, req, lane, job, start, e)
            if job:
                job.release()
            return None
        self.story.settle(job)
        if job.compile_ns:
            self.collector.settle()
        if check:
            job.kept, job.row = self.regions.keep(job), row
        else:
            self.sample(row, job)
        job.release()
        return job

    def failed(self, row, req, lane, job, start, e):
        times = {"start_ns": start, "wall_ns": now() - start, **(job.times if job else {})}
        if not isinstance(e, BadRequest):
            log(traceback.format_exc())
        if "out of memory" in str(e).lower() and self.clock.cuda:
            torch.cuda.empty_cache()
        text = f"{type(e).__name__}: {first_line(e)}" if not isinstance(e, BadRequest) else str(e)
        shape = (job.shape if job else "") or f"{req['batch']}x{req['exec'][1 if lane == 'optimized' else 0]}"
        if job and job.group:
            self.story.dirty = True
        self.out.sample((lane, req["mode"], label(req["mode"], req["strategy"]), shape, job.backend if job else ""),
                        {**row, **times, "error": text[:500]})

    def sample(self, row, job):
        per = {"prefill": job.exec, "kv_decode": job.new, "e2e_kv": job.exec + job.new}.get(job.mode, 0)
        row.update(job.times, compile_ns=job.compile_ns, executed_tokens=job.batch * per)
        if job.mode in ("kv_decode", "e2e_kv"):
            row["kv_tokens"] = job.exec + job.new
        elif job.mode == "prefill":
            row["kv_tokens"] = job.exec
        self.out.sample((job.lane, job.mode, label(job.mode, job.req["strategy"]), job.shape, job.backend), row)

    def profile(self, msg):
        if self.window:
            self.out.send("profiled", id=msg["id"], files=[], error="a profile is being taken already")
            return
        try:
            self.window = Window(msg)
        except Exception as e:
            log(traceback.format_exc())
            self.out.send("profiled", id=msg["id"], files=[], error=f"{type(e).__name__}: {e}")

    def end_window(self):
        w, self.window = self.window, None
        try:
            self.out.send("profiled", id=w.id, files=w.finish())
        except Exception as e:
            log(traceback.format_exc())
            self.out.send("profiled", id=w.id, files=[], error=f"{type(e).__name__}: {first_line(e)}")
