"""What times the steps of a decode.

A CUDA event a step says when the device finished it, and costs the host about
five microseconds: three percent of a step that replays a small CUDA graph. Where
the device keeps up with the host, the host's clock gives the same periods for
nothing. So requests of a kind are timed by events until two in a row were seen
to have short steps and to be kept up with; one that is not kept up with after all
reports no steps, and its kind goes back to events."""

import collections

from .timing import elapsed

SHORT_NS = 1_000_000  # a step so long hides what an event costs: half a percent
SEEN = 2  # requests in a row that kept up


class Steps:
    """Chooses for every request, and learns from it."""

    def __init__(self, opts, clock):
        self.opts, self.clock = opts, clock
        self.kept_up = collections.Counter()  # by kind: requests in a row
        self.sums = collections.Counter()  # requests by what timed their steps

    def marks(self, j, n, head=False):
        """What keeps n steps of a job; head: and the instant before them."""
        key = (j.lane, j.mode, j.batch, j.exec, j.new, j.cache_len, *j.words, bool(j.req.get("aa")))
        how = self.opts["steps"]
        if how in ("auto", "events") and not self.clock.cuda:
            how = "host"
        elif how == "auto":
            how = "kept up" if self.kept_up[key] >= SEEN else "learning"
        return Marks(self, key, how, n, head)


class Marks:
    """Instants inside one job's region. first, records[i] and stamps are what
    the region uses; launched is when the host had nothing more to do."""

    def __init__(self, steps, key, how, n, head):
        self.steps, self.key, self.how, self.n, self.head = steps, key, how, n, head
        self.events, self.records, self.stamps, self.first, self.launched = [], None, None, None, 0
        events = how in ("events", "learning")
        if events or how == "kept up" and head:
            count = n + head if events else 1
            self.events = steps.clock.take(count + 2)[2:]
            records = steps.clock.records[2:count + 2]
            self.first, self.records = (records[0], records[1:] or None) if head else (None, records)
        if how in ("host", "kept up"):
            self.stamps = []

    def forget(self):
        """Drops what a failed attempt left."""
        if self.stamps:
            del self.stamps[:]

    def read(self, j):
        """Step durations, ns, once the region is over; the time to the first
        token goes into the job's times. Empty where they are not known."""
        start, wall = j.times["start_ns"], j.times["wall_ns"]
        if self.how == "off":
            return []
        if self.how == "host":
            if self.head and self.stamps:
                j.times["ttft_ns"] = self.stamps[0] - start
            return periods(([] if self.head else [start]) + self.stamps)
        if self.head:
            j.times["ttft_ns"] = elapsed(self.steps.clock.events[0], self.events[0])
        step, done = wall / (self.n + self.head), start + j.times.get("device_ns", wall)
        keeps_up = done - self.launched <= step  # behind by one step at most when the last one was launched
        if self.how == "kept up":
            return self.by_host(j, start, keeps_up)
        if self.how == "learning" and not j.compile_ns and j.rescued is None:
            kept = self.steps.kept_up
            kept[self.key] = kept[self.key] + 1 if keeps_up and step < SHORT_NS else 0
        self.steps.sums["events"] += 1
        marks = self.events if self.head else [self.steps.clock.events[0], *self.events]
        return [elapsed(a, b) for a, b in zip(marks, marks[1:])]

    def by_host(self, j, start, keeps_up):
        """The host's periods, if the device kept up with every one of them."""
        begin = start + j.times["ttft_ns"] if self.head else start
        if keeps_up and self.stamps[0] >= begin:
            self.steps.sums["host"] += 1
            return periods([begin, *self.stamps])
        self.steps.kept_up[self.key] = 0
        self.steps.sums["unknown"] += 1
        return []


def periods(instants):
    return [b - a for a, b in zip(instants, instants[1:])]
