"""Lines in and out. One thread: stdin is polled between requests, so that no
reader competes for the interpreter while a request is timed."""

import collections
import json
import os
import select
import sys
import time

MAX_LINE = 16 << 20
FLUSH_NS = 40_000_000  # a batch leaves at the latest 50 ms after its first sample, with a margin

REQUIRED = ("id", "mode", "exec", "strategy", "order")  # of a request
ALWAYS = ("request", "order", "start_ns", "wall_ns")
ABSENT = {"device_ns": -1, "ttft_ns": -1, "run_delay_ns": -1, "minflt": -1, "majflt": -1, "nivcsw": -1,
          "compile_ns": 0, "executed_tokens": 0, "kv_tokens": 0, "steps_ns": [], "steps_kv": [], "error": ""}


def now():
    """CLOCK_MONOTONIC in nanoseconds."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


if time.get_clock_info("monotonic").implementation == "clock_gettime(CLOCK_MONOTONIC)":
    now = time.monotonic_ns  # the same without a frame of Python's around it: each step of a decode reads it


def log(*words):
    print(*words, file=sys.stderr, flush=True)


def first_line(e):
    return (str(e).strip() or type(e).__name__).splitlines()[0]


def named(e):
    """An exception's type and the first line of what it says."""
    return f"{type(e).__name__}: {first_line(e)}"


class Out:
    """Messages to the supervisor: at once, or samples in column-wise batches."""

    def __init__(self, fd):
        self.fd, self.batches, self.first, self.samples = fd, {}, 0, 0

    def send(self, t, **fields):
        line = json.dumps({"t": t, **fields}, separators=(",", ":"), allow_nan=False, default=str) + "\n"
        self.write(line.encode())

    def write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view):]

    def sample(self, key, row):
        """Adds one sample; key is (lane, mode, strategy, shape, backend)."""
        if not self.batches:
            self.first = now()
        self.batches.setdefault(key, []).append(row)
        self.samples += 1

    def flush(self):
        """Sends every batch. Events of these samples have already gone."""
        batches, self.batches = self.batches, {}
        for key, rows in batches.items():
            columns = {c: [r[c] for r in rows] for c in ALWAYS}
            for name, absent in ABSENT.items():
                column = [r.get(name, absent) for r in rows]
                if any(v != absent for v in column):
                    columns[name] = column
            self.send("batch", **dict(zip(("lane", "mode", "strategy", "shape", "backend"), key)), **columns)

    def flush_before(self, expected_ns):
        """Flushes if the oldest sample would otherwise wait too long behind
        work of the expected length; None is unknown."""
        if self.batches and (expected_ns is None or now() - self.first + expected_ns > FLUSH_NS):
            self.flush()


class In:
    """Messages from the supervisor, in order, in self.queue."""

    def __init__(self, fd, out):
        self.fd, self.out = fd, out
        self.queue = collections.deque()
        self.buffer, self.line, self.skipping, self.eof = b"", 0, False, False

    def poll(self, timeout):
        """Takes what has arrived; waits at most timeout seconds for it (None:
        until something comes)."""
        while not self.eof and select.select([self.fd], [], [], timeout)[0]:
            data = os.read(self.fd, 1 << 20)
            self.eof = not data
            self.take(data)
            timeout = 0
        return not self.eof

    def take(self, data):
        *lines, rest = (self.buffer + data).split(b"\n")
        if self.eof and rest.strip():
            lines.append(rest)
            rest = b""
        for line in lines:
            self.line += 1
            if self.skipping:
                self.skipping = False
            elif line.strip():
                self.parse(line)
        if len(rest) > MAX_LINE:
            if not self.skipping:
                self.refuse(f"longer than {MAX_LINE} bytes", self.line + 1)
            self.skipping, rest = True, b""
        self.buffer = rest if not self.skipping else b""

    def parse(self, line):
        if len(line) > MAX_LINE:
            return self.refuse(f"longer than {MAX_LINE} bytes")
        try:
            msg = json.loads(line)
            kind = msg["t"]
            if not isinstance(kind, str):
                raise TypeError('key "t" is not a string')
            if kind == "req" and (lacking := [k for k in REQUIRED if k not in msg]):
                raise TypeError(f'a request without "{lacking[0]}"')
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            return self.refuse(f"not a message: {type(e).__name__}: {e}")
        if kind in ("flush", "stop"):  # they overtake: what has not started goes
            msg["dropped"] = [m.get("id") for m in self.queue if m["t"] == "req"]
            keep = [m for m in self.queue if m["t"] != "req"]
            self.queue.clear()
            self.queue.extend(keep)
        msg["line"] = self.line
        if kind == "profile":  # overtakes too: it is of the requests that run next, not of what comes after all that wait
            self.queue.insert(next((i for i, m in enumerate(self.queue) if m["t"] == "req"), len(self.queue)), msg)
        else:
            self.queue.append(msg)

    def refuse(self, why, line=None):
        self.out.send("error", fatal=False, code="input", message=f"line {line or self.line}: {why}")
