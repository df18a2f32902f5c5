"""A made-up engine. stall: each run takes 10 ms, but the first of length 30 takes 500 ms, for 490 ms of which the kernel
did not let it run. compiles: each run of the optimized lane makes an executable."""
import json
import os
import sys
import time

out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
what, seen, samples = sys.argv[1], set(), 0


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def send(t, **f):
    out.write(json.dumps({"t": t, **f}) + "\n")
    out.flush()


def run(m, lane):
    global samples
    n, ms = m["tokens"], 1_000_000
    first = lane == "eager" and n == 30 and n not in seen
    wall, compiled = 10 * ms, 0
    if what == "stall" and first:
        seen.add(n)
        wall = 500 * ms
    if what == "compiles" and lane == "optimized":
        wall, compiled = 40 * ms, 30 * ms
        send("event", kind="recompile", lane=lane, mode=m["mode"], strategy="variable", shape=f"1x{n}", request=m["id"], t_ns=now(), dur_ns=compiled, reason="a new length")
    samples += 1
    time.sleep(wall / 1e9)
    return {"lane": lane, "mode": m["mode"], "strategy": m["strategy"]["prefill"], "shape": f"1x{n}", "backend": lane[0], "request": [m["id"]],
            "start_ns": [now() - wall], "wall_ns": [wall], "compile_ns": [compiled], "run_delay_ns": [490 * ms if wall > 400 * ms else 0], "minflt": [0], "majflt": [0], "nivcsw": [0]}


send("hello", protocol=1, engine="made up", version="1", pid=os.getpid(), clock_ns=now(), credit=1, modes=["prefill"],
     strategies={"prefill": ["eager", "variable"], "decode": []}, features=[])
for line in sys.stdin:
    m = json.loads(line)
    if m["t"] == "load":
        send("loaded", dur_ns=0, model={"name": m["name"], "kind": "causal-lm"}, provider="cpu", device="none", threads=1,
             backends={"eager": "e", "optimized": "o"}, boundary="made up")
    elif m["t"] == "req":
        for i, lane in enumerate(m["order"]):
            send("batch", order=[i], **run(m, lane))
    elif m["t"] == "flush":
        send("flushed", id=m["id"], dropped=[])
    elif m["t"] == "stop":
        break
send("bye", samples=samples)
