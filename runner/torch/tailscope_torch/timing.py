"""Timed regions, and what the host did while they ran.

A region begins when the device is idle and ends when it is idle again. Inside
stands the work alone and, for a decode on a GPU, one event a step."""

import os
import resource
import threading

import torch

from .wire import now

RUSAGE_THREAD = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


class File:
    """An open file's number, closed with its holder, a thread or a process; unless a program has closed it and it is another's."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.which = os.fstat(self.fd)[1:3]

    def __del__(self):
        try:
            if os.fstat(self.fd)[1:3] == self.which:
                os.close(self.fd)
        except Exception:  # it is closed, was never opened, or the interpreter ends
            pass


class Thread(threading.local):
    """The calling thread's run-queue delay (ns; -1 where the kernel does not say), minor and major page faults and involuntary switches."""

    def __init__(self):
        try:
            self.file = File(f"/proc/self/task/{threading.get_native_id()}/schedstat")
            self.fd = self.file.fd
        except OSError:
            self.fd = None

    def read(self):
        delay = -1
        if self.fd is not None:
            try:
                delay = int(os.pread(self.fd, 128, 0).split()[1])
            except (OSError, ValueError, IndexError):  # not every kernel has it; or a program has closed all its files
                self.fd = None
        u = resource.getrusage(RUSAGE_THREAD)
        return delay, u.ru_minflt, u.ru_majflt, u.ru_nivcsw

    def since(self, before, wall_ns=None):
        """The same four, since a reading. The readings bracket a region: no more
        than it is its delay."""
        after = self.read()
        delta = [b - a for a, b in zip(before, after)]
        if before[0] < 0 or after[0] < 0:
            delta[0] = -1
        elif wall_ns is not None:
            delta[0] = min(delta[0], wall_ns)
        return delta


class Host(Thread):
    """What the host did between start and stop."""

    def start(self):
        self.before = self.read()

    def stop(self, wall_ns=None):
        return dict(zip(("run_delay_ns", "minflt", "majflt", "nivcsw"), self.since(self.before, wall_ns)))


class Clock:
    """Synchronisation and device time of one device."""

    def __init__(self, device):
        self.device = device
        self.cuda = device.type == "cuda"
        self.boundary = {"cuda": "torch.cuda.synchronize()", "mps": "torch.mps.synchronize()"}.get(
            device.type, "the call returns when the work is done")
        self.events, self.records = [], []  # records[i](stream) records events[i]: no code of Python's between
        self.sync = getattr(getattr(torch, device.type, None), "synchronize", lambda: None)
        if self.cuda:
            self.stream = torch.cuda.current_stream(device)

    def take(self, n):
        """At least n events, made before they are needed."""
        while self.cuda and len(self.events) < n:
            e = torch.cuda.Event(enable_timing=True)
            self.events.append(e)
            self.records.append(getattr(super(type(e), e), "record", e.record))
        return self.events[:n]

    def run(self, call):
        """Times one call; returns its times. An exception passes through with
        those so far in its attribute "times"."""
        first, last = self.take(2) or (None, None)
        self.sync()
        if first is not None:
            first.record(self.stream)
        t = now()
        try:
            call()
        except Exception as e:
            self.sync()
            e.times = {"start_ns": t, "wall_ns": now() - t}
            raise
        if last is not None:
            last.record(self.stream)
        self.sync()
        times = {"start_ns": t, "wall_ns": now() - t}
        if last is not None:
            times["device_ns"] = elapsed(first, last)
        return times


def elapsed(first, last):
    return int(first.elapsed_time(last) * 1e6)
