"""Compiles, breaks and hits the limit, then prints what torch counted."""
import json

import torch
import torch._dynamo.utils as u

device = "cuda" if torch.cuda.is_available() else "cpu"


@torch.compile(dynamic=False, mode="reduce-overhead" if device == "cuda" else None)
def step(x):
    return (x * 2 + 1).sin().sum()


@torch.compile(backend="aot_eager")
def broken(x):
    y = x + 1
    torch._dynamo.graph_break()
    return y * 2


for n in list(range(3, 15)) * 3:
    step(torch.ones(n, device=device))
    broken(torch.ones(3, device=device))
c = u.counters
print(json.dumps({"unique_graphs": c["stats"]["unique_graphs"], "graph_break": sum(c["graph_break"].values()),
                  "limit": sum(v for k, v in c["unimplemented"].items() if "recompile limit" in k),
                  "hit": c["inductor"]["fxgraph_cache_hit"], "miss": c["inductor"]["fxgraph_cache_miss"]}))
