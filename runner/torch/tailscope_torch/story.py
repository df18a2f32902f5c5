"""What is told of compiles, captures, limits and fallbacks: events as they
happen, evidence and counters when a region is over."""

import traceback

from . import evidence
from .groups import label
from .regions import out_of_memory
from .wire import log, named, now


class Story:
    """Attributes what torch reports to the job whose region runs (now), and
    keeps the groups' counters."""

    def __init__(self, out, groups, opts, device, limit):
        self.out, self.groups, self.opts, self.device, self.limit = out, groups, opts, device, limit
        self.now, self.dirty, self.pending, self.explained = None, True, [], {}
        self.base, self.held, self.steps_timed_by = evidence.snapshot(), [], {}
        self.recorded_again = {}  # how often, by reason

    def settle(self, job):
        """After the region: what ran in place of what was asked."""
        for c, shapes in job.used:
            c.ran.update(shapes)
            if not c.compiles and not c.told:  # nothing can be compiled here: said once, as after a retreat
                self.replaced(job, c)
        if job.rescued is not None:
            self.rescued(job)
        elif job.used:
            self.served_eager(job)

    def replaced(self, job, c):
        """Evidence of what took the place of a backend that cannot run."""
        c.told, self.dirty = True, True
        self.evidence(job, c, "", 0, {})

    def rescued(self, job):
        e = job.rescued
        log("".join(traceback.format_exception(type(e), e, e.__traceback__)))
        text = named(e)
        passing = "recompile_limit" in str(e) or "RecompileLimit" in type(e).__name__ or out_of_memory(e)
        job.group.fallbacks += 1
        self.dirty = True
        asked = "+".join(sorted({c.backend for c, _ in job.used}))
        job.backend = f"torch-{self.device}-eager"
        self.event("fallback", job, f"{asked} failed and the request ran eager: {text}"[:500], dur_ns=job.lost_ns,
                   extra={"fallback_from": asked, "fallback_error": text[:2000]})
        if not passing:
            for c, _ in job.used[:]:
                new = self.groups.retreat(job.group, c, text)
                if new:
                    self.replaced(job, new)

    def served_eager(self, job):
        """Shapes that no executable serves ran eager inside torch.compile: at
        the limit, or by stance."""
        missing, all_ = sum(self.unserved(job, *u) for u in job.used), sum(len(shapes) for _, shapes in job.used)
        if not missing:
            return
        job.group.fallbacks += 1
        self.dirty = True
        stance = self.opts["stance"]
        why = "the recompile limit is reached" if job.group.limit_reached and stance != "force_eager" else \
            f"stance {stance}" if stance != "default" else "no executable was made"
        dev = f"torch-{self.device}"
        job.backend = f"{dev}-eager" if missing == all_ else f"{job.backend}+eager"
        what = job.shape if missing == all_ else f"{missing} of {all_} calls of {job.shape}"
        self.event("fallback", job, f"{what} ran eager: {why}",
                   extra={"fallback_from": job.used[0][0].backend, "fallback_error": why})

    def unserved(self, job, c, shapes):
        """How many of a job's calls no executable has served."""
        stance = self.opts["stance"]
        if not c.compiles:
            return 0  # its backend's name says what runs
        if stance == "force_eager":
            return len(shapes)
        if "*" in c.shapes or stance == "eager_then_compile" and c.shapes and not job.group.limit_reached:
            return 0  # it would have been compiled: an executable for several shapes took it
        return len(shapes - c.shapes)

    def compiled(self, start, end, graphs, reason, compile_id):
        job = self.now
        if job is None or job.group is None:
            log(f"{graphs} graphs compiled outside of a request, {(end - start) / 1e6:.1f} ms: {reason}")
            return
        if graphs <= 0:
            return  # attempted and given up: the limit, or nothing to compile
        job.compile_ns += end - start
        g, (c, shape, key) = job.group, job.at()
        g.compile_ns += end - start
        if c:  # automatic dynamic shapes begin with an executable for one shape
            c.shapes.add("*" if c.dynamic and (c.graphs or not c.auto) else key)
            c.graphs += graphs
        for i in range(graphs):
            g.graphs, g.made = g.graphs + 1, g.made + 1
            first = g.made == 1
            used = f"{g.graphs} of {self.limit * g.frames()} used"
            text = f"first executable, {shape}" if first else reason or (
                f"no executable for {shape} of another part of the module: a graph break splits it"
                if compile_id.endswith("/0") else f"no executable for {shape}")
            self.event("compile" if first else "recompile", job, f"{text}; {used}", shape=shape,
                       at=start, dur_ns=end - start if i == 0 else 0, extra={"compile_id": compile_id, "guard": reason})
        self.dirty = True
        if c:
            self.evidence(job, c, compile_id, end - start, {"reason": reason}, shape)

    def noticed(self, graphs, reason):
        """Without callbacks: what the counters say after the region, with the
        time that Dynamo's own metrics give."""
        if graphs > 0:
            seconds = evidence.last_metrics("").get("entire_frame_compile_time_s") or 0
            t = now()
            self.compiled(t - int(seconds * 1e9), t, graphs, reason, "")
            if not self.now.group.limit_reached:  # which of its shapes it was, nobody said
                for c, shapes in self.now.used:
                    c.shapes |= shapes

    def recorded(self, start, end, why=""):
        """why it was recorded again; empty the first time."""
        job = self.now
        if job is None or job.group is None:
            log(f"a CUDA graph was recorded outside of a request, {(end - start) / 1e6:.1f} ms")
            return
        job.group.captures += 1
        self.dirty = True
        shape = job.at()[1]
        text, extra = (f"CUDA graph recorded again for {shape}: {why}"[:500], {"recorded_again": why}) if why else (f"CUDA graph recorded for {shape}", None)
        self.event("graph_capture", job, text, shape=shape, at=start, dur_ns=end - start, extra=extra)

    def skipped(self, reason):
        """CUDA graphs were asked for and are not used: told once a reason."""
        job = self.now
        if job is None or job.group is None or reason in job.group.skips:
            return
        job.group.skips.append(reason)
        self.dirty = True
        self.event("mark", job, f"no CUDA graph for {job.at()[1]}: {reason}"[:500], extra={"cudagraph_skip": reason})

    def limited(self, reason):
        job = self.now
        if job is None or job.group is None or job.group.limit_reached:
            return
        job.group.limit_reached, self.dirty = True, True
        self.event("limit_reached", job, f"all {self.limit} executables used: new shapes run eager from here; {reason}")

    def evidence(self, job, c, compile_id, dur, extra, shape=None):
        """Noted now, sent after the region: metrics are complete then."""
        self.pending.append(({
            "lane": "optimized", "mode": job.mode, "strategy": job.group.strategy, "shape": shape or job.shape,
            "backend_requested": c.requested, "backend_actual": c.backend, "compile_ns": dur,
            **({"fallback_from": c.requested, "fallback_error": c.error[:2000]} if c.error else {}),
        }, compile_id, {**extra, "mode": self.opts["mode"], "dynamic": c.dynamic, "cudagraphs": c.cudagraphs or c.captures,
                            "fullgraph": self.opts["fullgraph"], "dynamic_dims": self.opts["dynamic_dims"] and f'{self.opts["dynamic_dims"]} ({self.opts["dynamic_by"]})',
                            "step_graph": "own" if c.feeds_itself else "trees", "linears_merged": self.groups.merged,
                            "blocks_compiled_once": self.groups.regions[2] if self.groups.regions else 0,
                            "optimized_attn": self.opts["optimized_attn"] or self.opts["attn"]}))

    def event(self, kind, job, reason, lane=None, shape=None, at=None, dur_ns=0, extra=None):
        """Tells of something; at is when it began, now unless given."""
        fields = {"t_ns": at or now(), "kind": kind, "reason": reason}
        if job is not None:
            fields.update(lane=job.lane, mode=job.mode, shape=shape or job.shape, request=job.req["id"],
                          strategy=job.group.strategy if job.group else label(job.mode, job.req["strategy"]))
        if lane:
            fields["lane"] = lane
        if dur_ns:
            fields["dur_ns"] = dur_ns
        if extra:
            fields["extra"] = extra
        self.held.append(fields)
        if self.now is None:
            self.tell()

    def warn(self, text):
        """Tells people of what belongs to no request."""
        self.out.send("error", fatal=False, code="input", message=text)

    def tell(self):
        """Sends events. Those of a region wait for its end: writing them is
        none of its work, and a pipe may be full."""
        for fields in self.held:
            self.out.send("event", **fields)
        self.held.clear()

    def report(self, sums):
        """Counters and evidence, when something changed."""
        for fields, compile_id, extra in self.pending:
            self.out.send("evidence", **finish_evidence(fields, compile_id, extra, self.explained))
        self.pending.clear()
        if not self.dirty:
            return
        self.dirty = False
        total = evidence.snapshot()
        own = {k: v - self.base[k] if isinstance(v, int) else v for k, v in total.items()}
        self.out.send("counters", groups=[g.counter(self.limit) for g in self.groups.all.values()],
                      checks=sums.message(),
                      engine={**own, "cudagraph_skip_reasons": sorted({r for g in self.groups.all.values() for r in g.skips}),
                              "cudagraph_recorded_again": dict(self.recorded_again),
                              "tokens_differ": sums.tokens_differ, "stance": self.opts["stance"],
                              "steps_timed_by": dict(self.steps_timed_by), "explain": self.explained})


def finish_evidence(fields, compile_id, extra, explained):
    """Adds what Dynamo knows of a compile once it is over."""
    m = evidence.last_metrics(compile_id) if compile_id else {}
    if m.get("graph_op_count"):
        fields["nodes_before"] = int(m["graph_op_count"])
    fields["extra"] = {**extra, "metrics": {k: v if isinstance(v, (int, float, str)) else str(v)
                                            for k, v in m.items()},
                       "dynamo_counters_after_compile": evidence.snapshot(), "explain": explained}
    return fields
