"""Counts and quantiles of the files beside this, by another way than tailscope's:
Python's json, csv and re take them apart, NumPy computes. Prints want.json.

    python3 independent.py > want.json
"""
import collections
import csv
import io
import json
import os
import re
import sys
import xml.etree.ElementTree as xml

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
want = {}


def text(name):
    return open(os.path.join(here, name), encoding="utf-8").read()


def table(name, **kw):
    lines = [l for l in text(name).splitlines(True) if not l.startswith("#")]
    return list(csv.DictReader(io.StringIO("".join(lines)), **kw))


def lines(name):
    return [json.loads(l) for l in text(name).splitlines() if l.strip()]


def samples(name, rows):
    """rows: (mode, label, ns, ok, warm)"""
    groups = collections.defaultdict(list)
    failed, warm = collections.Counter(), collections.Counter()
    for mode, label, ns, ok, w in rows:
        key = f"{mode}|{label}"
        if not ok:
            failed[key] += 1
        elif w:
            warm[key] += 1
        else:
            groups[key].append(ns)
    out = {}
    for key in sorted(set(groups) | set(failed) | set(warm)):
        v = np.rint(np.array(groups[key], dtype=float))
        out[key] = {"n": len(v), "failed": failed[key], "warmups": warm[key]}
        if len(v):
            out[key].update(mean=float(v.mean()), p50=float(np.percentile(v, 50)), p99=float(np.percentile(v, 99)), max=float(v.max()))
    want.setdefault(name, {})["samples"] = out


def reported(name, mode, label, n=0, **stats):
    """Times in ns; what is None was not reported."""
    want.setdefault(name, {}).setdefault("reported", {})[f"{mode}|{label}"] = {"n": n, **{k: v for k, v in stats.items() if v is not None}}


def plain(name, values, label="all", mode=""):
    samples(name, [(mode, label, v, True, False) for v in values])


def http(code):
    return 200 <= int(code) < 400


# inference
d = json.loads(text("vllm_serve_detailed.json"))
rows = []
for first, gaps, err in zip(d["ttfts"], d["itls"], d["errors"]):
    ok = not err
    rows.append(("e2e", "vllm", (first + sum(gaps)) * 1e9, ok, False))
    if ok:
        rows.append(("ttft", "vllm", first * 1e9, True, False))
        rows += [("itl", "vllm", g * 1e9, True, False) for g in gaps]
samples("vllm_serve_detailed.json", rows)
for name, label, pick in (("vllm_serve.json", "vllm", "e2el"), ("sglang.jsonl", "sglang", "e2e_latency")):
    d = json.loads(text(name))
    for mode, key in (("e2e", pick), ("ttft", "ttft"), ("tpot", "tpot"), ("itl", "itl")):
        g = lambda s: d.get(f"{s}_{key}_ms") and d[f"{s}_{key}_ms"] * 1e6
        reported(name, mode, label, 0 if mode == "itl" else d["completed"], mean=g("mean"), std=g("std"), p50=g("median"), p99=g("p99"))
plain("vllm_latency.json", [x * 1e9 for x in json.loads(text("vllm_latency.json"))["latencies"]])
rows = []
for i, d in enumerate(lines("sglang_details.jsonl")):
    label = "sglang" if i == 0 else f"sglang (run {i + 1})"
    for first, gaps in zip(d["ttfts"], d["itls"]):
        rows += [("e2e", label, (first + sum(gaps)) * 1e9, True, False), ("ttft", label, first * 1e9, True, False)]
        rows += [("itl", label, g * 1e9, True, False) for g in gaps]
samples("sglang_details.jsonl", rows)
rows = []
for d in lines("aiperf_profile_export.jsonl"):
    ok, warm = d["error"] is None, d["metadata"]["benchmark_phase"] == "warmup"
    v = {k: x["value"] * 1e6 for k, x in d["metrics"].items() if x["unit"] == "ms"}
    rows.append(("e2e", "all", v.get("request_latency", 0), ok, warm))
    if ok:
        rows += [("ttft", "all", v["time_to_first_token"], ok, warm), ("tpot", "all", v["inter_token_latency"], ok, warm)]
samples("aiperf_profile_export.jsonl", rows)
for name in ("aiperf_summary.json", "genai_perf_summary.json"):
    d = json.loads(text(name))
    for mode, key in (("e2e", "request_latency"), ("ttft", "time_to_first_token"), ("tpot", "inter_token_latency")):
        if key in d:
            x = d[key]
            reported(name, mode, "all", x.get("count", 0), mean=x["avg"] * 1e6, std=x["std"] * 1e6, p50=x["p50"] * 1e6, p99=x["p99"] * 1e6, max=x["max"] * 1e6)
rows = []
for x in json.loads(text("perf_analyzer_profile_export.json"))["experiments"]:
    for q in x["requests"]:
        r = q["response_timestamps"]
        rows.append(("e2e", "all", r[-1] - q["timestamp"] if r else 0, bool(r), False))
        if len(r) > 1:
            rows.append(("ttft", "all", r[0] - q["timestamp"], True, False))
samples("perf_analyzer_profile_export.json", rows)
for x in table("perf_analyzer.csv"):
    reported("perf_analyzer.csv", "", "Concurrency " + x["Concurrency"], p50=float(x["p50 latency"]) * 1e3, p99=float(x["p99 latency"]) * 1e3)
rows = []
for b in json.loads(text("guidellm.json"))["benchmarks"]:
    for q in b["requests"]["successful"]:
        rows += [("e2e", "all", q["request_latency"] * 1e9, True, False), ("ttft", "all", q["time_to_first_token_ms"] * 1e6, True, False)]
        rows.append(("tpot", "all", q["inter_token_latency_ms"] * 1e6, True, False))
    rows += [("e2e", "all", 0, False, False) for s in ("errored", "incomplete") for _ in b["requests"][s]]
samples("guidellm.json", rows)
tests = json.loads(text("llama_bench.json"))
label = lambda t: (f"pp{t['n_prompt']}" if t["n_prompt"] else f"tg{t['n_gen']}") + (f" d{t['n_depth']}" if t["n_depth"] else "")
for name, list_ in (("llama_bench.json", tests), ("llama_bench.jsonl", lines("llama_bench.jsonl"))):
    samples(name, [("", label(t), v, True, False) for t in list_ for v in t["samples_ns"]])
for t in table("llama_bench.csv"):
    t = {k: int(v) if v.isdigit() else v for k, v in t.items()}
    reported("llama_bench.csv", "", label(t), mean=float(t["avg_ns"]), std=float(t["stddev_ns"]))
plain("trtexec_times.json", [x["latencyMs"] * 1e6 for x in json.loads(text("trtexec_times.json"))])
for name in ("perf_test.csv", "perf_test_appended.csv", "perf_test_appended_plain.csv", "perf_test_damaged.csv", "perf_test_six_columns.csv"):
    rows, run = [], 0
    for line in text(name).splitlines():
        f = line.split(",")
        if len(f) >= 5:
            run += f[-1] == "0"
            rows.append(("", "squeezenet" if run == 1 else f"squeezenet (run {run})", float(f[-4]) * 1e9, True, False))
    samples(name, rows)
d = json.loads(text("optimum_benchmark_report.json"))
samples("optimum_benchmark_report.json", [(t, "all", v * 1e9, True, False) for t in d for v in d[t]["latency"]["values"]])
plain("ort_profile.json", [e["dur"] * 1e3 for e in json.loads(text("ort_profile.json")) if e["name"] == "model_run"], "model_run")
events = json.loads(text("chrome_trace.json"))["traceEvents"]
plain("chrome_trace.json", [e["dur"] * 1e3 for e in events if e["name"].startswith("ProfilerStep#")], "ProfilerStep")
d = lines("run_1.jsonl")
samples("run_1.jsonl", [("", x["backend"], v * 1e6, True, False) for x in d for v in x["latencies_ms"]])

# load
samples("oha.csv", [("", "all", float(x["request-duration"]) * 1e9, http(x["status"]), False) for x in table("oha.csv")])
d = json.loads(text("oha.json"))
p = d["latencyPercentiles"]
reported("oha.json", "", "all", sum(d["statusCodeDistribution"].values()), mean=d["summary"]["average"] * 1e9, max=d["summary"]["slowest"] * 1e9, p50=p["p50"] * 1e9, p99=p["p99"] * 1e9)
reported("oha_all_failed.json", "", "all", 0)
d = lines("vegeta.ndjson")
rows = [("", "GET " + x["url"], x["latency"], http(x["code"]), False) for x in d]
for name in ("vegeta.ndjson", "vegeta.csv"):
    samples(name, rows)
url = re.search(rb"http://127.0.0.1:\d+/", open(os.path.join(here, "vegeta.bin"), "rb").read())[0].decode()
samples("vegeta.bin", [("", "GET " + url, *r[2:]) for r in rows])
d = json.loads(text("vegeta_report.json"))
l = d["latencies"]
reported("vegeta_report.json", "", "all", d["requests"], mean=l["mean"], max=l["max"], p50=l["50th"], p99=l["99th"])
l = [float(v.removesuffix("ms")) * 1e6 if v.endswith("ms") else float(v.removesuffix("µs")) * 1e3 for v in re.search(r"^Latencies .*\] +(.*)$", text("vegeta_report.txt"), re.M)[1].split(", ")]
reported("vegeta_report.txt", "", "all", d["requests"], mean=l[1], p50=l[2], p99=l[5], max=l[6])
f = [l.split() for l in text("vegeta.hgrm").splitlines()[1:] if l.strip() and l[0] != "#"]
at = lambda q: next(float(x[0]) for x in f if float(x[1]) >= q) * 1e6
reported("vegeta.hgrm", "", "all", d["requests"], p50=at(0.5), p99=at(0.99))
rows = [("", "all", float(x["metric_value"]) * 1e6, http(x["status"]), False) for x in table("k6.csv") if x["metric_name"] == "http_req_duration"]
samples("k6.csv", rows)
rows = [("", "all", x["data"]["value"] * 1e6, http(x["data"]["tags"]["status"]), False) for x in lines("k6.ndjson") if x["metric"] == "http_req_duration" and x["type"] == "Point"]
samples("k6.ndjson", rows)
for name in ("k6_summary_export.json", "k6_handle_summary.json"):
    d = json.loads(text(name))["metrics"]
    for metric, x in d.items():
        x = x.get("values", x)
        if "med" in x:
            reported(name, metric, "all", x["count"], mean=x["avg"] * 1e6, max=x["max"] * 1e6, p50=x["med"] * 1e6, p99=x["p(99)"] * 1e6)
rows = [("", x["label"], int(x["elapsed"]) * 1e6, x["success"] == "true", False) for x in table("jmeter.jtl")]
for name in ("jmeter.jtl", "jmeter_no_header.jtl"):
    samples(name, rows)
samples("jmeter.xml", [("", x.get("lb"), int(x.get("t")) * 1e6, x.get("s") == "true", False) for x in xml.fromstring(text("jmeter.xml"))])
d = json.loads(text("jmeter_statistics.json"))["A"]
reported("jmeter_statistics.json", "", "A", d["sampleCount"], mean=d["meanResTime"] * 1e6, p50=d["medianResTime"] * 1e6, p99=d["pct3ResTime"] * 1e6, max=d["maxResTime"] * 1e6)
for x in table("locust_stats.csv"):
    if x["Name"] != "Aggregated":
        reported("locust_stats.csv", "", f"{x['Type']} {x['Name']}", int(x["Request Count"]), mean=float(x["Average Response Time"]) * 1e6, p50=float(x["50%"]) * 1e6, p99=float(x["99%"]) * 1e6, max=float(x["Max Response Time"]) * 1e6)
for x in json.loads(text("locust.json")):
    v = sorted(float(ms) for ms, n in x["response_times"].items() for _ in range(n))
    q = lambda p: v[int(np.ceil(len(v) * p)) - 1] * 1e6
    reported("locust.json", "", f"{x['method']} {x['name']}", x["num_requests"], mean=x["total_response_time"] / x["num_requests"] * 1e6, p50=q(0.5), p99=q(0.99), max=x["max_response_time"] * 1e6)
unit = {"us": 1e3, "ms": 1e6, "s": 1e9}
span = lambda s: float(re.match(r"[\d.]+", s)[0]) * unit[re.search(r"[a-z]+$", s)[0]]
for name in ("wrk.txt", "wrk2.txt"):
    t = text(name)
    mean, std, top = re.search(r"Latency +(\S+) +(\S+) +(\S+)", t).groups()
    p = {float(a): span(b) for a, b in re.findall(r"^ +([\d.]+)% +(\S+)$", t, re.M)}
    reported(name, "", "all", int(re.search(r"(\d+) requests in", t)[1]), mean=span(mean), std=span(std), max=span(top), p50=p[50], p99=p[99])
t = text("ab.txt")
p = dict(re.findall(r"^ +(\d+)% +(\d+)", t, re.M))
total = re.search(r"^Total: +(\S+) +(\S+) +(\S+) +(\S+) +(\S+)", t, re.M).groups()
reported("ab.txt", "", "all", int(re.search(r"Complete requests: +(\d+)", t)[1]), mean=float(total[1]) * 1e6, max=float(total[4]) * 1e6, p50=float(p["50"]) * 1e6, p99=float(p["99"]) * 1e6)
p = {int(x["Percentage served"]): float(x["Time in ms"]) * 1e6 for x in table("ab_e.csv")}
reported("ab_e.csv", "", "all", 0, p50=p[50], p99=p[99])
plain("ab_g.tsv", [int(x["ttime"]) * 1e6 for x in table("ab_g.tsv", delimiter="\t")])
samples("hey.csv", [("", "all", float(x["response-time"]) * 1e9, http(x["status-code"]), False) for x in table("hey.csv")])
t = text("hey.txt")
p = {int(a): float(b) * 1e9 for a, b in re.findall(r"(\d+)%+ in ([\d.]+) secs", t)}
reported("hey.txt", "", "all", sum(int(n) for n in re.findall(r"\](?:\s)(\d+) responses", t)), mean=float(re.search(r"Average:\s+([\d.]+)", t)[1]) * 1e9, p50=p[50], p99=p.get(99))
d = json.loads(text("autocannon.json"))["latency"]
reported("autocannon.json", "", "all", d["totalCount"], mean=d["average"] * 1e6, std=d["stddev"] * 1e6, max=d["max"] * 1e6, p50=d["p50"] * 1e6, p99=d["p99"] * 1e6)
d = json.loads(text("bombardier.json"))["result"]
n = sum(d[k] for k in ("req1xx", "req2xx", "req3xx", "req4xx", "req5xx", "others"))
l = d["latency"]
reported("bombardier.json", "", "all", n, mean=l["mean"] * 1e3, std=l["stddev"] * 1e3, max=l["max"] * 1e3, p50=l["percentiles"]["50"] * 1e3, p99=l["percentiles"]["99"] * 1e3)
t = text("bombardier.txt")
mean, std, top = re.search(r"Latency +(\S+) +(\S+) +(\S+)", t).groups()
p = {float(a): span(b) for a, b in re.findall(r"^ +([\d.]+)% +(\S+)$", t, re.M)}
reported("bombardier.txt", "", "all", 60, mean=span(mean), std=span(std), max=span(top), p50=p[50], p99=p[99])

# benchmarks of functions and commands
d = json.loads(text("hyperfine.json"))["results"]
samples("hyperfine.json", [("", x["command"], v * 1e9, True, False) for x in d for v in x["times"]])
for x in d:
    reported("hyperfine.csv", "", x["command"], 0, mean=x["mean"] * 1e9, std=x["stddev"] * 1e9, p50=x["median"] * 1e9, max=x["max"] * 1e9)
unit["ns"] = 1
d = [x for x in json.loads(text("google_benchmark.json"))["benchmarks"] if x["run_type"] == "iteration"]
samples("google_benchmark.json", [("", x["run_name"], x["real_time"] * unit[x["time_unit"]], True, False) for x in d])
d = {x["aggregate_name"]: x["real_time"] * unit[x["time_unit"]] for x in json.loads(text("google_benchmark_aggregates.json"))["benchmarks"] if x["aggregate_name"] in ("mean", "median", "stddev")}
reported("google_benchmark_aggregates.json", "", "BM_x/64", 0, mean=d["mean"], std=d["stddev"], p50=d["median"])
d = [x for x in table("google_benchmark.csv") if not re.search("_(mean|median|stddev|cv|BigO|RMS)$", x["name"])]
samples("google_benchmark.csv", [("", x["name"], float(x["real_time"]) * unit[x["time_unit"]], True, False) for x in d])
for name in ("jmh_avgt.json", "jmh_ss.json"):
    samples(name, [("", f"{x['benchmark']} n={x['params']['n']}", v, True, False) for x in json.loads(text(name)) for fork in x["primaryMetric"]["rawData"] for v in fork])
samples("jmh_sample.json", [("", f"{x['benchmark']} n={x['params']['n']}", v, True, False) for x in json.loads(text("jmh_sample.json")) for fork in x["primaryMetric"]["rawDataHistogram"] for it in fork for v, c in it for _ in range(c)])
d = json.loads(text("sum/new/sample.json"))
plain("sum/new/sample.json", [t / i for t, i in zip(d["times"], d["iters"])], "sum")
d = json.loads(text("sum/new/estimates.json"))
reported("sum/new/estimates.json", "", "sum", 0, mean=d["mean"]["point_estimate"], std=d["std_dev"]["point_estimate"], p50=d["median"]["point_estimate"])
d = table("criterion_raw.csv")
samples("criterion_raw.csv", [("", "/".join(v for v in (x["group"], x["function"], x["value"]) if v), float(x["sample_measured_value"]) * unit[x["unit"]] / float(x["iteration_count"]), True, False) for x in d])
for x in json.loads(text("pytest_benchmark.json"))["benchmarks"]:
    plain("pytest_benchmark.json", [v * 1e9 for v in x["stats"]["data"]], x["fullname"])
for x in json.loads(text("pytest_benchmark_saved.json"))["benchmarks"]:
    s = x["stats"]
    reported("pytest_benchmark_saved.json", "", x["fullname"], s["rounds"], mean=s["mean"] * 1e9, std=s["stddev"] * 1e9, p50=s["median"] * 1e9, max=s["max"] * 1e9)
d = json.loads(text("pyperf.json"))
name = d["metadata"]["name"]
rows = []
for run in d["benchmarks"][0]["runs"]:
    rows += [("", name, v * 1e9, True, True) for _, v in run.get("warmups", [])]
    rows += [("", name, v * 1e9, True, False) for v in run.get("values", [])]
samples("pyperf.json", rows)
samples("gobench.txt", [("", a, float(b), True, False) for a, b in re.findall(r"^(Benchmark\S+)\s+\d+\s+([\d.]+) ns/op", text("gobench.txt"), re.M)])
output = collections.defaultdict(str)
for e in lines("gotest.json"):
    output[e["Package"]] += e.get("Output", "")
samples("gotest.json", [("", a, float(b), True, False) for t in output.values() for a, b in re.findall(r"^(Benchmark\S+)\s+\d+\s+([\d.]+) ns/op", t, re.M)])
d = json.loads(text("mitata.json"))["benchmarks"]
samples("mitata.json", [("", r["name"], v, "error" not in r, False) for b in d for r in b["runs"] for v in (r["stats"]["samples"] if "stats" in r else [0])])
samples("curl.ndjson", [("", x["url_effective"], x["time_total"] * 1e9, x["exitcode"] == 0 and 200 <= x["http_code"] < 400, False) for x in lines("curl.ndjson")])

# tables
ms = lambda v: float(v) * 1e6 if v else 0
samples("metrics.csv", [("", x["backend"], ms(x["latency_ms"]), x["status"] == "ok", False) for x in table("metrics.csv")])
plain("semicolon.csv", [float(x["latency (s)"].replace(",", ".")) * 1e9 for x in table("semicolon.csv", delimiter=";")], "a")
plain("tabs.tsv", [float(x["latencyMicros"]) * 1e3 for x in table("tabs.tsv", delimiter="\t")], "a")
samples("twice.csv", [("", "all" if i < 3 else "all (run 2)", v * 1e6, True, False) for i, v in enumerate([1, 2, 3, 11, 12, 13])])
rows = [("", x["backend"], ms(x["latency_ms"]), x["status"] == "ok", False) for x in lines("lines.jsonl")]
samples("lines.jsonl", rows)
d = table("pandas.csv")
rows = [("", x["backend"], ms(x["latency_ms"]), x["status"] == "ok", False) for x in d]
for name in ("pandas.csv", "pandas.parquet", "polars.parquet", "duckdb.parquet"):
    samples(name, rows)

samples("h2load.log", [("", "all", int(f[2]) * 1e3, f[1] == "200", False) for f in (l.split("\t") for l in text("h2load.log").splitlines())])
t = text("h2load.txt")
low, top, mean, std = re.search(r"time for request: +(\S+) +(\S+) +(\S+) +(\S+)", t).groups()
reported("h2load.txt", "", "all", int(re.search(r"(\d+) done", t)[1]), mean=span(mean), std=span(std), max=span(top))
d = json.loads(text("siege.json"))
reported("siege.json", "", "all", d["transactions"], mean=d["response_time"] * 1e9, max=d["longest_transaction"] * 1e9)

samples("benchmarkdotnet.json", [("", b["FullName"], v, True, False) for b in json.loads(text("benchmarkdotnet.json"))["Benchmarks"] for v in b["Statistics"]["OriginalValues"]])
for x in table("benchmarkdotnet.csv"):
    us = lambda k: float(x[k].split()[0].replace(",", "")) * 1e3
    reported("benchmarkdotnet.csv", "", x["Method"], mean=us("Mean"), std=us("StdDev"), p50=us("Median"))

json.dump(want, sys.stdout, indent=1, sort_keys=True)
print()
