"""A scripted engine with one fault: hostile.py FAULT [N]. It answers as docs/protocol.md says until the N-th request (20), or until where the fault
belongs. runner/hostile_test.go says of each fault what tailscope makes of it."""

import json, os, random, signal, sys, time
F = sys.argv[1] if len(sys.argv) > 1 else "ok"
N = int(sys.argv[2]) if len(sys.argv) > 2 else 20   # fault after N requests
now = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)
fd = os.dup(1); os.dup2(2, 1)
out = os.fdopen(fd, "wb", buffering=0)
def raw(b): out.write(b)
NOISE = b"\xff" + random.Random(1).randbytes(5000) + b"\n"   # no line that JSON could begin
rows = 0
def send(t, **k):
    global rows
    rows += len(k.get("request") or ()) if t == "batch" else 0
    raw((json.dumps({"t": t, **k}) + "\n").encode())
HELLO = dict(protocol=1, engine="bad", version="1", pid=os.getpid(), clock_ns=now(), credit=16, modes=["prefill"],
     strategies={"prefill": ["variable", "padded", "bucketed", "dynamic", "eager"], "decode": []},
     features=["clear", "set", "aa", "check", "evidence", "profile"])
LOADED = dict(dur_ns=0, model={"name": "m", "kind": "causal-lm"}, provider="cpu", device="Python", threads=1,
     backends={"eager": "py-eager", "optimized": "py-opt"}, boundary="the call returns")
def pre_hello(h):
    if F == "version": h["protocol"] = 2
    if F == "credit0": h["credit"] = 0
    if F == "creditneg": h["credit"] = -5
    if F == "credithuge": h["credit"] = 1 << 40
    if F == "clockoff": h["clock_ns"] = time.time_ns()
    if F == "exit0": sys.exit(0)
    if F == "exit3": print("something is broken", file=sys.stderr); sys.exit(3)
    if F == "creditfloat": h["credit"] = 1.5
    if F == "hellolong": h["engine"] = "e" * 1000000; h["lacks"] = {"x" * 1000000: "y" * 1000000}
    if F == "pidneg": h["pid"] = -1
    if F == "modesmany": h["modes"] = ["prefill"] + ["m%d" % i for i in range(100000)]
    if F == "lanesevil": h["lanes"] = ["eager", "third"]
    if F == "helloempty":
        for k in list(h): del h[k]
    if F == "silent":
        while True: time.sleep(3600)
    if F == "loadedfirst": send("loaded", **LOADED); time.sleep(1)
    if F == "batchfirst": send("batch", lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[1], order=[0], start_ns=[1], wall_ns=[1]); time.sleep(1)
    if F == "eventfirst": send("event", t_ns=1, kind="compile", reason="early"); send("counters", groups=[], checks={}); send("flushed", id=0, dropped=[]); send("cleared", id=0, freed=0); send("profiled", id=1, files=[]); send("bye", samples=0)
    if F == "nohandshakebin": raw(NOISE)
def post_hello():
    if F == "hello2": send("hello", **HELLO)
    if F == "exit0_afterhello": sys.exit(0)
def pre_loaded(l):
    if F == "loadslow": time.sleep(1)
    if F == "loadnever":
        while True: time.sleep(3600)
    if F == "loadedmaxpos": l["model"]["max_positions"] = -5
    if F == "loadedthreads": l["threads"] = -4
    if F == "loadedbytes": l["model"]["bytes"] = -1
    if F == "loadedroof": l["roof"] = {"read": [{"bytes": -1, "per_s": -1}], "ops_per_s": -1}
    if F == "loadedexit": os._exit(0)
    if F == "loadedlong": l["model"]["name"] = "m" * 1000000; l["device"] = "d" * 1000000; l["notes"] = ["n" * 1000000] * 3; l["versions"] = {"v" * 1000000: "w" * 1000000}
    if F == "loadeddims": l["model"]["dims"] = ["d%d" % i for i in range(100000)]
    if F == "loadedevil":
        E = EVIL
        l["model"] = {"name": E, "kind": "causal-lm", "path": E, "dtype": "../../../../../.../evil_dtype", "sha256": E}
        l["device"] = E; l["provider"] = E; l["boundary"] = E; l["notes"] = [E]; l["versions"] = {E: E}
        l["backends"] = {"eager": "../../../../../../../.../evil_backend", "optimized": E}
        l["refusals"] = [{"provider": E, "reason": E}]
EVIL = "\x1b]0;PWNED\x07\x1b[31mRED\x1b[2J\x9b31m<script>alert(1)</script><img src=x onerror=alert(2)>\u202e`|*[x](javascript:alert(3))\r\nINJ\x00"
def post_loaded():
    if F == "loaded2": send("loaded", **LOADED); send("loaded", **LOADED)
def die(sig): os.kill(os.getpid(), sig); time.sleep(10)
def at_n(m):
    if F == "sigkill": die(signal.SIGKILL)
    if F == "segv": die(signal.SIGSEGV)
    if F == "abort": os.abort()
    if F == "exit0_mid": os._exit(0)
    if F == "exit7_mid": print("CUDA error: device-side assert", file=sys.stderr); os._exit(7)
    if F == "hang":
        while True: time.sleep(3600)
    if F == "hangterm":
        signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)
        while True: time.sleep(3600)
    if F == "closestdout":
        out.close()
        while True: time.sleep(3600)
    if F == "closestdin": os.close(0)
    if F == "binary": raw(NOISE)
    if F == "halfline": raw(b'{"t":"batch","lane":"eag'); time.sleep(2); os._exit(0)
    if F == "halflinehang":
        raw(b'{"t":"batch","lane":"eag')
        while True: time.sleep(3600)
    if F == "longline":
        c = b"a" * (1 << 20)
        raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"')
        for _ in range(100): raw(c)
        raw(b'"}\n')
    if F == "nonewline":
        c = b"a" * (1 << 20)
        try:
            while True: raw(c)
        except BrokenPipeError: os._exit(0)
    if F == "line15":
        raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"' + b"a" * (15 << 20) + b'"}\n')
    if F == "line15loop":
        for _ in range(4): raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"' + b"a" * (15 << 20) + b'"}\n')
    if F == "line15many":
        for _ in range(40): raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"' + b"a" * (15 << 20) + b'"}\n')
    if F == "bigesc": raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"' + b"<" * (4 << 20) + b'"}\n')
    if F == "badutf8": raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"\xff\xfe\xc0\xaf"}\n')
    if F == "badutf8batch": raw(b'{"t":"batch","lane":"eager","mode":"prefill","strategy":"variable","shape":"\xff","backend":"\xc0\xaf","request":[%d],"order":[0],"start_ns":[%d],"wall_ns":[1000]}\n' % (m["id"], now()))
    if F == "deep": raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"r","extra":{"a":' + b"[" * 1000000 + b"]" * 1000000 + b"}}\n")
    if F == "deep9k": raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"r","extra":{"a":' + b"[" * 9000 + b"]" * 9000 + b"}}\n")
    if F == "nan": raw(b'{"t":"batch","lane":"eager","mode":"prefill","strategy":"variable","shape":"x","backend":"b","request":[%d],"order":[0],"start_ns":[NaN],"wall_ns":[Infinity]}\n' % m["id"])
    if F == "float": raw(b'{"t":"batch","lane":"eager","mode":"prefill","strategy":"variable","shape":"x","backend":"b","request":[%d],"order":[0],"start_ns":[1.5e300],"wall_ns":[1e3]}\n' % m["id"])
    if F == "unknownkind": send("event", t_ns=now(), kind="teleport\x1b[2J", reason="unknown kind")
    if F == "unknowntype": send("teleport", x=1)
    if F == "unknowntypes":
        for i in range(10000): send("t%d" % i, x=1)
    if F == "neversent": send("batch", lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[999999999], order=[0], start_ns=[now()], wall_ns=[1])
    if F == "wrongcount": send("batch", lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[m["id"]], order=[0], start_ns=[now()], wall_ns=[1, 2])
    if F == "badlane": send("batch", lane="third", mode="prefill", strategy="variable", shape="x", backend="b", request=[m["id"]], order=[0], start_ns=[now()], wall_ns=[1])
    if F == "othermode":
        for o, lane in enumerate(m["order"]): send("batch", lane=lane, mode="kv_decode", strategy="variable", shape="x", backend="b", request=[m["id"]], order=[o], start_ns=[now()], wall_ns=[1000])
        return True
    if F == "dupreq":
        for o in (0, 1): send("batch", lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[m["id"]], order=[o], start_ns=[now()], wall_ns=[1000000])
        return True
    if F == "triple":
        send("batch", lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[m["id"]] * 3, order=[0] * 3, start_ns=[now()] * 3, wall_ns=[1000000] * 3)
        return True
    if F == "emptybatch": send("batch", lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[], order=[], start_ns=[], wall_ns=[])
    if F == "stderr":
        b = b"x" * 199 + b"\n"; c = b * 5000
        for _ in range(60): os.write(2, c)   # 60 MB
    if F == "stderrnl":
        c = b"x" * (1 << 20)
        for _ in range(60): os.write(2, c)
    if F == "stderresc": os.write(2, EVIL.encode() + b"\n\x1b]0;TITLE\x07\x1b[?1049l\x1b[2Jlast words \x1b[31m\n"); os._exit(9)
    if F == "fork":
        if os.fork() == 0:
            time.sleep(N if N > 100 else 3600); os._exit(0)
        os._exit(5)
    if F == "forksetsid":
        if os.fork() == 0:
            os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(2, b"orphan %d\n" % os.getpid())
            time.sleep(600); os._exit(0)
        os._exit(5)
    if F == "floodevents":
        line = (json.dumps(dict(t="event", t_ns=now(), kind="mark", reason="flood")) + "\n").encode() * 1000
        for _ in range(30): raw(line)
    if F == "floodcounters":
        line = (json.dumps(dict(t="counters", groups=[dict(mode="prefill", strategy="variable", unique_graphs=1, compiles=1, recompiles=0, recompile_limit=8, limit_reached=False, fallbacks=0, compile_ns=1)], checks=dict(n=0, failed=0, max_rel_l2=0, tolerance=0))) + "\n").encode() * 1000
        for _ in range(30): raw(line)
    if F == "floodevidence":
        for i in range(20000): send("evidence", lane="optimized", mode="prefill", strategy="variable", shape="1x%d" % i, backend_requested="b", backend_actual="b", compile_ns=1)
    if F == "floodshapes":
        for i in range(20000): send("event", t_ns=now(), kind="compile", lane="optimized", mode="prefill", strategy="variable", shape="1x%d" % i, dur_ns=1000, reason="r")
    if F == "fatal": send("error", fatal=True, code="memory", message="out of memory: \x1b[31mtake a smaller model"); os._exit(1)
    if F == "fatalstay":
        send("error", fatal=True, code="memory", message="out of memory"); time.sleep(3600)
    if F == "errors":
        for i in range(10000): send("error", fatal=False, code="input", message="bad %d" % i)
    if F == "bye": send("bye", samples=1)
    if F == "byestay":
        send("bye", samples=1); time.sleep(3600)
    if F == "extrakeys":
        send("event", t_ns=now(), kind="mark", reason="r", extra={("k%d" % i): i for i in range(50000)})
    return more(m)
def more(m):
    """Faults beyond those that were first tried."""
    row = dict(lane="eager", mode="prefill", strategy="variable", shape="x", backend="b", request=[m["id"]], order=[0], start_ns=[now()], wall_ns=[1])
    if F == "loris":
        for c in (json.dumps({"t": "event", "t_ns": now(), "kind": "mark", "reason": "slow"}) + "\n").encode(): raw(bytes([c])); time.sleep(0.002)
    if F == "halfjson": raw(b'{"t":"batch","lane":\n')
    if F == "nul": raw(b"\0\0\0\n")
    if F == "nulinside": raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"a\0b"}\n')
    if F == "bom": raw(b'\xef\xbb\xbf{"t":"event","t_ns":1,"kind":"mark","reason":"r"}\n')
    if F == "crlf": raw(b'{"t":"event","t_ns":%d,"kind":"mark","reason":"crlf"}\r\n' % now())
    if F == "emptylines": raw(b"\n \n\t\n\r\n")
    if F == "array": raw(b"[1,2]\n")
    if F == "string": raw(b'"batch"\n')
    if F == "null": raw(b"null\n")
    if F == "twoinone": raw(b'{"t":"event","t_ns":1,"kind":"mark","reason":"a"}{"t":"bye","samples":0}\n')
    if F == "tnumber": raw(b'{"t":5}\n')
    if F == "tmissing": raw(b'{"lane":"eager"}\n')
    if F == "tlong": raw(b'{"t":"' + b"x" * (1 << 20) + b'"}\n')
    if F == "reqstring": send("batch", **{**row, "request": "12"})
    if F == "reqnegative": raw(json.dumps({"t": "batch", **row, "request": [-1]}).encode() + b"\n")
    if F == "reqhuge": raw(json.dumps({"t": "batch", **row, "request": [1 << 64]}).encode() + b"\n")
    if F == "reqbool": raw(json.dumps({"t": "batch", **row, "request": [True]}).encode() + b"\n")
    if F == "reqnull": raw(json.dumps({"t": "batch", **row, "request": None}).encode() + b"\n")
    if F == "wallnested": raw(json.dumps({"t": "batch", **row, "wall_ns": [[1]]}).encode() + b"\n")
    if F == "walle400": raw(json.dumps({"t": "batch", **row}).replace('"wall_ns": [1]', '"wall_ns": [1e400]').encode() + b"\n")
    if F == "walldigits": raw(json.dumps({"t": "batch", **row}).replace('"wall_ns": [1]', '"wall_ns": [%s]' % ("9" * 100000)).encode() + b"\n")
    if F == "dupkeys": raw(json.dumps({"t": "batch", **row}).encode()[:-1] + b',"request":[%d,7]}\n' % m["id"])
    if F == "modegone": send("batch", **{k: v for k, v in row.items() if k != "mode"})
    if F == "modelong": send("batch", **{**row, "mode": "m" * 1000000})
    if F == "sigstop": os.kill(os.getpid(), signal.SIGSTOP)
    if F == "forkmany":
        for _ in range(100):
            if os.fork() == 0: os.setsid(); time.sleep(600); os._exit(0)
        os._exit(5)
    if F == "forkchain": # each child forks the next, so that no walk of parents finds the last
        for _ in range(20):
            if os.fork() != 0: os._exit(5)
            os.setsid()
        time.sleep(600)
    if F == "stderrclosed": os.close(2)
    if F == "stderrbinary": os.write(2, bytes(range(256)) * 64)
    if F == "stderrline": os.write(2, b"y" * (32 << 20)); os._exit(9)
    if F == "eventlane": send("event", t_ns=now(), kind="recompile", lane="third", mode="prefill", request=m["id"], reason="r")
    if F == "eventrequest": send("event", t_ns=now(), kind="recompile", lane="eager", mode="prefill", request=1 << 60, reason="r")
    if F == "eventtime": send("event", t_ns=-(1 << 63), kind="mark", reason="r", dur_ns=(1 << 63) - 1)
    if F == "eventmany": raw(b"".join(json.dumps({"t": "event", "t_ns": now(), "kind": "recompile", "lane": "optimized", "mode": "prefill", "shape": "s%d" % i, "request": m["id"], "reason": "r"}).encode() + b"\n" for i in range(5000)))
    if F == "countersneg": send("counters", groups=[dict(mode="prefill", strategy="variable", unique_graphs=-3, compiles=1, recompiles=-9, recompile_limit=8, limit_reached=False, fallbacks=0, compile_ns=-1)], checks=dict(n=0, failed=0, max_rel_l2=0, tolerance=0))
    if F == "countershuge": send("counters", groups=[dict(mode="prefill", strategy="variable", unique_graphs=1, compiles=1, recompiles=(1 << 63) - 1, recompile_limit=8, limit_reached=False, fallbacks=0, compile_ns=1)], checks=dict(n=0, failed=0, max_rel_l2=0, tolerance=0))
    if F == "checksfailed": send("counters", groups=[], checks=dict(n=1, failed=2, max_rel_l2=0, tolerance=0))
    if F == "checksneg": send("counters", groups=[], checks=dict(n=1, failed=0, max_rel_l2=-1, tolerance=0))
    if F == "evidenceneg": send("evidence", lane="optimized", mode="prefill", strategy="variable", shape="1x8", backend_requested="b", backend_actual="b", compile_ns=-1)
    if F == "flushedunasked": send("flushed", id=77, dropped=[m["id"]])
    if F == "clearedunasked": send("cleared", id=77, freed=-3)
    if F == "profiledunasked": send("profiled", id=77, files=["../../etc/passwd", "\x1b[2J"], error="")
    if F == "workbad": send("work", lane="third", mode="prefill", shape="x", tokens=-1, new_tokens=-1, passes=[{"times": -1, "natural": {"bytes": -1, "ops": -1}, "executed": {"bytes": -1, "ops": -1}}])
    if F == "byelies": send("bye", samples=10**15)
    if F == "hostwords": send("req", id=1, mode="prefill"); send("stop")
    if F == "echo": raw((json.dumps(m) + "\n").encode())
    if F == "fatalempty": send("error", fatal=True, message=""); os._exit(1)
    if F == "fatallong": send("error", fatal=True, message="m" * 1000000); os._exit(1)
    return False
def mutate(b, n, m):
    if n < N: return b
    if F == "negwall": b["wall_ns"] = [-5]
    if F == "zerowall": b["wall_ns"] = [0]
    if F == "hugewall": b["wall_ns"] = [(1 << 63) - 1]
    if F == "minwall": b["wall_ns"] = [-(1 << 63)]
    if F == "future": b["start_ns"] = [now() + 10**18]
    if F == "future1h": b["start_ns"] = [now() + 3600*10**9]
    if F == "past": b["start_ns"] = [-(1 << 62)]
    if F == "maxstart": b["start_ns"] = [(1 << 63) - 1]
    if F == "negcols": b.update(compile_ns=[-9], device_ns=[-9], ttft_ns=[-9], executed_tokens=[-9], kv_tokens=[-9], run_delay_ns=[-9], minflt=[-9], majflt=[-9], nivcsw=[-9])
    if F == "hugecols": b.update(compile_ns=[(1<<63)-1], device_ns=[(1<<63)-1], ttft_ns=[(1<<63)-1], executed_tokens=[(1<<62)], kv_tokens=[1<<62], run_delay_ns=[(1<<63)-1], minflt=[(1<<63)-1], majflt=[1<<62], nivcsw=[1<<62])
    if F == "order300": b["order"] = [300]
    if F == "orderneg": b["order"] = [-1]
    if F == "swaplane": b["lane"] = "eager" if b["lane"] == "optimized" else "optimized"
    if F == "evilnames": b.update(shape=EVIL, backend="../../../../../../../../../.../evil_be")
    if F == "manyshapes": b["shape"] = "s%d" % random.randrange(1 << 60)
    if F == "longshape": b["shape"] = "s" * 1000000 + str(n)
    if F == "erroresc": b["error"] = [EVIL]
    if F == "allerrors": b["error"] = ["no kernel"]
    if F == "dieeach": os._exit(4)
    if F == "dieeachreq":
        os._exit(4)
    if F == "slow": time.sleep(0.1)
    if F == "drop": return None
    if F == "backwards": b["start_ns"] = [now() - n * 10**6]
    if F == "startsame": b["start_ns"] = [START]
    if F == "steps": b.update(steps_ns=[[1] * 20000], steps_kv=[[1] * 20000])
    if F == "stepsneg": b.update(steps_ns=[[-1, 1 << 62]], steps_kv=[[-1]])
    return b
def at_stop():
    if F == "stophang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True: time.sleep(3600)
    if F == "stopfork":
        if os.fork() == 0:
            os.setsid(); os.write(2, b"orphan %d\n" % os.getpid()); time.sleep(600); os._exit(0)
    if F == "stopflood":
        try:
            while True: send("event", t_ns=now(), kind="mark", reason="x" * 1000)
        except BrokenPipeError: os._exit(0)
def at_end():
    if F == "exit5_end": os._exit(5)
    if F == "segv_end": die(signal.SIGSEGV)
START = now()
h = dict(HELLO); pre_hello(h)
if h is not None and F != "nohello": send("hello", **h)
post_hello()
n = 0; pend = []
for line in sys.stdin:
    m = json.loads(line); t = m["t"]
    if t == "load":
        l = dict(LOADED); pre_loaded(l); send("loaded", **l); post_loaded()
    elif t == "req":
        n += 1
        if n == N and at_n(m): continue
        for o, lane in enumerate(m["order"]):
            s = now(); wall = 200_000 + random.randrange(50_000)
            time.sleep(0.0005)
            b = dict(lane=lane, mode=m["mode"], strategy=m["strategy"]["prefill"], shape=f"1x{m['exec'][lane=='optimized']}",
                 backend="py-" + ("eager" if lane == "eager" else "opt"), request=[m["id"]], order=[o], start_ns=[s], wall_ns=[wall])
            b = mutate(b, n, m)
            if b: send("batch", **b)
    elif t == "flush": send("flushed", id=m["id"], dropped=[])
    elif t == "clear": send("cleared", id=m["id"], freed=0)
    elif t == "profile": send("profiled", id=m["id"], files=[], error="none")
    elif t == "stop":
        at_stop(); break
send("bye", samples=rows)
at_end()
