"""An engine that answers 20 requests and is then stuck, whatever it is sent: stuck.py [deaf]. With steady it goes on, at about 2,000 samples a second."""
import json, os, signal, sys, time

if "deaf" in sys.argv:
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
now = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def send(t, **keys):
    sys.stdout.write(json.dumps({"t": t, **keys}) + "\n")
    sys.stdout.flush()


words = ["variable", "padded", "bucketed", "dynamic", "eager"]
hello = dict(protocol=1, engine="stuck", version="1", pid=os.getpid(), clock_ns=now(), credit=16, modes=["prefill"], strategies={"prefill": words, "decode": []})
send("hello", **hello)
served = 0
for line in sys.stdin:
    m = json.loads(line)
    if m["t"] == "load":
        send("loaded", dur_ns=0, model={"name": "m", "kind": "causal-lm"}, provider="cpu", device="none", threads=1, backends={"eager": "e", "optimized": "o"})
    elif m["t"] == "req":
        served += 1
        while served > 20 and "steady" not in sys.argv:
            time.sleep(3600)
        for order, lane in enumerate(m["order"]):
            begin = now()
            time.sleep(0.0003 if "steady" in sys.argv else 0.001)
            send("batch", lane=lane, mode=m["mode"], strategy="variable", shape="s", backend=lane, request=[m["id"]], order=[order], start_ns=[begin], wall_ns=[now() - begin])
    elif m["t"] == "flush":
        send("flushed", id=m["id"], dropped=[])
    elif m["t"] == "stop":
        break
send("bye", samples=2 * served)
