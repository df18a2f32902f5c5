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
    print(json.dumps(out, separators=(",", ":")))


main()
