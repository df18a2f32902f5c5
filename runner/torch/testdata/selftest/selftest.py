"""python3 selftest.py [--quick] [--device cpu] [--model gpt2] [--reps N] [--only WORD] [--seconds S]

Runs modes and strategies without a supervisor and prints one JSON object a
configuration, then the worker's overhead against a bare loop. Exit code 1
when something failed. Tracebacks go to stderr."""

import argparse
import json
import os
import random
import statistics
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))  # last: a test has an engine of its own before it

from tailscope_torch.wire import Out, log  # noqa: E402

SCENARIOS = ((5, 9), (14, 22), (37, 61), (74, 120), (150,))  # tokens; padded to the largest of its scenario
CASES = (  # mode, prefill word, decode word, options
    ("prefill", "variable", "variable", {}),
    ("prefill", "padded", "padded", {}),
    ("prefill", "bucketed", "bucketed", {}),
    ("prefill", "dynamic", "dynamic", {}),
    ("kv_decode", "variable", "variable", {}),
    ("kv_decode", "dynamic", "dynamic", {}),
    ("kv_decode", "variable", "static-cache", {}),
    ("kv_decode", "padded", "static-cache", {}),
    ("kv_decode", "bucketed", "kv-bucketed", {}),
    ("kv_decode", "padded", "static-cache", {"disable_cudagraphs": "true"}),
    ("e2e_kv", "padded", "static-cache", {}),
    ("e2e_kv", "padded", "eager", {}),
    ("e2e_kv", "variable", "variable", {}),
)


class Catch(Out):
    """Keeps messages instead of writing them."""

    def __init__(self):
        super().__init__(-1)
        self.lines = []

    def write(self, data):
        self.lines.append(json.loads(data))

    def take(self, kind):
        return [m for m in self.lines if m["t"] == kind]


class NoInput:
    queue, eof = (), False

    def poll(self, timeout):
        return True


def main(argv):
    p = argparse.ArgumentParser()
    for flag in ("--quick", "--no-overhead"):
        p.add_argument(flag, action="store_true")
    p.add_argument("--device", default="auto")
    p.add_argument("--model", default="tiny-gpt2")
    p.add_argument("--dtype", default="float32")
    p.add_argument("--attn", default="")
    p.add_argument("--reps", type=int, default=6)
    p.add_argument("--new", type=int, default=64)
    p.add_argument("--only", default="")
    p.add_argument("--seconds", type=float, default=420, help="start no further case after so many")
    a = p.parse_args(argv)
    bad, began = 0, time.monotonic()
    for case in CASES:
        name = " ".join(case[:3])
        if a.only and a.only not in name:
            continue
        if time.monotonic() - began > a.seconds:
            print(json.dumps({"case": name, "skipped": "out of time"}), flush=True)
            continue
        try:
            found = run(a, *case)
        except Exception as e:
            log(traceback.format_exc())
            found = {"failed": f"{type(e).__name__}: {e}"}
        bad += "failed" in found or bool(found.get("errors")) or found["divergences"] > 0
        print(json.dumps({"case": name, "options": case[3], **found}), flush=True)
    if not a.no_overhead:
        try:
            print(json.dumps({"case": "overhead", **overhead(a)}), flush=True)
        except Exception as e:
            log(traceback.format_exc())
            print(json.dumps({"case": "overhead", "failed": f"{type(e).__name__}: {e}"}), flush=True)
            bad += 1
    return 1 if bad else 0


def case_explains(mode, prefill):
    return (mode, prefill) == ("prefill", "variable")


def worker(a, extra, limit=8):
    from tailscope_torch.worker import Worker
    out = Catch()
    w = Worker(out, NoInput(), {
        "name": "builtin:" + a.model, "model": "", "seed": 7, "threads": max((os.cpu_count() or 2) - 1, 1),
        "recompile_limit": limit, "check": 0.1, "modes": [],
        "options": {"device": a.device, "dtype": a.dtype, "attn": a.attn, **extra}})
    return w, out


def requests(a, mode, prefill, decode, reps):
    """Every prompt reps times; lanes change places."""
    n = 0
    for _ in range(reps):
        for sc in SCENARIOS if not a.quick else SCENARIOS[:2]:
            for tokens in sc:
                n += 1
                to = {"padded": max(sc), "bucketed": 1 << (tokens - 1).bit_length(), "chunked": -(-tokens // 64) * 64}.get(prefill, tokens)
                order = ["optimized", "eager"] if n % 2 else ["eager", "optimized"]
                yield {"t": "req", "id": n, "mode": mode, "batch": 1, "tokens": tokens, "exec": [to, to],
                       "new_tokens": 0 if mode == "prefill" else a.new, "seed": n, "order": order,
                       "strategy": {"prefill": prefill, "decode": decode}}


def run(a, mode, prefill, decode, extra):
    from tailscope_torch import evidence
    began = time.monotonic()
    w, out = worker(a, {"explain": str(case_explains(mode, prefill)).lower(), **extra})
    walls = {"eager": [], "optimized": []}
    warm = 3 if mode == "prefill" else 2
    reps = warm + (a.reps * 4 if mode == "prefill" else a.reps)
    total = len(list(requests(a, mode, prefill, decode, 1)))
    last = {}
    for req in requests(a, mode, prefill, decode, reps):
        w.requests.run(req)
        w.out.flush()
        for b in out.take("batch"):
            if req["id"] > warm * total:
                walls[b["lane"]] += b["wall_ns"]
            last[b["lane"]] = b
        out.lines = [m for m in out.lines if m["t"] != "batch" or any(m.get("error", []))]
    w.close()
    evidence.reset()
    events = out.take("event")
    kinds = {k: sum(e["kind"] == k for e in events) for k in sorted({e["kind"] for e in events})}
    counters = out.take("counters")[-1]
    first = next((e["reason"] for e in events if e["kind"] == "recompile"), "")
    errors = sorted({x for b in out.take("batch") for x in b.get("error", []) if x})
    b = last.get("optimized", {})
    return {"eager_ms": quantiles(walls["eager"]), "optimized_ms": quantiles(walls["optimized"]),
            "device_ms": [x / 1e6 for x in b.get("device_ns", [])][:1], "steps_ms": [x / 1e6 for x in b.get("steps_ns", [[]])[0][:3]],
            "backend": b.get("backend"), "shape": b.get("shape"), "events": kinds, "recompile_reason": first,
            "groups": counters["groups"], "checks": counters["checks"], "tokens_differ": counters["engine"]["tokens_differ"],
            "fallback": next((e["reason"] for e in events if e["kind"] == "fallback"), ""),
            "cudagraph_skips": counters["engine"]["cudagraph_skip_reasons"] or counters["engine"]["cudagraph_skips"],
            "divergences": kinds.get("divergence", 0), "errors": errors[:3],
            "explain": counters["engine"]["explain"] if case_explains(mode, prefill) else None,
            "seconds": round(time.monotonic() - began, 1)}


def quantiles(ns):
    if len(ns) < 2:
        return [x / 1e6 for x in ns]
    q = statistics.quantiles(ns, n=100, method="inclusive")
    return {"n": len(ns), "p50": round(q[49] / 1e6, 4), "p99": round(q[98] / 1e6, 4), "max": round(max(ns) / 1e6, 4)}


OVERHEAD = (  # mode, strategy, rounds, what times the worker's steps, whether the bare loop keeps step times
    ("prefill", ("padded", "padded"), 400, (("prefill", "off", False),)),
    ("kv_decode", ("padded", "static-cache"), 240, (
        ("kv_decode", "auto", True),
        ("kv_decode without step times", "off", False),
        ("kv_decode, what step times cost", "auto", False),
        ("kv_decode, what an event a step costs", "events", False))),
)


def overhead(a):
    """p50 of the worker's region over that of a bare loop doing the same, for
    a padded prefill and a decode on a static cache; of the decode also what
    it costs to time its steps. All take turns, and turns at going first, so that
    what one leaves in the processor's caches is not always the same one's."""
    result = {}
    for mode, words, rounds, rows in OVERHEAD:
        w, out = worker(a, {"explain": "false"})
        req = {"t": "req", "id": 1, "mode": mode, "batch": 1, "tokens": 61, "exec": [61, 61], "new_tokens": a.new if mode != "prefill" else 0,
               "seed": 1, "order": ["optimized"], "strategy": dict(zip(("prefill", "decode"), words))}
        w.comparer.share = 0
        for _ in range(8):
            ours(w, out, req)
        ways = sorted({("bare", stamped) for _, _, stamped in rows} | {("worker", steps) for _, steps, _ in rows}, key=str)
        times = {way: [] for way in ways}
        for i in range(rounds):
            order = ways[i % len(ways):] + ways[:i % len(ways)]
            for who, how in order[::-1] if i // len(ways) % 2 else order:
                w.lanes.opts["steps"] = how if who == "worker" else "off"
                times[who, how].append(bare(w, req, how) if who == "bare" else ours(w, out, {**req, "id": 10 + i}))
        w.close()
        for name, steps, stamped in rows:
            pairs = list(zip(times["bare", stamped], times["worker", steps]))
            low, high = interval(pairs)
            result[name] = {"bare_ms": quantiles([p[0] for p in pairs]), "worker_ms": quantiles([p[1] for p in pairs]),
                            "ratio_p50": round(ratio(pairs), 4), "ratio_p50_95": [round(low, 4), round(high, 4)]}
    return result


def ratio(pairs):
    """p50 of the worker over p50 of the bare loop."""
    return statistics.median(p[1] for p in pairs) / statistics.median(p[0] for p in pairs)


def interval(pairs, rounds=400):
    """95 % of the ratio, by resampling pairs."""
    r = random.Random(1)
    found = sorted(ratio(r.choices(pairs, k=len(pairs))) for _ in range(rounds))
    return found[rounds // 40], found[-rounds // 40 - 1]


def ours(w, out, req):
    """Wall time of a request's region in the worker, ns."""
    w.requests.run(dict(req))
    w.out.flush()
    t = out.take("batch")[-1]["wall_ns"][-1]
    out.lines.clear()
    return t


def bare(w, req, stamped):
    """Wall time of the same in a loop without a line of ours, ns; stamped: it
    keeps the time of each step, as whoever asks for them would write it."""
    from tailscope_torch import calls
    import torch
    job = w.lanes.job(req, "optimized")
    fn, graphs, sync, clock = job.used[0][0].call, job.used[0][0].cudagraphs, w.clock.sync, time.perf_counter_ns
    if job.prepare:
        cache = w.lanes.statics.get(1, job.cache_len)
        inputs = calls.Inputs(w.model, req, 61, True, job.cache_len)
        logits, _ = w.lanes.function_eager("prefill", True)(*inputs.prefill(), cache)
        tok, steps = logits[:, -1:].argmax(-1), inputs.steps()
        stamps, begin = [], torch.compiler.cudagraph_mark_step_begin
        sync()
        t = clock()
        for mask, pos, cp in steps:
            if graphs:
                begin()
            tok, _, _ = fn(tok, mask, pos, cp, cache)
            tok = tok.clone()
            if stamped:
                stamps.append(clock())
    else:
        args = (*calls.Inputs(w.model, req, 61, True).prefill(), None)
        if graphs:
            torch.compiler.cudagraph_mark_step_begin()
        sync()
        t = clock()
        fn(*args)
    sync()
    return clock() - t


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
