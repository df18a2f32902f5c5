"""The model under test: by configuration with random weights from the seed,
from a local Hugging Face folder, or made by the user's own function."""

import contextlib
import hashlib
import importlib.util
import json
import os
import sys

import torch

from .wire import named

BUILTINS = {  # family, sizes; weights are random, from the seed
    "tiny-gpt2": ("gpt2", dict(layers=2, heads=2, width=2, vocab=50257, positions=1024)),
    "small-gpt2": ("gpt2", dict(layers=4, heads=4, width=128, vocab=8192, positions=1024)),
    "gpt2": ("gpt2", dict(layers=12, heads=12, width=768, vocab=50257, positions=1024)),
    "gpt2-medium": ("gpt2", dict(layers=24, heads=16, width=1024, vocab=50257, positions=1024)),
    "gpt2-large": ("gpt2", dict(layers=36, heads=20, width=1280, vocab=50257, positions=1024)),
    "tiny-llama": ("llama", dict(layers=2, heads=4, kv_heads=2, width=64, inner=172, vocab=32000, positions=2048)),
    "llama": ("llama", dict(layers=12, heads=12, kv_heads=4, width=768, inner=2048, vocab=32000, positions=2048)),
    "llama-1b": ("llama", dict(layers=16, heads=32, kv_heads=8, width=2048, inner=8192, vocab=128256, positions=4096)),  # Llama-3.2-1B's shape
    "llama-8b": ("llama", dict(layers=32, heads=32, kv_heads=8, width=4096, inner=14336, vocab=128256, positions=8192)),  # Llama-3.1-8B's
}
LARGE = ("llama-1b", "llama-8b")  # drawn on the device: a host would take minutes


class ModelError(ValueError):
    """A sentence that says what to do. code is the protocol's error code."""

    def __init__(self, message, code="model"):
        super().__init__(message)
        self.code = code


class Model:
    """A module on its device with what the worker must know of it."""

    def __init__(self, module, device, dtype, name):
        self.module, self.device, self.dtype, self.name = module, device, dtype, name
        self.config = getattr(module, "config", None)
        self.kind, self.make_inputs, self.dims = "causal-lm", None, []
        self.path, self.sha256, self.bytes, self.notes = "", "", 0, []

    def size(self, *names):
        for n in names:
            v = getattr(self.config, n, None)
            if isinstance(v, int):
                return v
        return 0

    @property
    def vocab(self):
        return self.size("vocab_size")

    @property
    def positions(self):
        return self.size("max_position_embeddings", "n_positions")

    def describe(self):
        weights = sum(p.numel() * p.element_size() for p in self.module.parameters())
        return {"name": self.name, "path": self.path, "sha256": self.sha256, "bytes": self.bytes or weights,
                "kind": self.kind, "dtype": str(self.dtype).replace("torch.", ""), "vocab": self.vocab,
                "max_positions": self.positions, "layers": self.size("num_hidden_layers", "n_layer"),
                "heads": self.size("num_attention_heads", "n_head"),
                "kv_heads": self.size("num_key_value_heads", "num_attention_heads", "n_head"),
                "width": self.size("hidden_size", "n_embd"), "dims": self.dims}


def pick_device(asked, index):
    """Returns (device, refusals); refusals say why a better one is not used."""
    refusals = []
    if asked in ("auto", "cuda"):
        if torch.cuda.is_available() and index < torch.cuda.device_count():
            torch.cuda.set_device(index)
            return torch.device("cuda", index), refusals
        have = torch.cuda.device_count() if torch.cuda.is_available() else 0
        why = f"device {index} of {have} does not exist" if have else "torch.cuda.is_available() is false"
        if asked == "cuda":
            raise ModelError(f"no CUDA device: {why}; choose --device 0, or device: cpu", "provider")
        refusals.append({"provider": "cuda", "reason": why})
    if asked in ("auto", "mps"):
        mps = getattr(torch.backends, "mps", None)
        if mps is not None and mps.is_available():
            return torch.device("mps"), refusals
        if asked == "mps":
            raise ModelError("no MPS device: torch.backends.mps.is_available() is false; use device: cpu", "provider")
    return torch.device("cpu"), refusals


def load(msg, opts, tell=lambda text: None):
    """Returns (Model, refusals) for a load message. tell: what is under way, a
    phrase."""
    device, refusals = pick_device(opts["device"], msg.get("device") or 0)
    dtype = getattr(torch, opts["dtype"])
    name = msg.get("name") or msg.get("model") or ""
    path = msg.get("model") or ""
    torch.manual_seed(msg.get("seed") or 0)
    if opts["entry"]:
        m = from_entry(opts["entry"], device, dtype)
    elif name.startswith("builtin:") or path.startswith("builtin:"):
        builtin = (name if name.startswith("builtin:") else path)[len("builtin:"):]
        m = from_config(builtin, opts, msg.get("seed") or 0, device, dtype, tell)
    elif os.path.isdir(path):
        m = from_folder(path, opts, device, dtype, tell)
    else:
        raise ModelError(f'"{path}" is not a folder: the torch engine takes builtin:{"|".join(BUILTINS)}, '
                         "a Hugging Face folder, or torch.entry file.py:function")
    if name and not opts["entry"]:  # an entry takes the place of the model that the load names
        m.name = name
    m.module.eval()
    for p in m.module.parameters():
        p.requires_grad_(False)
    return m, refusals


def transformers():
    try:
        import transformers as t
    except ImportError as e:
        raise ModelError(f"transformers is not installed ({e}): pip install transformers, "
                         "or give torch.entry file.py:function", "library") from e
    try:
        t.utils.logging.set_verbosity_error()
    except AttributeError:
        pass
    return t


def from_config(builtin, opts, seed, device, dtype, tell):
    if builtin not in BUILTINS:
        raise ModelError(f'unknown model "builtin:{builtin}": the torch engine has {", ".join(BUILTINS)}')
    tell("importing transformers")
    t = transformers()
    family, sizes = BUILTINS[builtin]
    s = {**sizes, **opts["config"]}
    if s["width"] % s["heads"]:
        raise ModelError(f"width {s['width']} is not a multiple of {s['heads']} heads", "option")
    if family == "gpt2":
        config = t.GPT2Config(n_layer=s["layers"], n_head=s["heads"], n_embd=s["width"], vocab_size=s["vocab"],
                              n_positions=s["positions"], n_inner=s.get("inner"), bos_token_id=0, eos_token_id=0)
    else:
        config = t.LlamaConfig(num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
                               num_key_value_heads=s.get("kv_heads", s["heads"]), hidden_size=s["width"],
                               intermediate_size=s.get("inner") or 4 * s["width"], vocab_size=s["vocab"],
                               max_position_embeddings=s["positions"], bos_token_id=0, eos_token_id=0)
    extra = {"attn_implementation": opts["attn"]} if opts["attn"] else {}
    large = builtin in LARGE
    tell(f"drawing the weights of builtin:{builtin}{f' on {device}' if large else ''}")
    if large:
        with device, default_dtype(dtype):
            module = t.AutoModelForCausalLM.from_config(config, **extra)
    else:
        module = t.AutoModelForCausalLM.from_config(config, **extra).to(dtype).to(device)
    m = Model(module, device, dtype, "builtin:" + builtin)
    drawn = [device.type] if large else []  # each kind of device has a generator of its own
    identity = json.dumps([family, s, seed, str(dtype), str(torch.__version__), *drawn], sort_keys=True)
    m.sha256 = hashlib.sha256(identity.encode()).hexdigest()
    m.notes.append("weights are random from the seed; sha256 is that of sizes, seed, dtype and torch version")
    return m


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def from_folder(path, opts, device, dtype, tell):
    tell("importing transformers")
    t = transformers()
    files = sorted(os.listdir(path))
    safe = [f for f in files if f.endswith(".safetensors")]
    if "config.json" not in files:
        raise ModelError(f"{path} has no config.json: want a Hugging Face model folder")
    if not safe and not opts["allow_pickle"]:
        raise ModelError(f"{path} has no .safetensors file: weights in other formats can run code when read; "
                         "convert them, or set torch.allow_pickle if you trust their source")
    extra = {"attn_implementation": opts["attn"]} if opts["attn"] else {}
    if safe:
        extra["use_safetensors"] = True
    weights = [w for f in safe or files if os.path.isfile(w := os.path.join(path, f))]
    size, name = sum(map(os.path.getsize, weights)), os.path.basename(os.path.normpath(path))
    tell(f"reading the weights of {name}, {size / 1e9:.1f} GB")
    try:
        module = t.AutoModelForCausalLM.from_pretrained(path, local_files_only=True, trust_remote_code=False, **extra)
    except Exception as e:
        raise ModelError(f"load {path}: {named(e)}") from e
    m = Model(module.to(dtype).to(device), device, dtype, name)
    m.path, m.bytes = os.path.abspath(path), size
    digest = hashlib.sha256()
    for w in weights:
        with open(w, "rb") as f:
            while block := f.read(1 << 20):
                digest.update(block)
    m.sha256 = digest.hexdigest()
    return m


def from_entry(entry, device, dtype):
    """file.py:function returns (module, make_inputs). make_inputs(shape, seed,
    device) returns the module's keyword inputs; shape has "batch" and
    "tokens", or the values of make_inputs.dims in mode forward."""
    file, _, function = entry.rpartition(":")
    if not file or not os.path.isfile(file):
        raise ModelError(f'torch.entry "{entry}": no such file; want file.py:function')
    name = entry_name(file)
    spec = importlib.util.spec_from_file_location(name, file)
    code = sys.modules[name] = importlib.util.module_from_spec(spec)  # Dynamo imports a frame's module by its name
    sys.path.insert(0, os.path.dirname(os.path.abspath(file)))  # and the file may import its neighbours
    try:
        spec.loader.exec_module(code)
        module, make = getattr(code, function)()
    except Exception as e:
        raise ModelError(f"torch.entry {entry}: {named(e)}; "
                         "want a function that returns (module, make_inputs)") from e
    floats = [p.dtype for p in module.parameters() if p.is_floating_point()]  # as the user made it: not converted
    m = Model(module.to(device), device, floats[0] if floats else dtype, entry)
    m.path, m.make_inputs = os.path.abspath(file), make
    m.kind = getattr(make, "kind", "any")
    if m.kind == "causal-lm" and not m.vocab:
        raise ModelError(f"torch.entry {entry}: a language model needs module.config.vocab_size")
    m.dims = list(getattr(make, "dims", []))
    with open(file, "rb") as fh:
        m.sha256 = hashlib.sha256(fh.read()).hexdigest()
    return m


def entry_name(file):
    """The name under which an entry file is a module: its own, unless
    something else has it."""
    name = os.path.splitext(os.path.basename(file))[0]
    try:
        taken = not name.isidentifier() or name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        taken = True
    return "tailscope_entry" if taken else name
