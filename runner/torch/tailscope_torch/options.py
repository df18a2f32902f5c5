"""The engine's own options: strings from the load message, checked here."""

CHOICES = {
    "device": ("auto", "cuda", "cpu", "mps"),
    "dtype": ("float32", "float16", "bfloat16"),
    "mode": ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"),
    "stance": ("default", "eager_on_recompile", "fail_on_recompile", "force_eager", "eager_then_compile"),
    "steps": ("auto", "events", "host", "off"),
    "step_graph": ("trees", "own"),
    "dynamic_by": ("mark", "unbacked", "spec"),
}
FLAGS = ("fullgraph", "disable_cudagraphs", "nvtx", "allow_pickle", "explain", "merge", "regional")
LEAST = {"static_len": 0, "cache_block": 0, "prefill_chunk": 1}  # whole numbers
SIZES = ("layers", "heads", "kv_heads", "width", "inner", "vocab", "positions")
DEFAULTS = {
    "device": "auto", "dtype": "float32", "backend": "inductor", "mode": "reduce-overhead", "fullgraph": False,
    "attn": "", "disable_cudagraphs": False, "stance": "default", "nvtx": False, "entry": "", "allow_pickle": False,
    "explain": True, "steps": "auto", "static_len": 0, "inductor_cache": "keep",
    "step_graph": "trees", "merge": False, "regional": False, "optimized_attn": "", "mega_cache": "",
    "dynamic_dims": "", "dynamic_by": "mark", "prefill_chunk": 64, "cache_block": 0,
}
LIVE = ("stance", "mode", "backend", "fullgraph", "disable_cudagraphs", "nvtx", "steps", "step_graph")  # may change while running


class OptionError(ValueError):
    """A sentence that says which option is wrong and what it may be."""


def parse(given, base=None):
    """Returns all options; given maps names to strings. "config.NAME" sets a
    size of a model made by configuration, "compile.NAME" an Inductor option."""
    o = dict(base or DEFAULTS)
    o["config"], o["compile"] = dict(o.get("config", {})), dict(o.get("compile", {}))
    for name, value in (given or {}).items():
        value = str(value)
        if name.startswith("config."):
            size = name[len("config."):]
            if size not in SIZES:
                raise OptionError(f'option "{name}" is unknown: sizes are {", ".join(SIZES)}')
            o["config"][size] = integer(name, value, 1)
        elif name.startswith("compile."):
            o["compile"][name[len("compile."):]] = literal(value)
        elif name in FLAGS:
            if value not in ("true", "false"):
                raise OptionError(f'option "{name}" is "{value}": want true or false')
            o[name] = value == "true"
        elif name in LEAST:
            o[name] = integer(name, value, LEAST[name])
        elif name in CHOICES:
            if value not in CHOICES[name]:
                raise OptionError(f'option "{name}" is "{value}": want one of {", ".join(CHOICES[name])}')
            o[name] = value
        elif name in DEFAULTS:
            o[name] = value
        else:
            known = sorted(list(DEFAULTS) + ["config.SIZE", "compile.NAME"])
            raise OptionError(f'option "{name}" is unknown: the torch engine has {", ".join(known)}')
    return o


def integer(name, value, least):
    try:
        n = int(value)
    except ValueError:
        n = least - 1
    if n < least:
        raise OptionError(f'option "{name}" is "{value}": want a whole number of at least {least}')
    return n


def literal(value):
    words = {"true": True, "false": False}
    if value in words:
        return words[value]
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return value
