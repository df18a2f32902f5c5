"""Comparison of the lanes' outputs, outside every timed region."""

import torch

TOLERANCE = {torch.float32: 1e-3}  # relative L2 norm; half precision below
HALF = 2e-2


class Kept:
    """What one lane's request left for the check: logits of the last position
    and the tokens it chose."""

    def __init__(self, last, toks):
        self.last = last.detach().clone() if last is not None else None
        self.toks = [t.tolist() for t in toks]


class Checks:
    """The sums that the counters message carries."""

    def __init__(self, dtype):
        self.tolerance = TOLERANCE.get(dtype, HALF)
        self.n = self.failed = self.tokens_differ = 0
        self.worst, self.skipped = 0.0, ""

    def message(self):
        m = {"n": self.n, "failed": self.failed, "max_rel_l2": self.worst, "tolerance": self.tolerance}
        return {**m, "skipped": self.skipped} if self.skipped else m

    def compare(self, eager, optimized):
        """Returns (relative L2 of the logits, first differing step or None)."""
        at = next((i for i, (a, b) in enumerate(zip(eager.toks, optimized.toks)) if a != b), None)
        return rel_l2(eager.last, optimized.last), at

    def note(self, rel):
        """Counts one comparison; True: the outputs differ."""
        self.n += 1
        bad = not rel <= self.tolerance  # not a number is bad
        self.failed += bad
        self.worst = max(self.worst, rel if rel == rel and rel != float("inf") else 1e308)
        return bad


def rel_l2(a, b):
    """||b − a|| / ||a||, in float32 or better."""
    a, b = a.float(), b.float()
    if a.shape != b.shape:
        return float("inf")
    return float((b - a).norm()) / max(float(a.norm()), 1e-30)


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
