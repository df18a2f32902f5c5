"""The way from a hooked program to tailscope: a bounded queue, and a thread
that writes it to a socket. The program never waits for it: what does not fit
is counted, and once nobody listens everything is thrown away."""

import atexit
import collections
import functools
import itertools
import json
import os
import socket
import sys
import threading
import time

from .wire import now

ROOM = 1 << 16  # rows and messages that may wait
AT_ONCE = 64  # rows that are written down without a pause: some 0.1 ms
EVERY = 0.04  # seconds between two sendings
LAST = 2.0  # seconds that the end of a program may wait for what is left


class Link:
    """One a process. rows are samples, said are messages that precede them."""

    def __init__(self, address, rank=None):
        self.address, self.rank, self.off = address, rank, False
        self.rows, self.said = collections.deque(), collections.deque()  # the same for ever: calls hold on to them
        self.kept = {}  # what a process that is forked off must say again: texts of shapes and callables
        self.begin()
        os.register_at_fork(after_in_child=self.begin)
        atexit.register(self.close)
        leave = os._exit  # how processes end that multiprocessing has forked

        @functools.wraps(leave)
        def last(*args, **kwargs):
            self.close()
            leave(*args, **kwargs)

        os._exit = last

    def begin(self):
        self.rows.clear()
        self.said.clear()
        self.dropped, self.sock, self.closing = 0, None, False
        self.numbers, self.thread, self.busy = itertools.count(1), None, threading.Lock()

    def start(self):
        if self.thread is None and not self.off:
            self.thread = threading.Thread(target=self.run, name="tailscope", daemon=True)
            self.thread.start()

    def row(self, row):
        if len(self.rows) < ROOM:
            self.rows.append(row)
        else:
            self.dropped += 1

    def say(self, t, **fields):
        if self.off:
            return
        if len(self.said) < ROOM:
            self.said.append((t, fields))
        else:
            self.dropped += 1
        self.start()

    def define(self, t, number, **fields):
        """Says something that rows point at."""
        self.kept[(t, number)] = fields
        self.say(t, id=number, **fields)

    def run(self):
        try:
            while not self.closing:
                time.sleep(EVERY)
                self.flush()
        except Exception:  # nobody listens, or the interpreter ends
            self.quit()

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(LAST)
        s.connect(self.address)
        s.settimeout(LAST if self.closing else None)
        self.sock = s
        lines = [self.line("process", self.about())]
        lines += [self.line(t, {"id": n, **f}) for (t, n), f in list(self.kept.items())]
        s.sendall(b"".join(lines))

    def about(self):
        return {"pid": os.getpid(), "ppid": os.getppid(), "rank": self.rank, "clock_ns": now(),
                "argv": sys.argv[:1], **self.facts}

    # last: what else there is at the end; gone: nobody listens; wire: a row as it is sent
    facts, last, gone, wire = {}, staticmethod(lambda: None), staticmethod(lambda: None), staticmethod(lambda row: row)

    @staticmethod
    def line(t, fields):
        return (json.dumps({"t": t, **fields}, separators=(",", ":"), default=str) + "\n").encode()

    def flush(self):
        with self.busy:
            self.write()

    def write(self):
        if self.off or not (self.rows or self.said):
            return
        if self.sock is None:
            self.connect()
        lines, calls, n = [], [], len(self.rows)  # rows that are there now: what they mention is said already, or by wire
        dropped, self.dropped = self.dropped, 0
        for left in range(n, 0, -AT_ONCE):
            if calls:
                time.sleep(0)  # whoever waits for the interpreter has it
            calls.append(self.line("calls", {"rows": [self.wire(self.rows.popleft()) for _ in range(min(left, AT_ONCE))]}))
        while self.said:
            t, fields = self.said.popleft()
            lines.append(self.line(t, fields))
        lines += calls
        if dropped:
            lines.append(self.line("dropped", {"n": dropped}))
        self.sock.sendall(b"".join(lines))

    def quit(self):
        self.off = True
        self.gone()
        self.rows.clear()
        self.said.clear()

    def close(self):
        """At the end of the process: what is left goes, for a while."""
        self.closing = True
        if not self.off:
            self.last()
        if self.off or not (self.rows or self.said or self.sock):
            return
        try:
            if not self.busy.acquire(timeout=LAST):
                return
            if self.sock is not None:
                self.sock.settimeout(LAST)
            self.write()
        except Exception:
            self.quit()
        finally:
            if self.sock is not None:
                self.sock.close()
