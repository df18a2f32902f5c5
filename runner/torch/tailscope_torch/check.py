"""Comparison of the lanes' outputs, outside every timed region."""

import math
import random

import torch

from . import calls
from .groups import label
from .reference import Reference
from .wire import log

TOLERANCE = {torch.float32: 1e-3}  # relative L2 norm; half precision below
HALF = 2e-2


class Kept:
    """What one lane's request left for the check: logits of the last position
    and the tokens it chose."""

    def __init__(self, last, toks):
        self.last = last.detach().clone() if last is not None else None
        self.toks = [t.tolist() for t in toks]


class Sums:
    """What the counters message says of the comparisons."""

    def __init__(self, dtype):
        self.tolerance = TOLERANCE.get(dtype, HALF)
        self.n = self.failed = self.tokens_differ = 0
        self.worst, self.skipped, self.reference = 0.0, "", None
        self.modes = {}

    def message(self):
        m = {"n": self.n, "failed": self.failed, "max_rel_l2": self.worst, "tolerance": self.tolerance,
             "modes": self.modes}
        if self.reference:
            m["reference"] = self.reference.message()
        return {**m, "skipped": self.skipped} if self.skipped else m

    def note(self, mode, rel, bad):
        """Counts one comparison; bad: the outputs differ."""
        self.n += 1
        self.failed += bad
        self.worst = max(self.worst, finite(rel))
        own = self.modes.setdefault(mode, {"n": 0, "failed": 0, "max_rel_l2": 0.0})
        own["n"] += 1
        own["failed"] += bad
        own["max_rel_l2"] = max(own["max_rel_l2"], finite(rel))


class Comparer:
    """Decides which requests are compared, and compares them."""

    def __init__(self, model, lanes, keep, story, share):
        self.model, self.lanes, self.keep, self.story, self.share = model, lanes, keep, story, share
        self.sums, self.seen = Sums(model.dtype), set()
        self.reference = self.sums.reference = Reference(model, lanes, keep)

    def wanted(self, req):
        if self.share <= 0:
            self.sums.skipped = "check is 0"
            return False
        if "optimized" not in req["order"]:
            return False  # its other lane comes in a request of its own, or never
        return seen_as(req) not in self.seen or random.Random(req["id"]).random() < self.share

    def compare(self, req, jobs):
        """Compares the lanes' outputs; an eager lane that did not run in this request
        runs now, untimed."""
        if "optimized" not in jobs or "eager" not in jobs and len(req["order"]) == 2:
            return  # it failed
        if "eager" not in jobs:
            with self.lanes.untimed(req, "eager") as job:
                job.go()
                job.kept, jobs["eager"] = self.keep(job), job
        heads = req["mode"] == "e2e_kv" and settled(jobs["optimized"])
        if heads or req["mode"] != "e2e_kv":
            self.seen.add(seen_as(req))
        at, tokens, compared = self.outputs(req, jobs, heads)
        rel, verdicts, why = self.judge(req, jobs, tokens, compared)
        bad = any(wrong is not False for wrong in verdicts)  # what nothing has judged differs all the same
        self.sums.note(req["mode"], rel, bad)
        self.story.dirty = True
        if bad:
            apart = "" if at is None else f", tokens differ from step {at}"
            self.story.event("divergence", jobs["optimized"], f"outputs differ by {rel:.3g} (relative L2, tolerance "
                       f"{self.sums.tolerance:g}){apart}{why}", extra={"rel_l2": finite(rel), "step": at, **({} if True in verdicts else {"judged": False})})
        elif why:
            log(f"request {req['id']}: the lanes differ by {rel:.3g}, with nothing wrong{why}")
        elif at is not None:
            log(f"request {req['id']}: tokens differ from step {at}, logits under the same tokens by {rel:.3g}")

    def outputs(self, req, jobs, heads):
        """(step from which tokens differ, tokens forced on both lanes, [((eager's, optimized's tensors), whether they
        are a prefill's)]); None, None where all tokens are equal. heads: the prefill is repeated and compared, too."""
        eager, optimized = jobs["eager"].kept, jobs["optimized"].kept
        pair, tokens = ([eager.last], [optimized.last]), None
        at = next((i for i, (a, b) in enumerate(zip(eager.toks, optimized.toks)) if a != b), None)
        if at is not None:
            self.sums.tokens_differ += 1
            tokens, *pair = self.forced(req, jobs)
        return at, tokens, [(pair, False)] + ([([[x] for x in self.prefills(req)], True)] if heads else [])

    def judge(self, req, jobs, tokens, compared):
        """(the largest distance, the reference's verdicts on those beyond the tolerance, why in a phrase)."""
        most, verdicts, why = 0.0, [], ""
        for pair, head in compared:
            rel = max(map(rel_l2, *pair))
            most = max(most, rel)
            if rel > self.sums.tolerance:
                if tokens is None and not head and jobs["eager"].kept.toks:
                    tokens = self.tokens(req, jobs)
                key = (req["mode"], label(req["mode"], req["strategy"]))
                wrong, why = self.reference.judge(key, req, self.sums.tolerance / 10, rel_l2, *pair, tokens, head)
                verdicts.append(wrong)
        return most, verdicts, why

    def tokens(self, req, jobs):
        """The eager lane's choices, as each step is given them."""
        toks = [torch.tensor(t, device=self.model.device) for t in jobs["eager"].kept.toks[:-1]]
        if req["mode"] == "kv_decode":  # in e2e_kv the first token is among those kept
            toks.insert(0, self.first_token(jobs["eager"], req))
        return toks

    def forced(self, req, jobs):
        """(tokens, eager's, optimized's logits of every step) under the eager
        lane's tokens: both runs repeated, untimed, with the tokens given."""
        toks = self.tokens(req, jobs)
        steps = {"eager": [], "optimized": []}
        for lane, kept in steps.items():
            with self.lanes.untimed(req, lane) as job:
                job.go(forced=(toks, kept))
        return toks, steps["eager"], steps["optimized"]

    def prefills(self, req):
        """The lanes' logits of the prefill, repeated untimed."""
        found = []
        for lane in ("eager", "optimized"):
            with self.lanes.untimed(req, lane) as job:
                found.append(job.head())
        return found

    def first_token(self, job, req):
        """The token that the decode of this request starts from."""
        inputs = calls.Inputs(self.model, req, job.exec, self.lanes.masked(job))
        logits, _ = self.lanes.function_eager("prefill", False)(*inputs.prefill(), None)
        return logits[:, -1:].argmax(-1)


def settled(job):
    """Whether repeating the job's prefill changes nothing for those to come:
    a CUDA graph is recorded the second time, which a timed request must pay."""
    if job.words[0] == "eager" or not job.used:
        return True
    c, shapes = job.used[0]
    return not c.cudagraphs or all(c.ran[s] >= 2 for s in shapes)


def seen_as(req):
    """The shape of a request, of which the first is always compared."""
    return (req["mode"], label(req["mode"], req["strategy"]), req["exec"][1], req.get("new_tokens"), req["batch"],
            *(req.get("dims") or {}).items())


FLOOR = 1e-6  # root mean square that values may always differ by: outputs near zero


def rel_l2(a, b):
    """||b − a|| / ||a|| in float32; infinite when it is no number. Equal
    infinities and NaNs in the same places are equal; less than FLOOR is none."""
    a, b = a.float(), b.float()
    if a.shape != b.shape:
        return math.inf
    diff, size = float((b - a).norm()), float(a.norm())
    if not math.isfinite(diff):
        same = (a == b) | ((a != a) & (b != b))
        diff = float((b - a).masked_fill(same, 0).norm())
        size = float(a.masked_fill(same & ~torch.isfinite(a), 0).norm())
    if diff <= FLOOR * math.sqrt(max(a.numel(), 1)):
        return 0.0
    rel = diff / max(size, 1e-30)
    return rel if math.isfinite(rel) else math.inf


def first_tensor(out):
    """The first tensor in a module's output, whatever holds it."""
    if isinstance(out, torch.Tensor):
        return out
    values = out.values() if isinstance(out, dict) else out if isinstance(out, (list, tuple)) else ()
    for v in values:
        t = first_tensor(v)
        if t is not None:
            return t
    return None


def finite(x):
    """x as JSON can hold it."""
    return min(x, 1e308)
