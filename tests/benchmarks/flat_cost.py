"""What an event costs after a thousand, ten thousand, … a million of them, with the defaults.

``python -m tests.benchmarks.flat_cost [n_items] [n_events]`` prints a row for each power of ten: the CPU time
of a list and the click on it, that of an event in a batch of `learn_many`, and the memory of the process. A
million events take a long while.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pandas as pd

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.recommender import Recommender


def zipf_log(n_events: int, n_items: int, n_users: int, seed: int = 0) -> Interactions:
    """Popularity by Zipf's law, people at random, an event every five seconds."""
    rng = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, n_items + 1)
    frame = pd.DataFrame(
        {
            "user": rng.integers(n_users, size=n_events),
            "item": rng.choice(n_items, size=n_events, p=weights / weights.sum()),
            "time": 5.0 * np.arange(n_events),
            "kind": "like",
        }
    )
    return Interactions.from_pandas(frame)


def click_cost(rec: Recommender, log: Interactions) -> tuple[float, float]:
    """Seconds of CPU time of a list and of the click on it: the median over the events of `log`."""
    taken = []
    for event in log:
        start = time.process_time()
        shown = rec.recommend(event.user, k=10)
        middle = time.process_time()
        rec.learn_one(user=event.user, item=event.item, kind="like", time=event.time, shown=shown.items)
        taken.append((middle - start, time.process_time() - middle))
    each = np.median(np.array(taken), axis=0)
    return float(each[0]), float(each[1])


def main(n_items: int = 5_000, n_events: int = 1_000_000) -> None:
    log = zipf_log(n_events, n_items, n_users=10_000)
    rec = Recommender(Catalog.from_pandas(pd.DataFrame({"item": np.arange(n_items)})))
    print(f"{n_items:,} items\nevents      list, ms   click, ms   in a batch, ms    memory, MB")
    done, milestone = 0, 1_000
    while milestone <= n_events:
        start = time.process_time()
        rec.learn_many(log[done : milestone - 200], batch_size=256, progress=False)
        batched = (time.process_time() - start) / (milestone - 200 - done)
        shown, click = click_cost(rec, log[milestone - 200 : milestone])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        costs = f"{1e3 * shown:>9.2f} {1e3 * click:>11.2f} {1e3 * batched:>16.3f}"
        print(f"{milestone:>9,} {costs} {memory:>13.0f}", flush=True)
        done, milestone = milestone, 10 * milestone


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
