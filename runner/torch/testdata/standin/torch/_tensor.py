"""Tensors over nested lists."""

import math


class dtype:
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return "torch." + self.name


float32, float16, bfloat16, int64 = dtype("float32"), dtype("float16"), dtype("bfloat16"), dtype("int64")
long = int64


def shape_of(v):
    s = []
    while isinstance(v, list):
        s.append(len(v))
        v = v[0] if v else None
    return tuple(s)


class Tensor:
    def __init__(self, values):
        self.v = values

    @property
    def shape(self):
        return shape_of(self.v)

    def __getitem__(self, key):
        key = key if isinstance(key, tuple) else (key,)
        return Tensor(pick(self.v, key))

    def __setitem__(self, key, value):
        put(self.v, key, value)

    def clone(self, memory_format=None):
        return Tensor(deep(self.v))

    detach = float = lambda self: self.clone()

    def tolist(self):
        return deep(self.v)

    def argmax(self, dim, keepdim=False):
        return Tensor(arg(self.v, keepdim))

    def __sub__(self, other):
        return Tensor(pairs(self.v, other.v))

    def norm(self):
        return math.sqrt(sum(x * x for x in flat(self.v)))

    def numel(self):
        return len(list(flat(self.v)))

    def element_size(self):
        return 4


def deep(v):
    return [deep(x) for x in v] if isinstance(v, list) else v


def flat(v):
    if isinstance(v, list):
        for x in v:
            yield from flat(x)
    else:
        yield v


def pick(v, key):
    if not key:
        return v
    got = v[key[0]]
    if isinstance(key[0], slice):
        return [pick(x, key[1:]) for x in got]
    return pick(got, key[1:])


def put(v, key, value):
    at = range(len(v))[key[0]]
    for i in at if isinstance(key[0], slice) else [at]:
        if len(key) == 1:
            v[i] = value
        else:
            put(v[i], key[1:], value)


def arg(v, keepdim):
    if isinstance(v[0], list):
        return [arg(x, keepdim) for x in v]
    i = max(range(len(v)), key=v.__getitem__)
    return [i] if keepdim else i


def pairs(a, b):
    return [pairs(x, y) for x, y in zip(a, b)] if isinstance(a, list) else a - b


def tensor(values, dtype=None, device=None):
    return Tensor(deep(values))


def arange(n, device=None):
    return Tensor(list(range(n)))


def zeros(shape, dtype=None, device=None):
    def fill(s):
        return [fill(s[1:]) for _ in range(s[0])] if s else 0.0
    return Tensor(fill(shape))


class finfo:
    def __init__(self, dtype):
        self.min = -3.4e38
