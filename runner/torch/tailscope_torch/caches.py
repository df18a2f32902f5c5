"""Compiled kernels that outlive a process: which start-up this is.

inductor_cache is where Inductor keeps kernels and graphs: "keep" is torch's own
place, "fresh" an empty folder that goes with the process (a cold start), a folder
one that a later process finds (a warm start). mega_cache is a file of
torch.compiler.save_cache_artifacts: read before anything is compiled if it is
there, else written at the end."""

import atexit
import os
import shutil
import tempfile

import torch

from .options import OptionError
from .wire import named


def begin(opts):
    """Puts the caches in place; returns notes on them. Raises OptionError."""
    where = opts["inductor_cache"]
    if where == "fresh":
        where = tempfile.mkdtemp(prefix="tailscope-inductor-")
        atexit.register(shutil.rmtree, where, True)
    if where != "keep":
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.abspath(where)
        os.environ["TRITON_CACHE_DIR"] = os.path.join(os.path.abspath(where), "triton")
    path = opts["mega_cache"]
    if not path:
        return []
    if not hasattr(getattr(torch, "compiler", None), "load_cache_artifacts"):
        raise OptionError(f"torch {torch.__version__} has no torch.compiler.load_cache_artifacts, which mega_cache needs: it came with 2.7")
    if not os.path.exists(path):
        return [f"mega-cache: {path} is not there yet: it is written at the end"]
    with open(path, "rb") as f:
        found = torch.compiler.load_cache_artifacts(f.read())
    if found is None:
        return [f"mega-cache: nothing could be read from {path}"]
    kinds = {k: len(v) for k, v in getattr(found, "artifacts", {}).items() if v}
    return [f"mega-cache: {sum(kinds.values())} artifacts loaded ({', '.join(f'{n} {k}' for k, n in sorted(kinds.items()))})"]


def end(opts):
    """Writes the artifacts where there were none; returns a sentence, or why
    it could not."""
    path = opts["mega_cache"]
    if not path or os.path.exists(path):
        return ""
    try:
        made = torch.compiler.save_cache_artifacts()
        if made is None:
            return "mega-cache: torch has no artifacts to save"
        with open(path + ".new", "wb") as f:
            f.write(made[0])
        os.replace(path + ".new", path)
        return f"mega-cache: {len(made[0])} bytes written to {path}"
    except Exception as e:
        return f"mega-cache: not written: {named(e)}"
