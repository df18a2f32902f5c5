"""A torch.profiler window over some requests: a Chrome trace of each lane,
and a table of kernels of both lanes side by side."""

import collections
import csv
import json
import os

import torch

PREFIX = "tailscope "  # of the ranges around each lane's part of a request


class Window:
    def __init__(self, msg):
        self.id, self.left, self.dir = msg["id"], max(int(msg.get("requests") or 1), 1), msg["dir"]
        if os.path.exists(os.path.join(self.dir, "trace.json")):
            self.dir = f"{self.dir}-{self.id}"  # an earlier window stays
        os.makedirs(self.dir, exist_ok=True)
        kinds = [torch.profiler.ProfilerActivity.CPU]
        if torch.cuda.is_available():
            kinds.append(torch.profiler.ProfilerActivity.CUDA)
        self.profiler = torch.profiler.profile(activities=kinds)
        self.profiler.__enter__()

    def range(self, lane, request):
        return torch.profiler.record_function(f"{PREFIX}{lane} {request}")

    def finish(self):
        """Stops; returns the files written."""
        self.profiler.__exit__(None, None, None)
        whole = os.path.join(self.dir, "trace.json")
        self.profiler.export_chrome_trace(whole)
        with open(whole) as f:
            trace = json.load(f)
        if isinstance(trace, list):  # a torch built without Kineto writes the events alone
            trace = {"traceEvents": trace}
        files = [whole]
        spans = lane_spans(trace["traceEvents"])
        if not spans:
            raise RuntimeError("no request ran while it was open: ask for it earlier, or for more requests")
        for lane, times in spans.items():
            path = os.path.join(self.dir, f"trace_{lane}.json")
            with open(path, "w") as f:
                json.dump({**trace, "traceEvents": [e for e in trace["traceEvents"] if inside(e, times)]}, f)
            files.append(path)
        path = os.path.join(self.dir, "kernels.csv")
        write_kernels(path, kernel_table(trace["traceEvents"], spans))
        return files + [path]


def lane_spans(events):
    """Lane to the intervals (µs) in which it ran, from our ranges."""
    spans = collections.defaultdict(list)
    for e in events:
        name = e.get("name", "")
        if e.get("ph") == "X" and name.startswith(PREFIX) and "gpu" not in e.get("cat", ""):
            spans[name.split()[1]].append((e["ts"], e["ts"] + e.get("dur", 0)))
    return spans


def inside(e, times):
    """Events without a time describe the whole trace."""
    return "ts" not in e or any(a <= e["ts"] <= b for a, b in times)


def kernel_table(events, spans):
    """Rows (name, calls and µs of each lane): kernels on a GPU; operators
    where there is none. The device is idle at both ends of a range."""
    work = [e for e in events if e.get("cat") in ("kernel", "gpu_memcpy", "gpu_memset")]
    work = work or [e for e in events if e.get("cat") == "cpu_op"]
    rows = collections.defaultdict(lambda: {"eager": [0, 0.0], "optimized": [0, 0.0]})
    for e in work:
        for lane, times in spans.items():
            if lane in ("eager", "optimized") and inside(e, times):
                cell = rows[e["name"]][lane]
                cell[0] += 1
                cell[1] += e.get("dur", 0)
                break
    return rows


def write_kernels(path, rows):
    """Sorted by how much the lanes differ."""
    order = sorted(rows.items(), key=lambda r: -abs(r[1]["optimized"][1] - r[1]["eager"][1]))
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(["kernel", "eager_calls", "eager_us", "optimized_calls", "optimized_us", "difference_us"])
        for name, r in order:
            (ec, eu), (oc, ou) = r["eager"], r["optimized"]
            w.writerow([name, ec, round(eu, 3), oc, round(ou, 3), round(ou - eu, 3)])
