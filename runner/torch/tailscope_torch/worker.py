"""What happens to each message after load."""

import os

import torch

from . import caches, calls, dynamics, evidence, models, options, roof
from .check import Comparer
from .engine import Collector, versions
from .groups import Groups
from .lanes import Lanes
from .regions import Regions
from .requests import Requests
from .story import Story
from .timing import Clock, Host
from .wire import log, named, now
from .work import Work


def usable_cpus():
    """How many CPUs this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


class Worker:
    """One loaded model, its lanes and its counters."""

    def __init__(self, out, inbox, msg):
        began = now()
        self.out, self.inbox, self.load, self.told = out, inbox, msg, began
        self.opts = options.parse(msg.get("options"))
        if msg.get("capture") == "off":
            self.opts["disable_cudagraphs"] = True
        torch.set_num_threads(int(msg.get("threads") or 0) or max(usable_cpus() - 1, 1))
        torch.set_grad_enabled(False)
        cached = caches.begin(self.opts)
        self.model, refusals = models.load(msg, self.opts, lambda text: out.send("event", t_ns=now(), kind="mark", reason="loading: " + text))
        self.model.notes += cached
        self.require(msg.get("modes") or [])
        self.work = Work(self.model, out)
        self.clock, self.groups = Clock(self.model.device), Groups(self.model, self.opts)
        limit = evidence.set_limit(int(msg.get("recompile_limit") or 0))
        self.story = Story(out, self.groups, self.opts, self.model.device.type, limit)
        self.watch = evidence.Watch(self.story.compiled, self.story.recorded, self.story.limited, self.story.skipped)
        self.groups.made = self.story.compiled
        self.story.recorded_again = self.watch.recordings.count
        self.story.explained = self.explain() if self.opts["explain"] else {}
        self.story.base = evidence.snapshot()
        self.watch.install()
        if self.opts["stance"] != "default":
            evidence.set_stance(self.opts["stance"])
        self.collector = Collector()
        self.lanes = Lanes(self.model, self.opts, self.clock, self.groups, self.story, msg)
        if self.opts["dynamic_dims"]:
            dynamics.marker(self.opts["dynamic_by"])  # refused now, not in a request
        self.story.steps_timed_by = self.lanes.steps.sums
        regions = Regions(self.model, self.opts, self.clock, Host())
        self.comparer = Comparer(self.model, self.lanes, regions.keep, self.story, float(msg.get("check") or 0))
        self.requests = Requests(out, inbox, self.lanes, regions, self.story, self.comparer, self.watch, self.collector, self.work)
        self.say_loaded(began, refusals)

    def require(self, modes):
        lm = self.model.kind == "causal-lm"
        for m in modes:
            if m == "forward" and lm or m in ("kv_decode", "e2e_kv") and not lm:
                raise models.ModelError(f"mode {m} does not fit {self.model.name}, which is "
                                        + ("a language model" if lm else "no language model with a cache"))

    def say_loaded(self, began, refusals):
        dev = self.model.device
        name = torch.cuda.get_device_name(dev) if dev.type == "cuda" else roof.cpu()[0].partition(":")[2].strip() or "CPU" if dev.type == "cpu" else "MPS"
        notes, instead = list(self.model.notes), self.groups.backend or "eager"
        if self.groups.refused:
            notes.append(f"optimized lane falls back to {instead}: {self.groups.refused}")
        if self.opts["nvtx"] and not self.clock.cuda:
            notes.append("nvtx does nothing: there are no ranges without a CUDA device")
        if self.load.get("compile") == "background":
            notes.append("compile: background is not offered by torch.compile: a request that needs an executable waits for it")
        if (self.load.get("cache") or {}).get("policy") == "evict":
            notes.append("cache policy evict is not offered by torch.compile: what is beyond the limit runs eager")
        if not self.watch.callbacks:
            notes.append("this torch has no compilation callbacks: compile times are Dynamo's own")
        rates = self.roof(notes)
        self.out.send("loaded", dur_ns=now() - began, model=self.model.describe(), provider_asked=self.opts["device"],
                      provider=dev.type, device=name, refusals=refusals, threads=torch.get_num_threads(),
                      backends={"eager": f"torch-{dev.type}-eager",
                                "optimized": f"torch-{dev.type}-{self.opts['backend']}"},
                      boundary=self.clock.boundary, notes=notes, versions=versions(), **rates)
        if self.groups.refused:
            self.story.event("fallback", None, f"{self.opts['backend']} cannot run here, {instead} takes its "
                       f"place: {self.groups.refused}", lane="optimized",
                       extra={"fallback_from": self.opts["backend"], "fallback_error": self.groups.refused})

    def roof(self, notes):
        """What the device can do, for loaded; notes say why it is not known."""
        dev, why = self.model.device, self.work.unknown
        try:
            if not why:
                return {"roof": roof.known(dev.type, dev.index or 0, str(self.model.dtype).replace("torch.", ""), torch.get_num_threads(),
                                           torch.get_float32_matmul_precision())}
        except Exception as e:
            why = self.work.unknown = f"the device's rates could not be measured: {named(e)}"
        notes.append(f"the limit is not known: {why}")
        return {}

    def explain(self):
        """Dynamo's explanation of a prefill, before anything is compiled: it
        resets Dynamo."""
        if self.model.kind != "causal-lm":
            return {}
        self.watch.quiet = True
        inputs = calls.Inputs(self.model, {"batch": 1, "tokens": 8, "seed": 1}, 8, False)
        found = evidence.explain(calls.make(self.model.module, "prefill", False), (*inputs.prefill(), None))
        self.watch.quiet = False
        return found

    # messages

    def handle(self, msg):
        t = msg["t"]
        if t == "req":
            self.requests.serve(msg)
        elif t == "flush":
            self.flush()
            self.out.send("flushed", id=msg["id"], dropped=msg["dropped"])
        elif t == "set":
            self.set(msg)
        elif t == "clear":
            self.clear(msg)
        elif t == "profile":
            self.requests.profile(msg)
        elif t == "load":
            self.out.send("error", fatal=False, code="input", message="a model is loaded already")
        else:
            log(f'message "{t}" is unknown and ignored')

    def set(self, msg):
        if msg.get("recompile_limit") is not None:
            self.story.limit = evidence.set_limit(int(msg["recompile_limit"]))
            for g in self.groups.all.values():
                if g.limit_reached:  # Dynamo never again compiles code that reached it
                    g.renew()
            self.collector.renew()
            self.requests.expected.clear()  # what is renewed compiles first: no train for that
        if msg.get("kv_edges"):
            self.lanes.edges = msg["kv_edges"]
        if msg.get("options"):
            self.set_options(msg["options"])
        self.story.dirty = True

    def set_options(self, given):
        fixed = [k for k in given if k not in options.LIVE and not k.startswith("compile.")]
        try:
            if fixed:
                raise options.OptionError(f'option "{fixed[0]}" cannot change while running: '
                                          f'{", ".join(options.LIVE)} can')
            new = options.parse(given, self.opts)
            changed = {k for k in new if new[k] != self.opts[k]}
            fresh = Groups(self.model, new) if changed - {"stance", "nvtx", "steps"} else None
            if "stance" in changed:
                evidence.set_stance(new["stance"])
        except options.OptionError as e:
            self.out.send("error", fatal=False, code="option", message=str(e))
            return
        self.opts.update(new)
        if fresh:
            self.groups.backend, self.groups.refused = fresh.backend, fresh.refused
            self.groups.clear()
            self.collector.renew()
        if changed - {"nvtx", "steps"}:
            self.requests.expected.clear()  # another way to run takes another time, or compiles first

    def clear(self, msg):
        self.flush()
        evidence.reset()
        self.watch.install()
        freed = self.groups.clear()
        self.comparer.seen.clear()
        self.requests.expected.clear()
        self.collector.renew()
        self.story.dirty = True
        self.out.send("cleared", id=msg["id"], freed=freed)

    def close(self):
        if self.requests.window:
            self.requests.end_window()
        self.flush()
        if said := caches.end(self.opts):
            log(said)
        self.watch.remove()

    def flush(self):
        self.out.flush()
        self.report()

    def report(self):
        self.told = now()
        self.story.report(self.comparer.sums)

    def keep_up(self):
        """Counters and evidence while requests keep coming: ten times a
        second at the most."""
        if now() - self.told > 100_000_000:
            self.report()
