"""Writes golden.json: statistics of fixed data computed by NumPy and SciPy.

Made with Debian 12's python3-numpy 1.24.2 and python3-scipy 1.10.1:

    /usr/bin/python3 stats/testdata/golden.py > stats/testdata/golden.json

Everything is rounded integers (nanoseconds), so that Go reads the same data.
"""
import json

import numpy as np
import scipy
from scipy import stats

QS = [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999]


def interval(n, q):
    """1-based ranks of the order statistics that bound the q-quantile with at
    least 95 %, 2.5 % a side; [0, 0] where there are none."""
    lo = max((r for r in range(1, n + 1) if stats.binom.cdf(r - 1, n, q) <= 0.025), default=0)
    hi = min((r for r in range(1, n + 1) if stats.binom.cdf(r - 1, n, q) >= 0.975), default=0)
    return [int(lo), int(hi)] if lo and hi else [0, 0]


def dataset(rng, name, n):
    if name == "lognormal":
        x = rng.lognormal(np.log(2e6), 0.25, n)
    elif name == "bimodal":
        x = np.where(rng.random(n) < 0.7, rng.normal(1e6, 5e4, n), rng.normal(4e6, 2e5, n))
    elif name == "heavy":
        x = 1e6 * (1 + rng.pareto(1.5, n))
    else:  # ties
        x = rng.integers(1, 12, n) * 1000
    return np.maximum(np.rint(x), 1).astype(np.int64)


def block_bootstrap(rng, x, y, qs, resamples):
    """95 % percentile intervals of quantile(y) - quantile(x) at qs and of the
    mean difference: moving blocks of ceil(n^(1/3)) consecutive pairs."""
    n = len(x)
    block = int(np.ceil(np.cbrt(n)))
    starts = rng.integers(0, n - block + 1, (resamples, -(-n // block)))
    rows = (starts[:, :, None] + np.arange(block)).reshape(resamples, -1)[:, :n]
    delta = np.quantile(y[rows], qs, axis=1) - np.quantile(x[rows], qs, axis=1)
    mean = (y[rows] - x[rows]).mean(axis=1)
    return block, np.quantile(delta, [0.025, 0.975], axis=1).T, np.quantile(mean, [0.025, 0.975])


def lanes(rng, name, n, correlated):
    """Two lanes of independent pairs, the second 0.8 times as slow; correlated
    ones repeat their neighbour half of the time."""
    x, y = dataset(rng, name, n), np.rint(0.8 * dataset(rng, name, n)).astype(np.int64)
    if correlated:
        for i in range(1, n):
            if rng.random() < 0.5:
                x[i], y[i] = x[i - 1], y[i - 1]
    return x, y


def bootstrap(rng):
    """Intervals of fixed pairs, and how often such intervals cover the truth."""
    out = {"sets": [], "coverage": []}
    qs = [0.1, 0.5, 0.9, 0.95]
    for name in ["lognormal", "bimodal", "heavy"]:
        for correlated in [False, True]:
            x, y = lanes(rng, name, 600, correlated)
            block, delta, mean = block_bootstrap(rng, x, y, qs, 20000)
            out["sets"].append({"name": name, "x": x.tolist(), "y": y.tolist(), "qs": qs, "block": block,
                                "delta": delta.tolist(), "mean": mean.tolist()})
            q = 0.9
            truth = -0.2 * np.quantile(dataset(rng, name, 4_000_000), q)
            hits, trials = 0, 1000
            for _ in range(trials):
                x, y = lanes(rng, name, 400, correlated)
                _, d, _ = block_bootstrap(rng, x, y, [q], 400)
                hits += bool(d[0][0] <= truth <= d[0][1])
            out["coverage"].append([name, correlated, q, trials, hits])
    return out


def main():
    rng = np.random.default_rng(120)
    out = {"numpy": np.__version__, "scipy": scipy.__version__, "sets": [], "ranks": [], "proportions": [], "holm": []}
    for name in ["lognormal", "bimodal", "heavy", "ties"]:
        for n in [1, 2, 7, 40, 333]:
            x = dataset(rng, name, n)
            y = np.maximum(np.rint(x * rng.lognormal(-0.05, 0.3, n)), 1).astype(np.int64)
            if name == "ties":
                y = dataset(rng, name, n)
            d = (y - x).astype(float)
            row = {"name": name, "x": x.tolist(), "y": y.tolist(), "qs": QS,
                   "quantiles": np.quantile(x, QS).tolist(), "mean": float(np.mean(x)),
                   "std": float(np.std(x, ddof=1)) if n > 1 else None,
                   "geomean": float(stats.gmean(y / x))}
            tied = len(np.unique(np.concatenate([x, y]))) < 2 * n
            u = stats.mannwhitneyu(x, y, alternative="two-sided", method="exact" if n <= 40 and not tied else "asymptotic")
            row["mwu"] = [float(u.statistic), float(u.pvalue), bool(n <= 40 and not tied)]
            nz = d[d != 0]
            if len(nz):
                exact = len(nz) == n and n <= 50 and len(set(np.abs(nz))) == n
                w = stats.wilcoxon(d, zero_method="wilcox", correction=True, alternative="two-sided",
                                   mode="exact" if exact else "approx")
                plus = float(stats.rankdata(np.abs(nz))[nz > 0].sum())
                row["wilcoxon"] = [plus, float(w.pvalue), exact]
            out["sets"].append(row)
    for n in [5, 6, 30, 100, 459, 999, 5000, 20000]:
        for q in QS:
            out["ranks"].append([n, q] + interval(n, q))
    for k, n in [(0, 1), (0, 10), (3, 21), (10, 10), (14, 270), (5000, 100000)]:
        ci = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
        out["proportions"].append([k, n, ci.low, ci.high])
    p = [0.01, 0.04, 0.03, 0.005, 0.5]
    order = np.argsort(p)
    adj = np.empty(len(p))
    running = 0.0
    for i, j in enumerate(order):
        running = max(running, min(1.0, p[j] * (len(p) - i)))
        adj[j] = running
    out["holm"] = [p, adj.tolist()]
    out["bootstrap"] = bootstrap(np.random.default_rng(1989))
    print(json.dumps(out, separators=(",", ":")))


main()
