"""What the hook costs a call of about 1 ms: pairs of a hooked and a bare call
in random order, by the CPU time of the thread, as other work is in wall time;
and by the functions called, which is the same on every machine."""
import random
import statistics
import sys
import time

import torch

device = "cuda" if torch.cuda.is_available() else "cpu"  # there the call ends in .item(), as a service's does
torch.set_num_threads(1)
torch.set_grad_enabled(False)
n, reps = (1024, 20) if device == "cuda" else (256, int(sys.argv[1]) if sys.argv[1:] else 2)
w, x = torch.randn(n, n, device=device), torch.randn(n, n, device=device)


@torch.compile(backend="eager")
def step(x):
    for _ in range(reps):
        x = torch.tanh(x @ w)
    return x[0, 0]


bare = getattr(step, "__wrapped__", step)
for f in (step, bare) * 40:
    f(x).item()
time.sleep(0.1)  # the hook's thread learns what such a call takes


def called(f):
    n = 0

    def count(frame, event, arg):
        nonlocal n
        n += event in ("call", "c_call")
    sys.setprofile(count)
    f(x)
    sys.setprofile(None)
    return n


wall, cpu = ([], []), ([], [])
for _ in range(1000):
    for which in random.sample((0, 1), 2):
        c, t = time.thread_time_ns(), time.perf_counter_ns()
        (step if which else bare)(x).item()
        t, c = time.perf_counter_ns() - t, time.thread_time_ns() - c
        wall[which].append(t)
        cpu[which].append(c)
added = [statistics.median(b - a for a, b in zip(*v)) for v in (wall, cpu)]
least = [statistics.quantiles(v, n=10)[0] for v in cpu]  # of calls that nothing else disturbed
print(f"hooked {step is not bare}: p50 {statistics.median(wall[0]) / 1e3:.1f} us, added wall {added[0] / 1e3:.1f} us, "
      f"added cpu {added[1] / 1e3:.1f} us, undisturbed {(least[1] - least[0]) / 1e3:.1f} us, functions {min(called(step) - called(bare) for _ in range(9))}", flush=True)
