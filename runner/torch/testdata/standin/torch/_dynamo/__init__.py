import os

from . import callback, utils  # noqa: F401

if os.environ.get("STANDIN_LEGACY"):
    del callback.callback_handler


class config:
    recompile_limit = 8
    accumulated_recompile_limit = 256


def mark_static_address(t, guard=True):
    t._dynamo_static_input_type = "guarded" if guard else "unguarded"


def reset():
    from .. import compiler
    compiler.caches.clear()
    if not os.environ.get("STANDIN_LEGACY"):
        callback.callback_handler.clear()


class Explanation:
    graph_count, graph_break_count, op_count, break_reasons, out_guards = 1, 0, 7, [], [0] * 5


def explain(fn):
    def run(*args):
        reset()
        fn(*args)
        return Explanation()
    return run
