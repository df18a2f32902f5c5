"""Forks and spawns workers that compile on their own."""
import multiprocessing as mp
import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # CUDA lives through no fork, bare or hooked

import torch  # noqa: E402

f = torch.compile(lambda x: x * 2, backend="eager", dynamic=False)


def work(n):
    for _ in range(10):
        f(torch.ones(3 + n))


if __name__ == "__main__":
    work(0)
    workers = [mp.get_context(how).Process(target=work, args=(k,)) for k, how in ((1, "fork"), (2, "fork"), (3, "spawn"))]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    print("codes", [w.exitcode for w in workers])
