"""Imported by every Python that starts below "tailscope exec", before the
program. It runs the sitecustomize that it hides, and waits for torch to be
imported: nothing else of the program changes until then."""

import os
import sys


def next_sitecustomize(here):
    """Runs the user's own sitecustomize, the next one on the path."""
    import importlib.machinery
    import importlib.util
    rest = [p for p in sys.path if os.path.abspath(p or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


class Waiter:
    """A finder that lets torch be found as ever, and acts once it is whole. Looking
    for torch is not importing it: transformers looks first."""

    def __init__(self, here):
        self.here = here

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        spec = next((s for f in sys.meta_path if f is not self and (s := f.find_spec(name, path, target))), None)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                begin(self.here)

        spec.loader.exec_module = exec_module
        return spec


def begin(here):
    """Hooks torch.compile. What fails here is told and never the program's.
    Processes that Inductor starts to compile in are none of the program's."""
    if "compile_worker" in getattr(sys, "argv", [""])[0]:
        return
    try:
        import importlib.util
        folder = os.path.join(os.path.dirname(here), "tailscope_torch")
        spec = importlib.util.spec_from_file_location("tailscope_torch", os.path.join(folder, "__init__.py"),
                                                      submodule_search_locations=[folder])
        sys.modules["tailscope_torch"] = package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
        from tailscope_torch import hook
        hook.install()
    except Exception as e:
        print(f"tailscope: torch.compile is not observed: {type(e).__name__}: {e}", file=sys.stderr)


if os.environ.get("TAILSCOPE_EXEC"):
    _here = os.path.dirname(os.path.abspath(__file__))
    sys.meta_path.insert(0, Waiter(_here))
    next_sitecustomize(_here)
