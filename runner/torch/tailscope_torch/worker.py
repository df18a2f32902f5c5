"""What happens to each message after load."""

import os
import random
import traceback

import torch

from . import evidence, models, options
from .check import Checks, rel_l2
from .engine import Collector, pin, versions, wait_until
from .groups import Groups
from .lanes import BadRequest, Lanes
from .profiler import Window
from .timing import Clock, Host
from .wire import log, now


class Worker:
    """One loaded model, its lanes and its counters."""

    def __init__(self, out, inbox, msg):
        began = now()
        self.out, self.inbox, self.load = out, inbox, msg
        self.opts = options.parse(msg.get("options"))
        if msg.get("capture") == "off":
            self.opts["disable_cudagraphs"] = True
        if msg.get("cpus"):
            pin(msg["cpus"])
        torch.set_num_threads(int(msg.get("threads") or 0) or max((os.cpu_count() or 2) - 1, 1))
        torch.set_grad_enabled(False)
        if self.opts["inductor_cache"] == "fresh":
            fresh_inductor_cache()
        self.limit, self.share = int(msg.get("recompile_limit") or 8), float(msg.get("check") or 0)
        self.model, refusals = models.load(msg, self.opts)
        self.require(msg.get("modes") or [])
        self.clock, self.host, self.checks = Clock(self.model.device), Host(), Checks(self.model.dtype)
        self.groups = Groups(self.model, self.opts)
        self.lanes = Lanes(self.model, self.opts, self.clock, self.host, self.groups, msg)
        self.now = None  # the job whose region is running
        self.pending, self.dirty, self.seen, self.expected, self.window = [], True, set(), {}, None
        self.watch = evidence.Watch(self.compiled, self.recorded, self.limited)
        evidence.set_limit(self.limit)
        self.explained = self.explain() if self.opts["explain"] else {}
        self.watch.install()
        self.base = evidence.snapshot()
        if self.opts["stance"] != "default":
            evidence.set_stance(self.opts["stance"])
        self.collector = Collector()
        self.say_loaded(began, refusals)

    def require(self, modes):
        lm = self.model.kind == "causal-lm"
        for m in modes:
            if m == "forward" and lm or m in ("kv_decode", "e2e_kv") and not lm:
                raise models.ModelError(f"mode {m} does not fit {self.model.name}, which is "
                                        + ("a language model" if lm else "no language model with a cache"))

    def say_loaded(self, began, refusals):
        dev = self.model.device
        name = torch.cuda.get_device_name(dev) if dev.type == "cuda" else cpu_name() if dev.type == "cpu" else "MPS"
        notes = list(self.model.notes)
        if self.groups.refused:
            notes.append(f"optimized lane falls back to {self.groups.backend}: {self.groups.refused}")
        if self.load.get("compile") == "background":
            notes.append("compile: background is not offered by torch.compile: a request that needs an executable waits for it")
        if (self.load.get("cache") or {}).get("policy") == "evict":
            notes.append("cache policy evict is not offered by torch.compile: what is beyond the limit runs eager")
        if not self.watch.callbacks:
            notes.append("this torch has no compilation callbacks: compile times are Dynamo's own")
        self.out.send("loaded", dur_ns=now() - began, model=self.model.describe(), provider_asked=self.opts["device"],
                      provider=dev.type, device=name, refusals=refusals, threads=torch.get_num_threads(),
                      backends={"eager": f"torch-{dev.type}-eager",
                                "optimized": f"torch-{dev.type}-{self.opts['backend']}"},
                      boundary=self.clock.boundary, notes=notes, versions=versions())
        if self.groups.refused:
            self.event("fallback", None, f"{self.opts['backend']} cannot run here, {self.groups.backend} takes its "
                       f"place: {self.groups.refused}", lane="optimized",
                       extra={"fallback_from": self.opts["backend"], "fallback_error": self.groups.refused})

    def explain(self):
        """Dynamo's explanation of a prefill, before anything is compiled: it
        resets Dynamo."""
        if self.model.kind != "causal-lm":
            return {}
        from . import calls
        self.watch.quiet = True
        inputs = calls.Inputs(self.model, {"batch": 1, "tokens": 8, "seed": 1}, 8, False)
        found = evidence.explain(calls.make(self.model.module, "prefill", False), (*inputs.prefill(), None))
        self.watch.quiet = False
        return found

    # messages

    def handle(self, msg):
        t = msg["t"]
        if t == "req":
            self.request(msg)
        elif t == "flush":
            self.flush()
            self.out.send("flushed", id=msg["id"], dropped=msg["dropped"])
        elif t == "set":
            self.set(msg)
        elif t == "clear":
            self.clear(msg)
        elif t == "profile":
            self.profile(msg)
        elif t == "load":
            self.out.send("error", fatal=False, code="input", message="a model is loaded already")
        else:
            log(f'message "{t}" is unknown and ignored')

    def set(self, msg):
        if msg.get("recompile_limit") is not None:
            self.limit = int(msg["recompile_limit"])
            evidence.set_limit(self.limit)
            for g in self.groups.all.values():
                if g.limit_reached:  # Dynamo never again compiles code that reached it
                    g.renew()
        if msg.get("kv_edges"):
            self.lanes.edges = msg["kv_edges"]
        if msg.get("options"):
            self.set_options(msg["options"])
        self.dirty = True

    def set_options(self, given):
        fixed = [k for k in given if k not in options.LIVE and not k.startswith("compile.")]
        try:
            if fixed:
                raise options.OptionError(f'option "{fixed[0]}" cannot change while running: '
                                          f'{", ".join(options.LIVE)} can')
            new = options.parse(given, self.opts)
        except options.OptionError as e:
            self.out.send("error", fatal=False, code="option", message=str(e))
            return
        changed = {k for k in new if new[k] != self.opts[k]}
        self.opts.update(new)
        if "stance" in changed:
            evidence.set_stance(self.opts["stance"])
        if changed - {"stance", "nvtx", "steps"}:
            fresh = Groups(self.model, self.opts)
            self.groups.backend, self.groups.refused = fresh.backend, fresh.refused
            self.groups.clear()

    def clear(self, msg):
        self.flush()
        evidence.reset()
        self.watch.install()
        freed = self.groups.clear()
        self.seen.clear()
        self.expected.clear()
        self.collector.settle()
        self.dirty = True
        self.out.send("cleared", id=msg["id"], freed=freed)

    def profile(self, msg):
        if self.window:
            self.out.send("profiled", id=msg["id"], files=[], error="a profile is being taken already")
            return
        try:
            self.window = Window(msg)
        except Exception as e:
            log(traceback.format_exc())
            self.out.send("profiled", id=msg["id"], files=[], error=f"{type(e).__name__}: {e}")

    def close(self):
        if self.window:
            self.end_window()
        self.flush()
        self.watch.remove()

    def flush(self):
        self.out.flush()
        self.report()

    def report(self):
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
                      checks=self.checks.message(),
                      engine={**own, "tokens_differ": self.checks.tokens_differ, "stance": self.opts["stance"],
                              "explain": self.explained})

    # one request

    def request(self, req):
        req.setdefault("batch", 1)
        if req.get("due_ns") and not wait_until(req["due_ns"], self.inbox):
            self.put_back(req)
            return
        jobs = {}
        check = self.wants_check(req)
        for order, lane in enumerate(req["order"]):
            job = self.lane(req, lane, order, check)
            if job is not None:
                jobs[lane] = job
        if check and jobs:
            try:
                self.compare(req, jobs)
            except Exception as e:
                log(traceback.format_exc())
                self.checks.skipped = f"a comparison failed: {type(e).__name__}: {models.first_line(e)}"
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
            self.now, graphs = job, evidence.unique_graphs()
            if self.window:
                with self.window.range(lane, req["id"]):
                    self.lanes.run(job)
                self.event("mark", job, "profiled: its time includes the profiler's", extra={"profiled": True})
            else:
                self.lanes.run(job)
            if not self.watch.callbacks:
                self.noticed(evidence.unique_graphs() - graphs)
            self.now = None
            self.expected[key] = job.times["wall_ns"]
        except Exception as e:
            self.now = None
            self.failed(row, req, lane, job, start, e)
            if job:
                job.release()
            return None
        self.settle(job)
        if check:
            job.kept, job.row = self.lanes.keep(job), row
        else:
            self.sample(row, job)
        job.release()
        return job

    def failed(self, row, req, lane, job, start, e):
        times = getattr(job, "times", None) or {"start_ns": start, "wall_ns": now() - start}
        if not isinstance(e, BadRequest):
            log(traceback.format_exc())
        if "out of memory" in str(e).lower() and self.clock.cuda:
            torch.cuda.empty_cache()
        text = f"{type(e).__name__}: {models.first_line(e)}" if not isinstance(e, BadRequest) else str(e)
        label = job.group.strategy if job and job.group else self.label(req)
        shape = (job.shape if job else "") or f"{req['batch']}x{req['exec'][1 if lane == 'optimized' else 0]}"
        if job and job.group:
            self.dirty = True
        self.out.sample((lane, req["mode"], label, shape, job.backend if job else ""), {**row, **times, "error": text[:500]})

    @staticmethod
    def label(req):
        from .groups import label
        return label(req["mode"], req["strategy"])

    def sample(self, row, job):
        per = {"prefill": job.exec, "kv_decode": job.new, "e2e_kv": job.exec + job.new}.get(job.mode, 0)
        row.update(job.times, compile_ns=job.compile_ns, executed_tokens=job.batch * per)
        if job.mode in ("kv_decode", "e2e_kv"):
            row["kv_tokens"] = job.exec + job.new
        elif job.mode == "prefill":
            row["kv_tokens"] = job.exec
        self.out.sample((job.lane, job.mode, self.label(job.req), job.shape, job.backend), row)

    def settle(self, job):
        """After the region: fallbacks are told, evidence is gathered."""
        if job.rescued is not None:
            self.rescued(job)
        elif job.used:
            self.served_eager(job)
        if job.compile_ns:
            self.collector.settle()

    def rescued(self, job):
        e = job.rescued
        log("".join(traceback.format_exception(type(e), e, e.__traceback__)))
        text = f"{type(e).__name__}: {models.first_line(e)}"
        limit = "recompile_limit" in str(e) or "RecompileLimit" in type(e).__name__
        job.group.fallbacks += 1
        self.dirty = True
        asked = "+".join(sorted({c.backend for c, _ in job.used}))
        job.backend = f"torch-{self.model.device.type}-eager"
        self.event("fallback", job, f"{asked} failed and the request ran eager: {text}"[:500],
                   extra={"fallback_from": asked, "fallback_error": text[:2000]})
        if not limit:
            for c, _ in job.used[:]:
                new = self.groups.retreat(job.group, c, text)
                self.evidence(job, new, "", 0, {})

    def served_eager(self, job):
        """Shapes that no executable serves ran eager inside torch.compile: at
        the limit, or by stance."""
        missing, all_ = 0, 0
        for c, shapes in job.used:
            all_ += len(shapes)
            if "*" not in c.shapes and c.backend != "eager":
                missing += len(shapes - c.shapes)
        if not missing:
            return
        job.group.fallbacks += 1
        self.dirty = True
        why = "the recompile limit is reached" if job.group.limit_reached else f"stance {self.opts['stance']}" \
            if self.opts["stance"] != "default" else "no executable was made"
        dev = f"torch-{self.model.device.type}"
        job.backend = f"{dev}-eager" if missing == all_ else f"{job.backend}+eager"
        what = job.shape if missing == all_ else f"{missing} of {all_} calls of {job.shape}"
        self.event("fallback", job, f"{what} ran eager: {why}",
                   extra={"fallback_from": job.used[0][0].backend, "fallback_error": why})

    # what torch reports while a region runs

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
        if c:
            c.shapes.add("*" if c.dynamic else key)
        for i in range(graphs):
            g.graphs, g.made = g.graphs + 1, g.made + 1
            first = g.made == 1
            used = f"{g.graphs} of {self.limit * g.frames()} used"
            text = f"first executable, {shape}" if first else reason or f"no executable for {shape}"
            self.event("compile" if first else "recompile", job, f"{text}; {used}", shape=shape,
                       dur_ns=end - start if i == 0 else 0, extra={"compile_id": compile_id, "guard": reason})
        self.dirty = True
        if c:
            self.evidence(job, c, compile_id, end - start, {"reason": reason}, shape)

    def noticed(self, graphs):
        """Without callbacks: what the counters say after the region, with the
        time that Dynamo's own metrics give."""
        if graphs > 0:
            seconds = evidence.last_metrics("").get("entire_frame_compile_time_s") or 0
            t = now()
            self.compiled(t - int(seconds * 1e9), t, graphs, self.watch.reason, "")
            if not self.now.group.limit_reached:  # which of its shapes it was, nobody said
                for c, shapes in self.now.used:
                    c.shapes |= shapes

    def recorded(self, start, end):
        job = self.now
        if job is None or job.group is None:
            return
        job.group.captures += 1
        self.dirty = True
        shape = job.at()[1]
        self.event("graph_capture", job, f"CUDA graph recorded for {shape}", shape=shape, dur_ns=end - start)

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
        }, compile_id, {**extra, "mode": self.opts["mode"], "dynamic": c.dynamic, "cudagraphs": c.cudagraphs,
                            "fullgraph": self.opts["fullgraph"]}))

    def event(self, kind, job, reason, lane=None, shape=None, dur_ns=0, extra=None):
        fields = {"t_ns": now(), "kind": kind, "reason": reason}
        if job is not None:
            fields.update(lane=job.lane, mode=job.mode, shape=shape or job.shape, request=job.req["id"],
                          strategy=job.group.strategy if job.group else self.label(job.req))
        if lane:
            fields["lane"] = lane
        if dur_ns:
            fields["dur_ns"] = dur_ns
        if extra:
            fields["extra"] = extra
        self.out.send("event", **fields)

    # checks

    def wants_check(self, req):
        if self.share <= 0:
            self.checks.skipped = "check is 0"
            return False
        key = (req["mode"], self.label(req), req["exec"][1], req.get("new_tokens"), req["batch"])
        first = key not in self.seen
        self.seen.add(key)
        return first or random.Random(req["id"]).random() < self.share

    def compare(self, req, jobs):
        """Compares the lanes' outputs; a lane that did not run in this request
        runs now, untimed."""
        for lane in ("eager", "optimized"):
            if lane not in jobs:
                if lane == "optimized" or len(req["order"]) == 2:
                    return  # it failed, or comes in a request of its own
                job = jobs[lane] = self.lanes.job(req, lane)
                if job.prepare:
                    job.prepare()
                job.go()
                job.kept = self.lanes.keep(job)
                job.release()
        rel, at = self.checks.compare(jobs["eager"].kept, jobs["optimized"].kept)
        if at is not None:
            self.checks.tokens_differ += 1
            rel = self.forced(req, jobs)
        if req["mode"] == "e2e_kv":
            rel = max(rel, self.prefills(req))
        bad = self.checks.note(rel)
        self.dirty = True
        if bad:
            tokens = "" if at is None else f", tokens differ from step {at}"
            self.event("divergence", jobs["optimized"], f"outputs differ by {rel:.3g} (relative L2, tolerance "
                       f"{self.checks.tolerance:g}){tokens}", extra={"rel_l2": finite(rel), "step": at})
        elif at is not None:
            log(f"request {req['id']}: tokens differ from step {at}, logits under the same tokens by {rel:.3g}")

    def forced(self, req, jobs):
        """The largest difference of any step under the eager lane's tokens:
        both runs repeated, untimed, with the tokens given."""
        toks = [torch.tensor(t, device=self.model.device) for t in jobs["eager"].kept.toks[:-1]]
        if req["mode"] == "kv_decode":  # in e2e_kv the first token is among those kept
            toks.insert(0, self.first_token(jobs["eager"], req))
        steps = {"eager": [], "optimized": []}
        for lane, kept in steps.items():
            job = self.lanes.job(req, lane)
            job.prepare()
            job.go(forced=(toks, kept))
            job.release()
        return max(map(rel_l2, steps["eager"], steps["optimized"]))

    def prefills(self, req):
        """The difference of the lanes' prefills, repeated untimed."""
        found = []
        for lane in ("eager", "optimized"):
            job = self.lanes.job(req, lane)
            job.prepare()
            found.append(job.head())
            job.release()
        return rel_l2(*found)

    def first_token(self, job, req):
        """The token that the decode of this request starts from."""
        from . import calls
        inputs = calls.Inputs(self.model, req, job.exec, self.lanes.masked(job))
        logits, _ = self.lanes.function_eager("prefill", False)(*inputs.prefill(), None)
        return logits[:, -1:].argmax(-1)

    def end_window(self):
        w, self.window = self.window, None
        try:
            self.out.send("profiled", id=w.id, files=w.finish())
        except Exception as e:
            log(traceback.format_exc())
            self.out.send("profiled", id=w.id, files=[], error=f"{type(e).__name__}: {models.first_line(e)}")


def finish_evidence(fields, compile_id, extra, explained):
    """Adds what Dynamo knows of a compile once it is over."""
    m = evidence.last_metrics(compile_id) if compile_id else {}
    if m.get("graph_op_count"):
        fields["nodes_before"] = int(m["graph_op_count"])
    fields["extra"] = {**extra, "metrics": {k: v if isinstance(v, (int, float, str)) else str(v)
                                            for k, v in m.items()},
                       "dynamo_counters_after_compile": evidence.snapshot(), "explain": explained}
    return fields


def finite(x):
    """x as JSON can hold it."""
    return x if x == x and abs(x) < 1e308 else 1e308


def cpu_name():
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "CPU"


def fresh_inductor_cache():
    """An empty cache of compiled kernels for this process alone."""
    import atexit
    import shutil
    import tempfile
    folder = tempfile.mkdtemp(prefix="tailscope-inductor-")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    atexit.register(shutil.rmtree, folder, True)
