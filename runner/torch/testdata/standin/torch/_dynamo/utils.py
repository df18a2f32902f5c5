import collections

counters = collections.defaultdict(collections.Counter)
metrics = collections.deque(maxlen=64)


def get_compilation_metrics():
    return list(metrics)
