"""A prompt in pieces of one length over a fixed-size cache: one executable serves
prompts of all lengths, which pay for less than a piece of padding."""

import torch

from . import calls, groups
from .job import BadRequest

WORD = "chunked"


def size(j, opts):
    """Tokens of a piece; 0: the job's prompt runs whole."""
    return opts["prefill_chunk"] if j.optimized and j.words[0] == WORD and j.mode != "kv_decode" else 0


def fit(j, opts, lm):
    """Rounds the executed tokens up to whole pieces; refuses what cannot be run in any."""
    n = size(j, opts)
    if n and not lm:
        raise BadRequest("prefill=chunked needs a causal language model with a cache")
    if n and j.mode == "e2e_kv" and j.words[1] not in groups.STATIC:
        raise BadRequest(f"prefill=chunked fills a cache of fixed size, which decode={j.words[1]} has not: {' and '.join(groups.STATIC)} have one")
    if n:
        j.exec = -(-j.exec // n) * n


def pieces(inputs, n):
    """Arguments of a prefill function for each piece of n tokens, the cache left out."""
    return [(calls.part(inputs.ids, a, a + n), *inputs.at(a, a + n)) for a in range(0, inputs.exec, n)]


def prefill(lanes, j):
    """Fills a job of mode prefill, over a cache of its own."""
    n, length = size(j, lanes.opts), lanes.fixed_length(j.exec)
    args = pieces(calls.Inputs(lanes.model, j.req, j.exec, True, length), n)
    fn, c = lanes.function(j, "prefill", WORD, True)
    j.shape, j.chunk, j.piece, cache = j.shape_name(), n, name(j, n, length), lanes.statics.get(j.batch, length)
    lanes.mark(j, c, {j.piece})

    def go(fn=fn, graphs=bool(c and c.cudagraphs)):
        j.out = run(fn, args, cache, graphs)

    def undo():
        cache.reset()
        go(lanes.function_eager("prefill", True), False)
    j.prepare, j.go, j.undo = cache.reset, go, undo


def name(j, n, length):
    """How a piece is called in events."""
    return f"{j.batch}x{n}/kv{length}"


def run(prefill, args, cache, graphs):
    """What a prefill of all pieces gives: the last one's logits. graphs: each call
    replays one, and the cache alone outlives it."""
    logits = None
    for piece in args:
        if graphs:
            logits = None
            torch.compiler.cudagraph_mark_step_begin()
        logits, past = prefill(*piece, cache)
    return logits, past
