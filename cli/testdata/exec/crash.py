"""Dies of a signal in the middle."""
import os
import signal
import time

import torch

f = torch.compile(lambda x: x * 2, backend="eager")
for i in range(20):
    f(torch.ones(3))
time.sleep(0.2)
os.kill(os.getpid(), signal.SIGSEGV)
