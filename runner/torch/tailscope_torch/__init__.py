"""The PyTorch engine of tailscope.

engine    the worker's life: hello, load, messages, stop
wire      lines in and out, batches of samples
options   the engine's own options, checked
models    the user's model or one made by configuration, on its device
worker    what each message does, once a model is loaded
requests  one request after the other, from due time to sample
lanes     makes of a request and a lane a job: which functions run, on what
job       such a job, with its times
calls     the functions that are timed: prefill, decode steps, caches
chunks    a prompt in pieces; walk: a decode's steps, on caches (statics), as one CUDA graph (stepgraph), timed (steps)
groups    compiled callables and counters, one group a mode and strategy
rewrites  the module as the optimized lane has it; regional: its blocks compiled once; packages: AOTInductor's
dynamics  dimensions marked dynamic; caches: compiled kernels that outlive a process
regions   runs a job's timed region
timing    clocks of host and device, and what the host did meanwhile
work      bytes and operations of a request, by a pass that computes nothing
roof      what the device can do, measured in a process of its own
evidence  what torch says of itself: compiles, reasons, limits; recordings: of CUDA graphs
story     tells it: events as they happen, evidence and counters afterwards
check     comparison of the lanes' outputs, outside every timed region; reference: judged in higher precision
profiler  torch.profiler windows, kernels of the two lanes side by side
hook      what "tailscope exec" puts into a program; hookcall: around a call, hookwatch: torch's words, hooklink: the way out
"""
