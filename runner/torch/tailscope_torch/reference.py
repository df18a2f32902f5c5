"""The same model in higher precision, to judge by which of two lanes is wrong.

Two computations in one precision differ by rounding, and greedy tokens part at
near ties, with nothing wrong. As PyTorch's own accuracy check does
(torch._dynamo.utils.same), the lanes are compared with a reference: float64
for float32, float32 for half precision. The optimized lane is wrong when it is
farther from it than MULTIPLE times what the eager lane is, and a floor."""

import copy

import torch

from .wire import log, named, now

MULTIPLE = 3
MOST = 8  # references a mode and strategy: each costs an eager run in higher precision
HIGHER = {"float32": "float64", "float16": "float32", "bfloat16": "float32"}


class Reference:
    """Made when lanes differ for the first time; why says why there is none."""

    def __init__(self, model, lanes, keep):
        self.model, self.like, self.keep = model, lanes, keep
        self.lanes, self.why = None, ""
        self.taken, self.spent_ns = {}, 0
        self.innocent = {}  # the largest distance of the lanes in which nothing was wrong

    def judge(self, key, req, floor, distance, eager, optimized, tokens, head):
        """(wrong, why in a phrase) by the reference; None where there is none. eager and optimized are what was compared, as
        lists of tensors; tokens, where given, are forced on decode steps, and
        head says that it was the prefill of an end-to-end request."""
        apart = max(map(distance, eager, optimized))
        if self.taken.get(key, 0) >= MOST:
            known = self.innocent.get(key, 0)
            return apart > 2 * known, f"; {MOST} references were taken, of lanes up to {known:.3g} apart with nothing wrong"
        began = now()
        try:
            ref = self.run(req, tokens, head)
        except Exception as e:
            self.why = f"the reference failed: {named(e)}"
            log(self.why)
            ref = None
        if ref is None:
            return None, f"; nothing has judged that: {self.why}"
        self.taken[key] = self.taken.get(key, 0) + 1
        ref = ref[-len(eager):]
        e, o = (max(map(distance, ref, x)) for x in (eager, optimized))
        self.spent_ns += now() - began
        wrong = o > max(MULTIPLE * e, floor)
        if not wrong:
            self.innocent[key] = max(apart, self.innocent.get(key, 0))
        return wrong, f"; from a reference in higher precision the optimized lane is {o:.3g} away, the eager lane {e:.3g}"

    def run(self, req, tokens, head):
        if self.lanes is None and not self.why:
            self.make()
        if self.lanes is None:
            return None
        with self.lanes.untimed({**req, "aa": False}, "eager") as job:
            if head:
                return [job.head()]
            if tokens is None:
                job.go()
                return [self.keep(job).last]
            out = []
            job.go(forced=(tokens, out))
            return out

    def make(self):
        """The module in higher precision on the same device: a copy where its
        memory allows, else its weights one by one."""
        m = self.model
        name = HIGHER.get(str(m.dtype).replace("torch.", ""))
        if name is None:
            self.why = f"no higher precision than {m.dtype} is at hand"
            return
        dtype = getattr(torch, name)
        wide = 8 if name == "float64" else 4
        whole = sum(t.numel() for t in [*m.module.parameters(), *m.module.buffers()]) * wide
        largest = max((sum(p.numel() for p in x.parameters(False)) for x in m.module.modules()), default=0) * wide
        buffers = sum(b.numel() for b in m.module.buffers() if b.is_floating_point()) * wide
        if 2 * largest + buffers > room(m.device):
            self.why = f"not even one module of {largest / 1e9:.1f} GB in {name} fits beside the model"
            return
        twin = copy.copy(m)
        twin.module, twin.dtype = streamed(m.module, dtype) if whole > room(m.device) / 2 else copy.deepcopy(m.module).to(dtype), dtype
        self.lanes = self.like.beside(twin)

    def message(self):
        return {"n": sum(self.taken.values()), "ns": self.spent_ns, "why": self.why}


def streamed(module, dtype):
    """A twin on the module's own weights, each of which is wider where it is read, and no
    longer. Buffers are its own: a module may write them."""
    twin, wide = copy.deepcopy(module, {id(p): p for p in module.parameters()}), {}
    for m in twin.modules():
        m._parameters = Widening(m._parameters, dtype)
        for name, b in m._buffers.items():
            if b is not None and b.is_floating_point():
                m._buffers[name] = wide.setdefault(id(b), (b, b.to(dtype)))[1]  # b stays: its id is its name here
        if isinstance(m, torch.nn.RNNBase):  # computes with a list of its weights
            m.register_forward_pre_hook(lambda m, args: setattr(m, "_flat_weights", [getattr(m, n) for n in m._flat_weights_names]))
            m.register_forward_hook(lambda m, args, out: m._flat_weights.clear(), always_call=True)
    return twin


class Widening(dict):
    """A module's parameters; one that is read by its name is in a wider precision, whoever reads
    it: attention and T5's layers compute with their children's."""

    def __init__(self, own, dtype):
        super().__init__(own)
        self.dtype = dtype

    def __getitem__(self, name):
        p = super().__getitem__(name)
        if p is None or not p.is_floating_point():
            return p
        return torch.nn.Parameter(p.detach().to(self.dtype), requires_grad=False)


def room(device):
    """Bytes that are free on a device. What only this process keeps is room, too, and
    stays kept: torch gives it back where an allocation needs it, and requests that are
    timed next would pay for all of it."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    try:
        with open("/proc/meminfo") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return 0
