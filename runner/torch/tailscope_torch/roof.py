"""What the device can do: read rates by working set, and the matrix rate.

Run as a program, in a process of its own before the model is loaded, so that
no library is warm in the worker because of it. Known() keeps the answer a
month, by device, clocks, threads and precision."""

import functools
import hashlib
import json
import os
import platform
import subprocess
import sys
import time

MONTH = 30 * 24 * 3600
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
TIMES = 0.01  # seconds a rate is measured, three times


def known(device, index, dtype, threads, products="highest"):
    """The roof of a device from the cache, or measured now; products is how float32
    is multiplied. Raises OSError, ValueError or a subprocess's error."""
    import torch
    path = os.path.join(folder(), key(torch, device, index, dtype, threads, products) + ".json")
    try:
        if time.time() - os.path.getmtime(path) < MONTH:
            with open(path) as f:
                return {**json.load(f), "took_s": 0}
    except (OSError, ValueError):
        pass
    done = subprocess.run([sys.executable, os.path.abspath(__file__), device, str(index), dtype, str(threads), products],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, text=True)
    if done.returncode:
        raise ValueError((done.stderr.strip().splitlines() or ["it ended without a word"])[-1])
    roof = json.loads(done.stdout.splitlines()[-1])
    keep(path, roof)
    return roof


def folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "tailscope", "roof")


def key(torch, device, index, dtype, threads, products):
    """Names what was measured: another clock is another device."""
    if device == "cuda":
        p = torch.cuda.get_device_properties(index)
        what = [p.name, str(getattr(p, "uuid", index)), getattr(p, "clock_rate", 0), getattr(p, "memory_clock_rate", 0)]
    else:
        what = [platform.node(), platform.machine(), cpu(), threads]
    text = json.dumps([1, device, what, dtype, products, str(torch.__version__)])
    return "torch-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def cpu():
    """The CPU's name and its highest clock, as far as Linux tells."""
    words = []
    for path, start in (("/proc/cpuinfo", "model name"), ("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "")):
        try:
            with open(path) as f:
                words.append(next(line.strip() for line in f if line.startswith(start)))
        except (OSError, StopIteration):
            words.append("")
    return words


def keep(path, roof):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        part = f"{path}.{os.getpid()}"
        with open(part, "w") as f:
            json.dump(roof, f)
        os.replace(part, path)
    except OSError as e:
        print(f"the device's rates are not kept: {e}", file=sys.stderr)


def measure(device, index, dtype, threads, how_float32):
    import torch
    torch.set_float32_matmul_precision(how_float32)
    torch.set_grad_enabled(False)
    if threads:
        torch.set_num_threads(threads)
    where = torch.device(device, index) if device == "cuda" else torch.device(device)
    began = time.perf_counter()
    clock = Clock(torch, where)
    read = reads(torch, where, clock)
    ops = products(torch, where, getattr(torch, dtype), clock)
    how = "torch: sum and matrix × vector over a set that is read again and again, square products"
    return {"read": read, "ops_per_s": ops, "precision": dtype, "how": how, "took_s": round(time.perf_counter() - began, 3)}


class Clock:
    """Least time of a call, seconds, by repeating it."""

    def __init__(self, torch, where):
        self.sync = getattr(getattr(torch, where.type, None), "synchronize", lambda: None)

    def repeat(self, call, n):
        self.sync()
        t = time.perf_counter()
        for _ in range(n):
            call()
        self.sync()
        return (time.perf_counter() - t) / n

    def least(self, call):
        once = min(self.repeat(call, 1) for _ in range(2))
        n = max(1, min(1000, round(TIMES / max(once, 1e-7))))
        return min(self.repeat(call, n) for _ in range(3))


def reads(torch, where, clock):
    """Rates by working set. What a call of its own costs is taken off; sets so
    small that it is more than half are left out."""
    free = torch.cuda.mem_get_info(where)[0] if where.type == "cuda" else GIB
    sizes = [n for n in ([16 * MIB, 64 * MIB, 256 * MIB, GIB, 4 * GIB] if where.type == "cuda" else
                         [256 * KIB, MIB, 4 * MIB, 16 * MIB, 128 * MIB]) if n <= max(free // 4, 16 * MIB)]
    data = torch.ones(sizes[-1] // 4, dtype=torch.float32, device=where)  # written: memory that was not is all one page
    one = torch.zeros(1, dtype=torch.int64, device=where)
    call, out = clock.least(one.sum), []
    for n in sizes:
        part = data[:n // 4]
        ints, matrix = part.view(torch.int64), part.view(-1, 1024)
        vector = torch.zeros(1024, device=where)
        best = min(clock.least(ints.sum), clock.least(functools.partial(torch.mv, matrix, vector)))
        if best > 2 * call or n == sizes[-1]:
            out.append({"bytes": n, "per_s": n / (best - call)})
    for smaller, larger in zip(out[-2::-1], out[:0:-1]):  # what is read fast from a larger set is from a smaller one
        smaller["per_s"] = max(smaller["per_s"], larger["per_s"])
    return out


def products(torch, where, dtype, clock):
    """Operations a second of the fastest square product."""
    best, n = 0.0, 256
    while n <= (8192 if where.type == "cuda" else 1024):
        a, b = torch.zeros((n, n), dtype=dtype, device=where).normal_(), torch.zeros((n, n), dtype=dtype, device=where).normal_()
        product = functools.partial(torch.matmul, a, b)
        t = clock.repeat(product, 2)
        if t < 0.2:
            t = min(t, clock.least(product))
        best = max(best, 2 * n ** 3 / t)
        if t > 0.1:
            break
        n *= 2
    return best


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])))
