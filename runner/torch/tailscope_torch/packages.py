"""AOTInductor packages as a backend of mode forward: a module is exported for the
sizes of its inputs, compiled ahead of time into a package, and run from what is
loaded of it, as a program that ships the package runs it."""

import contextlib
import os

import torch

from . import calls
from .wire import named, now

NAME = "aoti"


def lacks():
    """Why this torch or machine makes no packages; empty where it does."""
    try:
        from torch._inductor import aoti_compile_and_package, aoti_load_package  # noqa: F401  only whether they are there
        from torch._inductor.cpp_builder import get_cpp_compiler
        get_cpp_compiler()
    except Exception as e:
        return f"AOTInductor packages need a torch that makes them (2.6) and a C++ compiler: {named(e)}"
    return ""


def sizes(inputs):
    """What tells inputs of one package from another's, at whatever depth: no tensor's
    values, which only a device could say."""
    from torch.utils._pytree import tree_flatten
    leaves, spec = tree_flatten(dict(inputs))
    return repr(spec), *((x.shape, x.stride(), x.dtype, x.device) if isinstance(x, torch.Tensor) else (type(x), x if hashable(x) else repr(x)) for x in leaves)


def hashable(x):
    try:
        hash(x)
    except TypeError:
        return False
    return True


class Packages:
    """A call that keeps a package for each set of sizes. made(start, end, graphs,
    reason, id) hears of each."""

    def __init__(self, module, options, made):
        self.module, self.options, self.made, self.loaded = module, options, made, {}

    def __call__(self, inputs):
        key = sizes(inputs)
        run = self.loaded.get(key)
        if run is None:
            run = self.loaded[key] = self.make(inputs)
        return run(**inputs)

    def make(self, inputs):
        from torch._inductor import aoti_compile_and_package, aoti_load_package
        began = now()
        exported = torch.export.export(self.module, (), dict(inputs))
        path = os.path.join(calls.folder(), f"package_{next(calls.serial)}.pt2")
        try:
            run = aoti_load_package(aoti_compile_and_package(exported, package_path=path, inductor_configs=dict(self.options)))
        finally:
            with contextlib.suppress(OSError):
                os.remove(path)  # the loader runs what it has unpacked
        self.made(began, now(), 1, "", "")
        return run
