"""Starts vLLM's own server on a made model (serve_model.py's), once captured for
few sizes and once eager, and attaches: python vllm_part.py TAILSCOPE MODEL OUT

Concurrency 6 falls off the captured sizes 1, 2, 4. Meanwhile other requests come
from elsewhere, for which vLLM's warm-up compiled no Triton kernel: another
number of log probabilities than 5, and ten at once that sample by top-k or
top-p (from eight rows on a kernel does that; it was warmed up for 16). The last
run is recorded as a .cast. Prints what was seen."""
import importlib.machinery
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import urllib.request

tailscope, model, out = sys.argv[1:]
begin = time.time()
common = ["--model", model, "--served-model-name", "m", "--max-model-len", "1024", "--gpu-memory-utilization", "0.2", "--kv-cache-memory-bytes", str(2 << 30), "--max-num-seqs", "16", "--dtype", "bfloat16",
          "--enable-logging-iteration-details", "--cudagraph-metrics", "--jit-monitor-verbose"]


def start(name, flags, env):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = open(os.path.join(out, name + ".log"), "w")
    cmd = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1", "--port", str(port), *common, *flags]
    return subprocess.Popen(cmd, stdout=log, stderr=log, env={**os.environ, **env}, start_new_session=True), port, log.name


def healthy(server, port):
    while server.poll() is None and time.time() < begin + 150:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).status == 200
        except OSError:
            time.sleep(0.5)
    return False


KERNELS = {"log probabilities": ({"logprobs": 1}, {"logprobs": 3}, {"logprobs": 10}, {"logprobs": 20}, {"logprobs": 15}),
           "sampling": ({"top_k": 20, "top_p": 0.9}, {"top_k": 20}, {"top_p": 0.9})}


def stir(port, *plans):
    """Sends one request a plan of the first kind, ten of the second, two seconds apart."""
    def one(plan, i):
        body = {"model": "m", "prompt": [1000 + 7 * i] * (20 + i), "max_tokens": 24, "temperature": 0.8, "ignore_eos": True, **plan}
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}), timeout=60).read()
        except OSError as e:
            print("a sampling request failed:", e)
    for n, plan in enumerate(plans):
        for i in range(1 if "logprobs" in plan else 10):
            threading.Timer(2 + 2 * n, one, (plan, i)).start()


def screen(*args):
    """Records the screen with attach-gpu-check's own recorder: attach.cast."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "attach-gpu-check")
    loader = importlib.machinery.SourceFileLoader("attach_gpu_check", path)
    check = importlib.util.module_from_spec(importlib.util.spec_from_loader("attach_gpu_check", loader))
    loader.exec_module(check)
    check.Check(types.SimpleNamespace(tailscope=tailscope, out=out)).screen("attach", ["attach", *args, "--out", out, "--served-model", "m", "--warmup", "0", "--max-new-tokens", "32"], 28, keys=[(16, "6"), (24, "3")])


def attach(name, *args):
    r = subprocess.run([tailscope, "attach", *args, "--out", out, "--served-model", "m", "--json", "--warmup", "0", "--max-new-tokens", "32"], capture_output=True, text=True, timeout=60)
    with open(os.path.join(out, name + ".txt"), "w") as f:
        f.write(r.stdout + "\n" + r.stderr)
    try:
        j = json.loads(r.stdout)
    except ValueError:
        return print(name, "FAILED", (r.stderr or r.stdout)[-600:])
    for g in j["summaries"].get("e2e_kv", {}).get("groups", []):
        if g["scenario"] == "*" and g["segment"] == "*":
            print(f"{name}: {g['lane']} n {g['n']}, p50 {g['p50_ms']:.1f} ms, TTFT p50 {g['ttft_p50_ms'] or 0:.2f} p99 {g['ttft_p99_ms'] or 0:.2f}, ITL p50 {g['itl_p50_ms'] or 0:.3f} p99 {g['itl_p99_ms'] or 0:.3f}")
    with open(os.path.join(j["dir"], "events.jsonl")) as f:
        for e in map(json.loads, f):
            x = e.get("extra") or {}
            if e["kind"] not in ("shape_new", "cold_start", "loaded") and (x.get("overlaps") or e["kind"] != "mark" or x.keys() & {"identity_check", "overlapping", "capture_sizes", "unknown"}):
                print("   ", e["kind"], e["reason"][:300])


servers = []
try:
    sizes = json.dumps({"cudagraph_capture_sizes": [1, 2, 4]})
    servers = [start("vllm-captured", ["--compilation-config", sizes], {}), start("vllm-eager", ["--enforce-eager"], {})]
    up = [healthy(s, port) for s, port, _ in servers]
    print(f"healthy after {time.time() - begin:.0f} s: {up}")
    (_, a, la), (_, b, lb) = servers
    logprobs, sampling = KERNELS.values()
    if all(up):
        both = [f"127.0.0.1:{a}", f"127.0.0.1:{b}", "--log", la, "--log", lb]
        attach("one at a time", *both, "--reps", "4")
        attach("six at a time", *both, "--reps", "8", "--concurrency", "6")
        stir(a, logprobs[0], sampling[0], logprobs[1])
        attach("captured alone, six at a time", both[0], "--log", la, "--concurrency", "6", "--duration", "10s")
        stir(a, *logprobs[2:], *sampling[1:])
        screen(*both, "--concurrency", "6")
        for log in (la, lb):
            print(os.path.basename(log), *[line.strip()[:200] for line in open(log, errors="replace") if "JIT compilation" in line][:4], sep="\n    ")
    elif any(up):
        port, log = (a, la) if up[0] else (b, lb)
        stir(port, logprobs[0], sampling[0], logprobs[1])
        attach("one server", f"127.0.0.1:{port}", "--log", log, "--concurrency", "6", "--duration", "10s")
    for _, port, log in servers:
        try:
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read()
            open(log[:-4] + ".metrics", "wb").write(page)
        except OSError as e:
            print(os.path.basename(log), "no metrics:", e, open(log, errors="replace").read()[-1500:])
finally:
    for s, _, _ in servers:
        try:
            os.killpg(s.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
print(f"took {time.time() - begin:.0f} s")
