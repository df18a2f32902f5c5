"""Calls until whoever started it is gone and for a while more, and says how many it made."""
import os
import sys
import time

import torch

f = torch.compile(lambda x: x * 2, backend="eager")
n, parent = 0, os.getppid()
late = end = time.monotonic() + 300
while time.monotonic() < end:
    f(torch.ones(3))
    if end == late and os.getppid() != parent:
        end = time.monotonic() + float(sys.argv[1])
    n += 1
    time.sleep(0.001)
print("calls", n, flush=True)
