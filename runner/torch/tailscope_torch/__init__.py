"""The PyTorch engine of tailscope.

wire      lines in and out, batches of samples
options   the engine's own options, checked
models    the user's model or one made by configuration, on its device
calls     the functions that are timed: prefill, decode steps, caches
groups    compiled callables and counters, one group a mode and strategy
evidence  what torch says of itself: compiles, reasons, recordings, limits
timing    timed regions, and what the host did meanwhile
check     comparison of the lanes' outputs, outside every timed region
profiler  torch.profiler windows, kernels of the two lanes side by side
engine    the worker's life: hello, load, requests, stop
selftest  all of it without a supervisor
"""
