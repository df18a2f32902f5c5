"""Requests in the order of their lanes, from due time to sample."""

import traceback

import torch

from . import evidence
from .engine import wait_until
from .groups import label
from .job import BadRequest, Job
from .profiler import Window
from .regions import empty_frames, out_of_memory
from .wire import log, named, now


MOST, MOST_NS = 16, 20_000_000  # requests in a train, and how long one may take: a toggle waits for it


class Turn:
    """One request in one lane. error is what ended it early; spent is the time
    until it did, that of the region where it got so far."""

    def __init__(self, req, lane, order):
        self.req, self.lane, self.row = req, lane, {"request": req["id"], "order": order}
        self.job, self.error, self.spent = None, None, {}

    def fail(self, e, began):
        self.error = e
        empty_frames(e)
        self.spent = {"start_ns": began, "wall_ns": now() - began, **(self.job.times if self.job else {})}


class Requests:
    """Runs requests and reports their samples."""

    def __init__(self, out, inbox, lanes, regions, story, comparer, watch, collector, work):
        self.out, self.inbox, self.lanes, self.regions, self.story = out, inbox, lanes, regions, story
        self.comparer, self.watch, self.collector, self.clock = comparer, watch, collector, regions.clock
        self.work = work
        self.expected, self.window = {}, None  # wall time of the last run by shape; profile under way

    def serve(self, req):
        """Runs a request, and with it those behind it that are known to be
        short: prepared first, then run back to back, then reported. What the
        worker does between requests would otherwise fill the processor's
        caches with its own work, at the cost of the next region."""
        train = self.train(req)
        if len(train) == 1:
            self.run(req)
            return
        turns = [Turn(r, lane, order) for r in train for order, lane in enumerate(r["order"])]
        for t in turns:
            self.prepare(t)
        self.out.flush_before(sum(self.expected[kind(t.req, t.lane)] for t in turns))
        for t in turns:
            self.time(t)
        for t in turns:
            if self.finish(t):
                self.sample(t.row, t.job)
                t.job.release()
        self.collector.between()

    def train(self, req):
        """The request and the waiting ones that may run with it; these are
        taken from the queue."""
        queue, train, left = self.inbox.queue, [req], MOST_NS - self.short(req)
        while left > 0 and queue and queue[0]["t"] == "req" and len(train) < MOST:
            try:
                left -= self.short(queue[0])
            except (KeyError, TypeError, IndexError, AttributeError):
                break  # malformed: refused on its own
            if left > 0:
                train.append(queue.popleft())
        return train

    def short(self, req):
        """How long the request's regions will take, as far as it may share a
        train: nothing to wait for, to compare, to profile or to prepare on
        the device, and seen before. Else longer than any train."""
        req.setdefault("batch", 1)
        if self.window or not isinstance(req["id"], int) or req.get("due_ns") or req["mode"] not in ("prefill", "forward") or self.check(req):
            return MOST_NS
        return sum(self.expected.get(kind(req, lane), MOST_NS) for lane in req["order"])

    def check(self, req):
        """Whether the request's outputs are compared; decided once a request,
        which may come twice."""
        if "compared" not in req:
            req["compared"] = self.comparer.wanted(req)
        return req["compared"]

    def run(self, req):
        req.setdefault("batch", 1)
        if req.get("due_ns") and not wait_until(req["due_ns"], self.inbox):
            self.put_back(req)
            return
        jobs = {}
        check = self.check(req)
        for order, lane in enumerate(req["order"]):
            job = self.lane(req, lane, order, check)
            if job is not None:
                jobs[lane] = job
        if check and jobs:
            try:
                self.comparer.compare(req, jobs)
            except Exception as e:
                log(traceback.format_exc())
                self.comparer.sums.skipped = f"a comparison failed: {named(e)}"
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
        t = Turn(req, lane, order)
        self.prepare(t)
        self.out.flush_before(self.expected.get(kind(req, lane)))
        self.time(t)
        if not self.finish(t):
            return None
        if check:
            t.job.kept, t.job.row = self.regions.keep(t.job), t.row
        else:
            self.sample(t.row, t.job)
        t.job.release()
        return t.job

    def prepare(self, t):
        began = now()
        try:
            t.job = self.lanes.job(t.req, t.lane)
        except Exception as e:
            t.fail(e, began)

    def time(self, t):
        """Runs the timed region of a prepared turn."""
        if t.error:
            return
        job, graphs = t.job, 0 if self.watch.callbacks else evidence.unique_graphs()
        self.story.now, began = job, now()
        try:
            if self.window:
                self.regions.run(job, self.window.range(t.lane, t.req["id"]))
                self.story.event("mark", job, "profiled: its time includes the profiler's", extra={"profiled": True})
            else:
                self.regions.run(job)
            self.expected[kind(t.req, t.lane)] = job.times["wall_ns"]
        except Exception as e:
            t.fail(e, began)
        if not self.watch.callbacks:
            self.story.noticed(evidence.unique_graphs() - graphs, self.watch.reason)
        self.story.now = None
        if not self.check(t.req):
            job.let_go()  # before the next region: a replay must not find its old output alive

    def finish(self, t):
        """Tells what a turn's region was; False when it failed."""
        self.story.tell()
        if t.error:
            self.failed(t)
            if t.job:
                t.job.release()
            return False
        self.story.settle(t.job)
        if t.job.rescued is not None:
            self.expected.clear()  # what takes its place compiles first: no train for that
        if t.job.compile_ns:
            self.collector.settle()
        return True

    def failed(self, t):
        req, lane, job, e = t.req, t.lane, t.job, t.error
        if not isinstance(e, BadRequest):
            log("".join(traceback.format_exception(type(e), e, e.__traceback__)))
        if out_of_memory(e) and self.clock.cuda:
            torch.cuda.empty_cache()
        text = named(e) if not isinstance(e, BadRequest) else str(e)
        shape = (job.shape if job else "") or Job(req, lane).shape_name()
        if job and job.group:
            self.story.dirty = True
        self.out.sample((lane, req["mode"], label(req["mode"], req["strategy"]), shape, job.backend if job else ""),
                        {**t.row, **t.spent, "error": text[:500]})

    def sample(self, row, job):
        self.work.tell(job)
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
            self.out.send("profiled", id=w.id, files=[], error=named(e))


def kind(req, lane):
    """What a request's time is expected from: its shapes and strategy."""
    return (lane, req["mode"], req.get("batch", 1), *req["exec"], req.get("new_tokens"), *req["strategy"].values(), bool(req.get("aa")),
            tuple((req.get("dims") or {}).items()))
