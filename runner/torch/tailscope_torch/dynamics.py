"""Dimensions marked dynamic one by one, in place of all of them.

dynamic_dims names them: batch and tokens of a language model, the module's own of
others. dynamic_by is how: "mark" is torch._dynamo.mark_dynamic, "unbacked"
mark_unbacked, whose size no branch may ask for. Two traps are told: a size of 0
or 1 is compiled in as a number and is not marked, and under dynamic=True, where
none is marked, sizes that are equal while compiling are taken for one (duck
sizing)."""

import torch

from .options import OptionError

MARKS = {"mark": "mark_dynamic", "unbacked": "mark_unbacked"}


def marker(how):
    """torch's function, or an OptionError that says what this torch lacks."""
    if how == "spec":
        raise OptionError('option "dynamic_by" is "spec": shapes_spec is not supported, mark and unbacked are')
    try:
        from torch._dynamo import decorators
        found = getattr(decorators, MARKS[how], None)
    except ImportError:
        found = None
    if found is None:
        raise OptionError(f'option "dynamic_by" is "{how}": torch {torch.__version__} has no torch._dynamo.{MARKS[how]}')
    return found


def names(opts):
    """The dimensions to mark, in their order."""
    return [n.strip() for n in opts["dynamic_dims"].split(",") if n.strip()]


def mark(opts, tensors, sizes):
    """Marks the named dimensions of tensors, whose sizes are known by name and in
    the order of the axes; returns sentences about traps. A tensor's axis whose
    size several dimensions have is known by its place alone."""
    how, wanted, said = opts["dynamic_by"], names(opts), []
    if not wanted:
        return ducks(sizes)
    of = marker(how)
    unknown = [n for n in wanted if n not in sizes]
    if unknown:
        said.append(f"dynamic_dims: there is no dimension {', '.join(unknown)} here: there are {', '.join(sizes)}")
    small = [n for n in wanted if sizes.get(n) in (0, 1)]
    for n in small:
        said.append(f"{n} is {sizes[n]}: torch compiles 0 and 1 in as numbers, so it was not marked; another size makes another executable")
    marked = [n for n in wanted if n in sizes and n not in small]
    for t in tensors:
        if not isinstance(t, torch.Tensor):
            continue
        for axis, size in enumerate(t.shape):
            mine = [n for n, s in sizes.items() if s == size]
            if len(mine) > 1:
                mine = [list(sizes)[axis]] if len(t.shape) == len(sizes) else []
            if mine and mine[0] in marked:
                of(t, axis)
    return said


def ducks(sizes):
    """Under dynamic=True: which sizes are equal and more than 1."""
    same = {}
    for n, s in sizes.items():
        same.setdefault(s, []).append(n)
    return [f"{' and '.join(ns)} are both {s}: torch takes equal sizes for one size (duck sizing); an executable made now may serve no request "
            "in which they differ; option dynamic_dims marks them apart" for s, ns in same.items() if s > 1 and len(ns) > 1]
