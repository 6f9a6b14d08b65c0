"""The most memory that a process has held which fits on the first fifth of MovieLens and lives on.

``python -m tests.benchmarks.peak_memory [n_events]`` prints it after each stage, with what is held then and
how much of that lies in files (the code of libraries). Linux only. A first run also compiles the loops, which
takes up to 300 MB more: look at the second.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lifelong_widgets import datasets


def report(stage: str) -> None:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    held = {
        name: int(rest.split()[0]) * 1024 / 1e6
        for name, _, rest in (x.partition(":") for x in lines)
        if "kB" in rest
    }
    print(
        f"{stage:<12} {held['VmHWM']:4.0f} MB, of {held['VmRSS']:.0f} now {held['RssFile']:.0f} in files",
        flush=True,
    )


def main(n_events: int = 2_000) -> None:
    data = datasets.load("movielens-100k")
    report("data")
    from lifelong_widgets.recommender import Recommender  # here, to tell the libraries from what they do

    report("imports")
    rec = Recommender(data.catalog, seed=0)
    report("recommender")
    rec.fit(data.interactions.before(0.2), progress=False)
    report("fit")
    for event in data.interactions.after(0.2)[:n_events]:
        rec.recommend(event.user, k=100, now=event.time)
        rec.learn_one(event)
    report("replay")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
