#!/usr/bin/env python3
"""An engine for tailscope in plain Python (docs/protocol.md): a polynomial at every token. The eager lane loops, the
optimized lane generates, compiles and runs unrolled source for each shape. It takes one request at a time (credit 1)."""
import functools, json, os, random, sys, time

out = os.fdopen(os.dup(1), "w")  # for the protocol alone
os.dup2(2, 1)  # whatever else prints goes to the log
COEFFICIENTS = [random.Random(1).randrange(97) for _ in range(12)]
graphs, groups, checks, limit, samples = {}, {}, {"n": 0, "failed": 0, "max_rel_l2": 0, "tolerance": 0}, 8, 0
now = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)

def send(t, **fields):
    out.write(json.dumps({"t": t, **fields}) + "\n")
    out.flush()

def eager(xs):
    return [functools.reduce(lambda y, c: (y * x + c) % 8191, COEFFICIENTS, 0) for x in xs]

def build(n):  # the executable of one shape: n expressions without a loop
    terms = ["0"] * n
    for c in COEFFICIENTS:
        terms = [f"({term}*x[{i}]+{c})%8191" for i, term in enumerate(terms)]
    return eval(compile(f"lambda x: [{','.join(terms)}]", "<graph>", "eval"))

def optimized(xs, about, tell):  # returns (outputs, backend, compile_ns); within the timed region nothing is sent
    s, n, cost = about["strategy"], len(xs), 0
    g = groups.setdefault(s, {"mode": "prefill", "strategy": s, "unique_graphs": 0, "compiles": 0, "recompiles": 0,
                              "limit_reached": False, "fallbacks": 0, "compile_ns": 0})
    g["recompile_limit"] = limit
    if (s, n) not in graphs and g["unique_graphs"] >= limit:
        for kind in ["fallback"] if g["limit_reached"] else ["limit_reached", "fallback"]:
            tell(("event", dict(t_ns=now(), kind=kind, reason=f"{n} values ran eager: all {limit} executables are used",
                                extra={"fallback_from": "python-unrolled", "fallback_error": "recompile limit"}, **about)))
        g["limit_reached"], g["fallbacks"] = True, g["fallbacks"] + 1
        return eager(xs), "python-eager", 0
    elif (s, n) not in graphs:
        start, graphs[s, n] = now(), build(n)
        cost, kind = now() - start, "recompile" if g["compiles"] else "compile"
        g[kind + "s"] += 1; g["unique_graphs"] += 1; g["compile_ns"] += cost
        tell(("event", dict(t_ns=start, kind=kind, dur_ns=cost, reason=f"no executable for {n} values", **about)))
        tell(("evidence", dict(backend_requested="python-unrolled", backend_actual="python-unrolled", compile_ns=cost,
                               **{k: v for k, v in about.items() if k != "request"})))
    return graphs[s, n](xs), "python-unrolled", cost

def run(req, order, lane):
    n, word, b = req["exec"][lane == "optimized"], req["strategy"]["prefill"], req["batch"]
    about, told = {"lane": lane, "mode": req["mode"], "strategy": word, "shape": f"{b}x{n}"}, []
    draw, ys, backend, cost, error = random.Random(req["seed"]), None, "python-eager", 0, ""
    rows = ([0] * (n - req["tokens"]) + [draw.randrange(999) for _ in range(req["tokens"])] for _ in range(b))
    xs, start = sum(rows, []), now()
    try:
        if req["mode"] != "prefill" or n < req["tokens"]:
            raise ValueError(f"cannot run {req['mode']} of {req['tokens']} values padded to {n}")
        plain = lane == "eager" or req.get("aa") or word == "eager"
        ys, backend, cost = (eager(xs), backend, 0) if plain else optimized(xs, {**about, "request": req["id"]}, told.append)
    except Exception as e:
        error = str(e) or repr(e)
    wall = now() - start
    for t, fields in told: send(t, **fields)  # before their sample
    send("batch", **about, backend=backend, request=[req["id"]], order=[order], start_ns=[start], wall_ns=[wall],
         compile_ns=[cost], executed_tokens=[n * b], error=[error])
    return ys and ys[-1]  # the last position, which padding on the left does not change

def handle(t, m):
    global limit, samples
    if t == "load":
        limit = m["recompile_limit"]
        send("loaded", dur_ns=0, model={"name": m["name"], "kind": "causal-lm"}, provider="cpu", device="Python", threads=1,
             backends={"eager": "python-eager", "optimized": "python-unrolled"}, boundary="the call returns")
    elif t == "req":
        time.sleep(max(0, m.get("due_ns", 0) - now()) / 1e9)
        outputs = [run(m, order, lane) for order, lane in enumerate(m["order"])]
        samples, checks["n"] = samples + len(outputs), checks["n"] + len(outputs) - 1
        checks["failed"] += outputs[0] != outputs[-1]
        send("counters", groups=list(groups.values()), checks=checks)
    elif t == "set":
        limit = m.get("recompile_limit") or limit
    elif t == "flush":
        send("flushed", id=m["id"], dropped=[])  # what was read has run
    elif t == "clear":
        send("cleared", id=m["id"], freed=len(graphs))
        for g in groups.values():
            g["unique_graphs"], g["limit_reached"] = 0, False
        graphs.clear()
    elif t == "profile":
        send("profiled", id=m["id"], files=[], error="this engine has no profiler")

send("hello", protocol=1, engine="example", version="1", pid=os.getpid(), clock_ns=now(), credit=1, modes=["prefill"],
     strategies={"prefill": ["variable", "padded", "bucketed", "eager"], "decode": []},
     features=["clear", "set", "aa", "check", "evidence"],
     lacks={"kv_decode": "a polynomial has no cache", "dynamic": "unrolled source has one shape"})
for number, line in enumerate(sys.stdin, 1):
    try:
        if (message := json.loads(line))["t"] == "stop":
            break
        handle(message["t"], message)
    except (ValueError, KeyError, TypeError) as e:
        send("error", fatal=False, code="input", message=f"line {number}: {e!r}")
send("bye", samples=samples)
